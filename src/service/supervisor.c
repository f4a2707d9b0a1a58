// SPDX-License-Identifier: MIT
/*
 * The list of services, sorted by name, and what they are to each other. Services change state in
 * the middle of each other's functions, so what follows from that for others (who waited for it,
 * who required it, who is to be forgotten) is looked at afterwards, once, from the loop.
 */
#include "service/claim.h"
#include "service/internal.h"
#include "util/heap.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum {
	FILES_USUAL = 1024,
	TRIM_FROM = 100, /* services that go at once, of some 6 kB each */
};

/* ---- the list ---- */

static size_t position(const struct supervisor *supervisor, const char *name)
{
	size_t low = 0, high = supervisor->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(supervisor->items[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct service *supervisor_find(const struct supervisor *supervisor, const char *name)
{
	size_t at = position(supervisor, name);

	return at < supervisor->count && streq(supervisor->items[at]->name, name)
		       ? supervisor->items[at]
		       : NULL;
}

int supervisor_get(const struct supervisor *supervisor, const char *name,
		   struct service **ret_service, struct error *err)
{
	*ret_service = supervisor_find(supervisor, name);
	if (*ret_service && !(*ret_service)->removing)
		return 0;
	return error_set(err, -ENOENT, "there is no service \"%.64s\" (see: reeve service list)",
			 name);
}

int supervisor_add(struct supervisor *supervisor, const char *name, struct service **ret_service)
{
	size_t at = position(supervisor, name);
	struct service *service;
	int r;

	if (supervisor->count == supervisor->room) {
		size_t room = supervisor->room ? supervisor->room * 2 : 16;
		struct service **items =
			reallocarray(supervisor->items, room, sizeof(*supervisor->items));

		if (!items)
			return -ENOMEM;
		supervisor->items = items;
		supervisor->room = room;
	}
	r = service_new(supervisor, name, &service);
	if (r < 0)
		return r;
	memmove(&supervisor->items[at + 1], &supervisor->items[at],
		(supervisor->count - at) * sizeof(*supervisor->items));
	supervisor->items[at] = *ret_service = service;
	supervisor->count++;
	return 0;
}

static void forget_group(struct service *service)
{
	const struct supervisor_options *options = &service->supervisor->options;
	_cleanup_(error_done) struct error err = ERROR_INIT;

	if (!service_group(service))
		return;
	if (group_remove(options->groups, service->group, false, &err) < 0)
		service_tell(service, LOG_WARNING, "its group stays: %s", error_text(&err));
	options->groups_changed(options->userdata);
}

/* The group that all of theirs are in, unless somebody has given it limits. */
static void forget_top(const struct supervisor *supervisor)
{
	const struct group *top = groups_find(supervisor->options.groups, SERVICE_GROUPS);

	if (supervisor->count == 0 && top && group_limits(top)->set == 0)
		(void)group_remove(supervisor->options.groups, SERVICE_GROUPS, false, NULL);
}

void supervisor_drop(struct supervisor *supervisor, struct service *service)
{
	size_t at = position(supervisor, service->name);

	forget_group(service);
	service_record_remove(service);
	supervisor->count--;
	memmove(&supervisor->items[at], &supervisor->items[at + 1],
		(supervisor->count - at) * sizeof(*supervisor->items));
	forget_top(supervisor);
	service_free(service);
}

bool supervisor_has_group(const struct supervisor *supervisor, const char *name)
{
	size_t length = strlen(SERVICE_GROUPS);

	if (strncmp(name, SERVICE_GROUPS, length) != 0)
		return false;
	if (name[length] == '\0')
		return supervisor->count > 0;
	return name[length] == '/' && supervisor_find(supervisor, name + length + 1);
}

size_t supervisor_count(const struct supervisor *supervisor)
{
	return supervisor->count;
}

const struct service_manifest *supervisor_manifest(const struct supervisor *supervisor,
						   const char *name)
{
	const struct service *service = supervisor_find(supervisor, name);

	if (!service)
		return NULL;
	return service->next_manifest ? service->next_manifest : service->manifest;
}

/* ---- rounds ---- */

/* One round: forgets whom nobody wants any more, wakes who waits, stops who lost what it needs. */
static int on_wake(sd_event_source *source, void *userdata)
{
	struct supervisor *supervisor = userdata;
	size_t before = supervisor->count;

	supervisor->wake = sd_event_source_disable_unref(supervisor->wake);
	for (size_t i = 0; i < supervisor->count; i++) {
		struct service *service = supervisor->items[i];
		const char *lost = NULL;

		if (service->removing && !machine_is_active(&service->machine)) {
			supervisor_drop(supervisor, service);
			i--;
			continue;
		}
		if (service->machine.wanted && service_has_lost(service, &lost)) {
			_cleanup_(error_done) struct error err = ERROR_INIT;

			error_set(&err, -ECANCELED,
				  "is stopped, for it requires %s, which does not run", lost);
			service_trouble(service, &err);
			machine_stop(&service->machine);
		}
		machine_wake(&service->machine);
	}
	if (before - supervisor->count >= TRIM_FROM)
		heap_trim();
	return 0;
}

void supervisor_wake(struct supervisor *supervisor)
{
	if (supervisor->wake || !supervisor->options.event)
		return;
	(void)sd_event_add_defer(supervisor->options.event, &supervisor->wake, on_wake, supervisor);
}

/* ---- requests ---- */

static int start_one(struct service *service, struct error *err);

static int start_required(struct service *service, struct error *err)
{
	char **name = service->manifest ? service->manifest->requires : NULL;

	for (; name && *name; name++) {
		struct service *other;
		int r = supervisor_get(service->supervisor, *name, &other, err);

		if (r >= 0 && !other->machine.wanted)
			r = start_one(other, err);
		if (r < 0)
			return error_wrap(err, "service %s requires \"%s\"", service->name, *name);
	}
	return 0;
}

static int start_one(struct service *service, struct error *err)
{
	int r;

	service->due = false;
	if (service->problem && !service->manifest)
		return error_set(err, -EINVAL, "%s", service->problem);
	if (service->visit == VISIT_ON_WAY)
		return error_set(err, -ELOOP, "which is a circle");
	service->visit = VISIT_ON_WAY;
	r = start_required(service, err);
	service->visit = VISIT_NONE;
	if (r < 0)
		return r;
	if (!machine_is_active(&service->machine))
		service_take_manifest(service);
	machine_start(&service->machine);
	return 0;
}

/* Those that are due wait for each other, in whatever order they are started. */
static void start_due(struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->count; i++) {
		struct service *service = supervisor->items[i];
		_cleanup_(error_done) struct error trouble = ERROR_INIT;

		if (service->due && start_one(service, &trouble) < 0)
			service_trouble(service, &trouble);
	}
	supervisor_break_circles(supervisor);
	supervisor_wake(supervisor);
}

void supervisor_start_fresh(struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->count; i++) {
		struct service *service = supervisor->items[i];

		service->due = service->fresh && service->manifest && service->manifest->enabled;
	}
	start_due(supervisor);
}

static int need_loop(struct supervisor *supervisor, struct error *err)
{
	if (supervisor->options.event)
		return supervisor_take_charge(supervisor, err);
	return error_set(err, -ENOENT, "no daemon runs, which would supervise it (start reeved)");
}

int supervisor_start(struct supervisor *supervisor, const char *name, struct error *err)
{
	struct service *service;
	int r = need_loop(supervisor, err);

	if (r >= 0)
		r = supervisor_get(supervisor, name, &service, err);
	if (r >= 0)
		r = start_one(service, err);
	if (r >= 0)
		supervisor_break_circles(supervisor);
	return r;
}

int supervisor_stop(struct supervisor *supervisor, const char *name, struct error *err)
{
	struct service *service;
	int r = need_loop(supervisor, err);

	if (r >= 0)
		r = supervisor_get(supervisor, name, &service, err);
	if (r >= 0)
		machine_stop(&service->machine);
	return r;
}

int supervisor_restart(struct supervisor *supervisor, const char *name, struct error *err)
{
	struct service *service;
	int r = need_loop(supervisor, err);

	if (r >= 0)
		r = supervisor_get(supervisor, name, &service, err);
	if (r < 0)
		return r;
	if (!machine_is_active(&service->machine))
		return start_one(service, err);
	machine_restart(&service->machine);
	return 0;
}

int supervisor_signal(struct supervisor *supervisor, const char *name, struct error *err)
{
	struct service *service;
	int r = supervisor_get(supervisor, name, &service, err);

	if (r < 0)
		return r;
	if (service->child.pid <= 0)
		return error_set(err, -ESRCH, "service %s does not run", name);
	r = launch_signal(&service->child, service->manifest->reload_signal);
	return r < 0 ? error_set_errno(err, r, "cannot signal service %s", name) : 0;
}

static int start_outcome(const struct service *service, struct error *err)
{
	const char *trouble = service->trouble ? service->trouble : "see reeve service status";

	switch (service->machine.state) {
	case MACHINE_RUNNING:
	case MACHINE_STOPPED:
		return 0;
	case MACHINE_FAILED:
		return error_set(err, -ECANCELED, "service %s has failed: %s", service->name,
				 trouble);
	case MACHINE_BACKOFF:
		return error_set(err, -ECANCELED,
				 "service %s could not be started, and is tried "
				 "again: %s",
				 service->name, trouble);
	default:
		return -EINPROGRESS;
	}
}

int supervisor_outcome(struct supervisor *supervisor, const char *name, const char *what,
		       struct error *err)
{
	const struct service *service = supervisor_find(supervisor, name);

	if (streq(what, "remove"))
		return service ? -EINPROGRESS : 0;
	if (!service)
		return error_set(err, -ENOENT, "there is no service \"%.64s\" any more", name);
	if (streq(what, "stop"))
		return machine_is_active(&service->machine) ? -EINPROGRESS : 0;
	return start_outcome(service, err);
}

/* ---- looking ---- */

json_t *supervisor_status(struct supervisor *supervisor, const char *name)
{
	struct service *service = supervisor_find(supervisor, name);

	return service ? service_to_json(service, true) : NULL;
}

json_t *supervisor_list(struct supervisor *supervisor)
{
	json_t *list = json_array();

	for (size_t i = 0; i < supervisor->count; i++)
		json_array_append_new(list, service_to_json(supervisor->items[i], false));
	return list;
}

json_t *supervisor_counters(const struct supervisor *supervisor)
{
	uint64_t running = 0, failed = 0, restarts = 0, ooms = 0, lost = 0;

	for (size_t i = 0; i < supervisor->count; i++) {
		const struct service *service = supervisor->items[i];

		running += machine_is_up(&service->machine);
		failed += service->machine.state == MACHINE_FAILED;
		restarts += service->machine.restarts;
		ooms += service->oom_kills;
		lost += service->output ? output_counters(service->output)->lost : 0;
	}
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "services",
			 (json_int_t)supervisor->count, "running", (json_int_t)running, "failed",
			 (json_int_t)failed, "restarts", (json_int_t)restarts, "oom_kills",
			 (json_int_t)ooms, "output_lost", (json_int_t)lost, "foreign_messages",
			 (json_int_t)supervisor->foreign_messages, "record_failures",
			 (json_int_t)supervisor->record_failures);
}

/* ---- messages ---- */

/* Whose group's process it is; a service may have children that speak for it. */
static struct service *sender_of(const struct supervisor *supervisor, pid_t sender)
{
	struct membership was;

	for (size_t i = 0; i < supervisor->count; i++)
		if (supervisor->items[i]->child.pid == sender)
			return supervisor->items[i];
	if (membership_read(supervisor->options.host, sender, &was) < 0)
		return NULL;
	for (size_t i = 0; i < supervisor->count; i++) {
		struct service *service = supervisor->items[i];
		const struct group *group = service_group(service);
		char id[16];

		for (size_t k = 0; group && k < group_placement(group)->count; k++) {
			size_t length = group_placement(group)->in[k].path_length, size;
			const char *path;

			snprintf(id, sizeof(id), "%u", group_placement(group)->in[k].hierarchy);
			if (membership_path(&was, (unsigned)strtoul(id, NULL, 10), &path, &size) &&
			    size >= length &&
			    memcmp(path, group_placement(group)->in[k].path, length) == 0 &&
			    (size == length || path[length] == '/'))
				return service;
		}
	}
	return NULL;
}

static void on_message(pid_t sender, const struct notify_message *message, void *userdata)
{
	struct supervisor *supervisor = userdata;
	struct service *service = sender_of(supervisor, sender);

	if (service && service->manifest)
		service_message(service, message);
	else
		supervisor->foreign_messages++;
}

/* ---- life ---- */

static int make_folder(const char *path, mode_t mode)
{
	return mkdir(path, mode) < 0 && errno != EEXIST ? -errno : 0;
}

/* The folder and, where it is missing too, the one above. */
static int make_log_dir(const char *path)
{
	_cleanup_(freep) char *above = strdup(path);
	char *slash = above ? strrchr(above, '/') : NULL;

	if (slash && slash != above) {
		*slash = '\0';
		(void)make_folder(above, 0755);
	}
	return make_folder(path, 0750);
}

static int open_folders(struct supervisor *supervisor, struct error *err)
{
	_cleanup_(freep) char *records = NULL, *socket = NULL;
	int inherited, r;

	if (asprintf(&records, "%s/services", supervisor->runtime_dir) < 0)
		records = NULL;
	if (asprintf(&socket, "%s/notify", supervisor->runtime_dir) < 0)
		socket = NULL;
	if (!records || !socket)
		return error_oom(err);
	r = make_folder(records, 0700);
	if (r < 0)
		return error_set_errno(err, r, "cannot make the folder %s", records);
	r = make_log_dir(supervisor->log_dir);
	if (r < 0)
		return error_set_errno(err, r, "cannot make the folder %s", supervisor->log_dir);
	supervisor->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (supervisor->null_fd < 0)
		return error_set_errno(err, -errno, "cannot open /dev/null");
	inherited = supervisor->options.notify_fd;
	supervisor->options.notify_fd = 0;
	return notify_new(supervisor->options.event, socket, inherited > 0 ? inherited : -1,
			  on_message, supervisor, &supervisor->notify, err);
}

/* The daemon may open more files than a program is prepared for: select(2) knows 1024. */
static void keep_rlimits(struct supervisor *supervisor)
{
	struct rlimit files = { FILES_USUAL, FILES_USUAL };

	(void)getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = MIN(files.rlim_max, (rlim_t)FILES_USUAL);
	supervisor->rlimits[0] = (struct launch_rlimit){ RLIMIT_NOFILE, files };
}

/* Not before there is a service: without any, nothing of it is there. */
int supervisor_open(struct supervisor *supervisor, struct error *err)
{
	int fd = -1, r = 0;

	if (!claim_holds(supervisor->claim_fd, supervisor->manifests))
		r = claim_folder(supervisor->manifests, &fd, err);
	if (r < 0)
		return r;
	if (fd >= 0) {
		closep(&supervisor->claim_fd);
		supervisor->claim_fd = fd;
	}
	return supervisor->notify ? 0 : open_folders(supervisor, err);
}

static void take_over(struct supervisor *supervisor)
{
	supervisor->begun = true;
	/* First all that runs: then nothing is started that would wait for it. */
	for (size_t i = 0; i < supervisor->count; i++)
		supervisor->items[i]->due =
			supervisor->items[i]->manifest && service_adopt(supervisor->items[i]) > 0;
	start_due(supervisor);
}

int supervisor_take_charge(struct supervisor *supervisor, struct error *err)
{
	int r;

	if (!supervisor->options.event || supervisor->begun)
		return 0;
	r = supervisor_open(supervisor, err);
	if (r >= 0)
		take_over(supervisor);
	return r;
}

void supervisor_stand_by(struct supervisor *supervisor, struct error *err)
{
	const struct supervisor_options *options = &supervisor->options;

	supervisor->begun = false;
	options->tell(options->userdata, LOG_ERR, error_text(err));
	for (size_t i = 0; i < supervisor->count; i++) {
		free(supervisor->items[i]->trouble);
		supervisor->items[i]->trouble = strdup(error_text(err));
	}
	error_done(err);
}

int supervisor_begin(struct supervisor *supervisor, struct error *err)
{
	int r = supervisor->count > 0 ? supervisor_open(supervisor, err) : 0;

	if (r >= 0)
		take_over(supervisor);
	if (r != -EBUSY)
		return r;
	/* What else the daemon does goes on. */
	supervisor_stand_by(supervisor, err);
	return 0;
}

int supervisor_new(const struct supervisor_options *options, struct supervisor **ret_supervisor,
		   struct error *err)
{
	_cleanup_(supervisor_freep) struct supervisor *supervisor = calloc(1, sizeof(*supervisor));
	int r;

	if (!supervisor)
		return error_oom(err);
	supervisor->options = *options;
	supervisor->null_fd = -1;
	supervisor->claim_fd = -1;
	supervisor->manifests = strdup(options->manifests);
	supervisor->over = options->over ? strdup(options->over) : NULL;
	supervisor->runtime_dir = strdup(options->runtime_dir);
	supervisor->log_dir = strdup(options->log_dir);
	if (!supervisor->manifests || !supervisor->runtime_dir || !supervisor->log_dir ||
	    (options->over && !supervisor->over))
		return error_oom(err);
	(void)host_boot_id(options->host, supervisor->boot_id);
	keep_rlimits(supervisor);
	r = supervisor_load(supervisor, err);
	if (r < 0)
		return r;
	*ret_supervisor = TAKE_PTR(supervisor);
	return 0;
}

void supervisor_free(struct supervisor *supervisor)
{
	if (!supervisor)
		return;
	for (size_t i = 0; i < supervisor->count; i++) {
		service_record_flush(supervisor->items[i]);
		service_free(supervisor->items[i]);
	}
	free(supervisor->items);
	sd_event_source_disable_unref(supervisor->wake);
	notify_free(supervisor->notify);
	if (supervisor->options.notify_fd > 0)
		close(supervisor->options.notify_fd);
	closep(&supervisor->null_fd);
	closep(&supervisor->claim_fd);
	free(supervisor->manifests);
	free(supervisor->over);
	free(supervisor->runtime_dir);
	free(supervisor->log_dir);
	free(supervisor);
}
