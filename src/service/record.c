// SPDX-License-Identifier: MIT
/*
 * What the next daemon has to know of a service: <runtime_dir>/services/NAME.json. It is written
 * when the loop has done what is urgent, so that a restart does not wait for it; what a crash then
 * leaves unwritten, the group shows (adopt.c).
 */
#include "service/internal.h"

#include "util/fd.h"

#include <fcntl.h>
#include <limits.h>

enum { RECORD_MAX = 1 << 20 };

static bool record_path(const struct service *service, char path[static PATH_MAX])
{
	return snprintf(path, PATH_MAX, "%s/services/%s.json", service->supervisor->runtime_dir,
			service->name) < PATH_MAX;
}

static json_t *baseline_to_json(const struct group_usage *usage)
{
	return json_pack("{s:I, s:I, s:I}", "oom_kills", (json_int_t)usage->oom_kills,
			 "throttled_ns", (json_int_t)usage->throttled_ns, "pids_hits",
			 (json_int_t)usage->pids_max_hits);
}

static json_t *to_json(const struct service *service)
{
	const struct machine *m = &service->machine;
	json_t *ends = json_array();

	for (size_t back = MIN(m->end_count, (size_t)MACHINE_ENDS); back-- > 0;)
		json_array_append_new(ends, end_to_json(machine_end_at(m, back)));
	return json_pack("{s:s, s:i, s:I, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
			 "s:I, s:o, s:o}",
			 "boot", service->supervisor->boot_id, "pid", service->child.pid, "start",
			 (json_int_t)service->start_ticks, "state", machine_state_names[m->state],
			 "wanted", m->wanted, "launched", (json_int_t)m->launched, "started",
			 (json_int_t)service->started, "restarts", (json_int_t)m->restarts,
			 "starts", (json_int_t)m->starts, "row", (json_int_t)m->row.count, "ended",
			 (json_int_t)m->end_count, "deadline",
			 (json_int_t)(m->state == MACHINE_BACKOFF ? m->deadline : 0),
			 "health_failures", (json_int_t)service->health_failures, "pressure_events",
			 (json_int_t)service->pressure_events, "oom_kills",
			 (json_int_t)service->oom_kills, "baseline",
			 baseline_to_json(&service->baseline), "ends", ends);
}

/* Whole, or as before. Not synced: after a crash of the machine it is of another boot, and a disk
 * that is busy would hold the loop up. */
static int replace(const char *path, const char *text)
{
	_cleanup_(closep) int fd = -1;
	char new[PATH_MAX + 8];
	int r;

	snprintf(new, sizeof(new), "%s.new", path);
	fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	r = write_all(fd, text, strlen(text));
	if (r >= 0 && rename(new, path) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(new);
	return r;
}

static int on_record(sd_event_source *source, void *userdata)
{
	struct service *service = userdata;
	struct supervisor *supervisor = service->supervisor;
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX];
	json_t *object;
	int r = -ENOMEM;

	service->record_defer = sd_event_source_disable_unref(service->record_defer);
	object = to_json(service);
	text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	if (text && record_path(service, path))
		r = replace(path, text);
	if (r < 0 && supervisor->record_failures++ == 0)
		service_tell(service, LOG_ERR,
			     "cannot record its state in %s/services: %s; a daemon that is started "
			     "anew knows it by its group only",
			     supervisor->runtime_dir, strerror(-r));
	return 0;
}

void service_record_later(struct service *service)
{
	if (service->record_defer || service->removing || !service->supervisor->options.event)
		return;
	if (sd_event_add_defer(service->supervisor->options.event, &service->record_defer,
			       on_record, service) >= 0)
		(void)sd_event_source_set_priority(service->record_defer,
						   SD_EVENT_PRIORITY_NORMAL + 10);
}

void service_record_flush(struct service *service)
{
	if (service->record_defer)
		(void)on_record(NULL, service);
}

void service_record_now(struct service *service)
{
	if (!service->removing && service->supervisor->options.event)
		(void)on_record(NULL, service);
}

void service_record_remove(const struct service *service)
{
	char path[PATH_MAX];

	if (record_path(service, path))
		(void)unlink(path);
	if (snprintf(path, sizeof(path), "%s/services/%s.out", service->supervisor->runtime_dir,
		     service->name) < PATH_MAX)
		(void)unlink(path);
}

int service_record_read(struct service *service, json_t **ret_record)
{
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX];
	const char *boot;
	json_t *object;
	int r;

	if (!record_path(service, path))
		return -ENAMETOOLONG;
	r = file_read_at(AT_FDCWD, path, RECORD_MAX, &text, NULL);
	if (r < 0)
		return r;
	object = json_loads(text, 0, NULL);
	boot = json_string_value(json_object_get(object, "boot"));
	if (!boot || !streq(boot, service->supervisor->boot_id)) {
		json_decref(object);
		return boot ? -ESTALE : -EBADMSG;
	}
	*ret_record = object;
	return 0;
}
