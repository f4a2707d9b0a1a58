// SPDX-License-Identifier: MIT
/*
 * What a start needs: the group, which may be gone since the last one; the environment, which is
 * made anew and inherits nothing; descriptors; and the launcher's plan, which undoes what the
 * daemon has for itself (niceness, the shield against the OOM killer, open files).
 */
#include "service/internal.h"
#include "service/sandbox.h"

#include "util/fd.h"
#include "util/text.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>

enum { STEPS_MAX = 16, PASSED_MAX = 3 + SERVICE_LISTS_MAX + 1 };

/* ---- the group ---- */

/* Of a controller that this machine does not have no file was tried. */
static bool is_missing(const struct group_problem *problem)
{
	return problem->code == -ENODEV && !problem->file;
}

/*
 * Where a limit is refused, nothing is started, now and whenever it is tried again. What the
 * machine has not got would never let it start: it runs without, and that is told as long as it
 * does.
 */
static int tell_problems(struct service *service, const struct group_problems *problems,
			 struct error *err)
{
	int r = 0;

	free(service->unheld);
	service->unheld = NULL;
	for (size_t i = 0; i < problems->count; i++) {
		const struct group_problem *problem = &problems->items[i];
		bool limit = problem->code < 0 && problem->limit < LIMIT_COUNT;

		if (limit && !is_missing(problem) && r == 0) {
			r = error_set(err, problem->code, "%s", problem->message);
			continue;
		}
		service_tell(service, LOG_WARNING, "%s%s", problem->message,
			     limit ? "; it runs without" : "");
		if (limit && !service->unheld &&
		    asprintf(&service->unheld, "runs without a limit: %s", problem->message) < 0)
			service->unheld = NULL;
	}
	service->refused = r < 0;
	return r;
}

struct group *service_group(const struct service *service)
{
	return groups_find(service->supervisor->options.groups, service->group);
}

int service_members(const struct service *service)
{
	_cleanup_(freep) pid_t *pids = NULL;
	const struct group *group = service_group(service);
	char events[256];
	size_t count = 0;

	if (!group)
		return 0;
	/* Nearly always nobody is there, and v2 says so in a word. */
	if (group_clone_fd(group) >= 0 &&
	    file_read_into(group_clone_fd(group), "cgroup.events", events, sizeof(events)) > 0 &&
	    strstr(events, "populated 0"))
		return 0;
	if (group_members(group, true, &pids, &count) < 0)
		return 0;
	return (int)MIN(count, (size_t)INT32_MAX);
}

int service_make_group(struct service *service, struct error *err)
{
	const struct supervisor_options *options = &service->supervisor->options;
	const struct group_spec spec = {
		.name = service->group,
		.limits = &service->manifest->group.limits,
	};
	struct group_problems problems = { 0 };
	int r = group_name_check(service->group, err);

	if (r >= 0)
		r = groups_apply_one(options->groups, &spec, &problems, err);
	if (r >= 0)
		r = tell_problems(service, &problems, err);
	group_problems_done(&problems);
	options->groups_changed(options->userdata);
	return r;
}

/* The group as it is meant to be, without touching it where it is so already. */
static int get_group(struct service *service, struct group **ret_group, struct error *err)
{
	struct group *group = service_group(service);
	int r = 0;

	if (!group || service->refused ||
	    !limits_equal(group_limits(group), &service->manifest->group.limits))
		r = service_make_group(service, err);
	if (r < 0)
		return r;
	group = service_group(service);
	if (!group)
		return error_set(err, -ENOENT, "the group %s is gone", service->group);
	/* A new process would not come to its first instruction, and we would wait for it. */
	if (group_is_frozen(group) == 1)
		return error_set(err, -EBUSY, "the group %s is frozen (reeve group thaw %s)",
				 service->group, service->group);
	*ret_group = group;
	return 0;
}

/* ---- its output ---- */

static int open_file_output(struct service *service, struct error *err)
{
	const struct supervisor *supervisor = service->supervisor;
	const struct service_manifest *manifest = service->manifest;
	_cleanup_(freep) char *pipe = NULL, *file = NULL;
	struct output_place place;

	if (service->output) {
		output_bound(service->output, manifest->log_size, manifest->log_keep,
			     manifest->log_compress);
		return 0;
	}
	if (asprintf(&pipe, "%s/services/%s.out", supervisor->runtime_dir, service->name) < 0)
		pipe = NULL;
	if (asprintf(&file, "%s/%s.log", supervisor->log_dir, service->name) < 0)
		file = NULL;
	if (!pipe || !file)
		return error_oom(err);
	place = (struct output_place){ pipe, file, manifest->log_size, manifest->log_keep,
				       manifest->log_compress };
	return output_new(supervisor->options.event, &place, &service->output, err);
}

int service_open_output(struct service *service, struct error *err)
{
	switch (service->manifest->output) {
	case OUTPUT_FILE:
		return open_file_output(service, err);
	case OUTPUT_JOURNAL:
		closep(&service->journal_fd);
		service->journal_fd = sd_journal_stream_fd(service->name, LOG_INFO, false);
		if (service->journal_fd < 0)
			return error_set_errno(err, service->journal_fd,
					       "cannot print to the journal (output: file keeps "
					       "what it prints here)");
		return 0;
	default:
		return 0;
	}
}

static int output_of(const struct service *service)
{
	switch (service->manifest->output) {
	case OUTPUT_FILE:
		return output_fd(service->output);
	case OUTPUT_JOURNAL:
		return service->journal_fd;
	default:
		return service->supervisor->null_fd;
	}
}

/* ---- its environment ---- */

struct environment {
	char *strings[STEPS_MAX + 1];
	size_t count;
	char **all; /* the manifest's, too */
	bool failed;
};

static void environment_done(struct environment *environment)
{
	for (size_t i = 0; i < environment->count; i++)
		free(environment->strings[i]);
	free(environment->all);
}

static char *add(struct environment *environment, const char *name, const char *value)
{
	char *string;

	if (environment->count == STEPS_MAX || asprintf(&string, "%s=%s", name, value) < 0) {
		environment->failed = true;
		return NULL;
	}
	environment->strings[environment->count++] = string;
	return string + strlen(name) + 1;
}

static void add_number(struct environment *environment, const char *name, uint64_t number)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%llu", (unsigned long long)number);
	(void)add(environment, name, digits);
}

static void add_sockets(struct environment *environment, const struct service *service,
			char **pid_text)
{
	_cleanup_(text_done) struct text names = { 0 };

	for (size_t i = 0; i < service->listen_count; i++) {
		const char *name = service->manifest->listen[i].name;

		/* The list is separated by ":". */
		text_add(&names, i > 0 ? ":" : "");
		for (; *name; name++)
			text_add_bytes(&names, *name == ':' ? "-" : name, 1);
	}
	if (service->listen_count == 0)
		return;
	environment->failed |= names.failed;
	add_number(environment, "LISTEN_FDS", service->listen_count);
	(void)add(environment, "LISTEN_FDNAMES", names.data ? names.data : "");
	*pid_text = add(environment, "LISTEN_PID", "0000000000");
}

static void add_end(struct environment *environment, const struct service *service)
{
	const struct service_end *end = machine_end_at(&service->machine, 0);

	(void)add(environment, "REEVE_SERVICE", service->name);
	if (!end)
		return;
	(void)add(environment, "REEVE_END", end_reason_names[end->reason]);
	add_number(environment, "REEVE_END_CODE", (uint64_t)end->code);
	add_number(environment, "REEVE_END_SIGNAL", (uint64_t)end->signal);
}

static bool is_given(const struct service_manifest *manifest, const char *string)
{
	size_t size = strcspn(string, "=") + 1;

	for (char **at = manifest->env; at && *at; at++)
		if (strncmp(*at, string, size) == 0)
			return true;
	return false;
}

/* Ours, but for what the manifest says otherwise; then the manifest's. */
static int join(struct environment *environment, const struct service_manifest *manifest)
{
	size_t count = environment->count, at = 0;

	for (char **given = manifest->env; given && *given; given++)
		count++;
	environment->all = calloc(count + 1, sizeof(char *));
	if (!environment->all || environment->failed)
		return -ENOMEM;
	for (size_t i = 0; i < environment->count; i++)
		if (!is_given(manifest, environment->strings[i]))
			environment->all[at++] = environment->strings[i];
	for (char **given = manifest->env; given && *given; given++)
		environment->all[at++] = *given;
	return 0;
}

static int make_environment(const struct service *service, bool main,
			    struct environment *environment, char **pid_text)
{
	const struct service_manifest *manifest = service->manifest;
	const char *user = manifest->user ? manifest->user : "root";

	(void)add(environment, "PATH",
		  "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	(void)add(environment, "USER", user);
	(void)add(environment, "LOGNAME", user);
	(void)add(environment, "HOME", manifest->home ? manifest->home : "/root");
	(void)add(environment, "SHELL", "/bin/sh");
	if (!main) {
		add_end(environment, service);
		return join(environment, manifest);
	}
	if (manifest->ready == READY_NOTIFY || manifest->watchdog > 0)
		(void)add(environment, "NOTIFY_SOCKET", notify_path(service->supervisor->notify));
	if (manifest->watchdog > 0)
		add_number(environment, "WATCHDOG_USEC", manifest->watchdog / 1000);
	add_sockets(environment, service, pid_text);
	return join(environment, manifest);
}

/* ---- its descriptors ---- */

/* Standard ones, sockets from 3 on, and the end of the pipe of ready: fd. */
static size_t list_descriptors(const struct service *service, bool main, int ready_end,
			       struct launch_descriptor pass[static PASSED_MAX])
{
	int out = output_of(service);
	size_t count = 0;

	pass[count++] = (struct launch_descriptor){ service->supervisor->null_fd, 0 };
	pass[count++] = (struct launch_descriptor){ out, 1 };
	pass[count++] = (struct launch_descriptor){ out, 2 };
	for (size_t i = 0; main && i < service->listen_count; i++, count++)
		pass[count] = (struct launch_descriptor){ service->listen_fds[i], (int)count };
	if (ready_end >= 0)
		pass[count++] =
			(struct launch_descriptor){ ready_end, service->manifest->ready_fd };
	return count;
}

static int open_ready_pipe(struct service *service, int *ret_end, struct error *err)
{
	int ends[2];

	if (service->manifest->ready != READY_FD)
		return 0;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(err, -errno, "cannot make a pipe for its readiness");
	closep(&service->ready_fd);
	service->ready_fd = ends[0];
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	*ret_end = ends[1];
	return 0;
}

/* ---- the plan ---- */

static int spawn_in(const struct service *service, struct group *group, struct launch_plan *plan,
		    struct launch_child *ret_child, struct error *err)
{
	int tasks[HIERARCHY_MAX];
	struct launch_failure failure;
	int r;

	plan->clone_fd = group_clone_fd(group);
	plan->tasks_count = group_tasks_fds(group, tasks, ARRAY_SIZE(tasks));
	plan->tasks_fds = tasks;
	r = launch_start(plan, ret_child, &failure, err);
	/* Somebody has removed the group's folders behind our back. */
	return r < 0 && (failure.step == LAUNCH_CLONE || failure.step == LAUNCH_ENTER) &&
			       (failure.code == -ENODEV || failure.code == -ENOENT)
		       ? -ESTALE
		       : r;
}

static int spawn(struct service *service, struct launch_plan *plan, struct launch_child *ret_child,
		 struct error *err)
{
	struct group *group = NULL;
	int r = get_group(service, &group, err);

	if (r < 0)
		return r;
	r = spawn_in(service, group, plan, ret_child, err);
	if (r != -ESTALE)
		return r;
	error_done(err);
	r = service_make_group(service, err);
	group = service_group(service);
	if (r >= 0 && group)
		r = spawn_in(service, group, plan, ret_child, err);
	return r;
}

int service_spawn(struct service *service, char *const *argv, bool main,
		  struct launch_child *ret_child, struct error *err)
{
	const struct service_manifest *manifest = service->manifest;
	_cleanup_(environment_done) struct environment environment = { 0 };
	struct launch_descriptor pass[PASSED_MAX];
	const struct launch_identity identity = {
		.set_user = true,
		.set_group = true,
		.set_groups = true,
		.user = manifest->uid,
		.group = manifest->gid,
		.groups = manifest->groups,
		.group_count = manifest->group_count,
	};
	struct launch_conditions conditions = {
		.rlimits = service->supervisor->rlimits,
		.rlimit_count = ARRAY_SIZE(service->supervisor->rlimits),
		.set_nice = true,
		.set_oom_score = true,
		.set_umask = true,
		.umask = 0022,
		.new_session = true,
	};
	struct launch_descriptors descriptors = { .pass = pass, .close_others = true };
	struct launch_plan plan = {
		.argv = argv,
		.folder = manifest->cwd ? manifest->cwd : "/",
		.identity = &identity,
		.conditions = &conditions,
		.descriptors = &descriptors,
	};
	struct launch_rlimit rlimits[RLIM_NLIMITS * 2];
	_cleanup_(recipe_freep) struct recipe *recipe = NULL;
	struct launch_conditions joined;
	_cleanup_(closep) int ready_end = -1;
	int r;

	r = service_open_output(service, err);
	if (r >= 0 && main)
		r = service_listen(service, err);
	if (r >= 0 && main)
		r = open_ready_pipe(service, &ready_end, err);
	if (r < 0)
		return r;
	if (make_environment(service, main, &environment, &conditions.pid_text) < 0)
		return error_oom(err);
	plan.envp = environment.all;
	descriptors.pass_count = list_descriptors(service, main, ready_end, pass);
	/* What prepares it and cleans up after it works outside. */
	r = main ? service_sandbox_plan(manifest, &recipe, &plan, err) : 0;
	if (r < 0)
		return r;
	if (plan.conditions != &conditions) {
		service_sandbox_join(plan.conditions, &conditions, rlimits, ARRAY_SIZE(rlimits),
				     &joined);
		plan.conditions = &joined;
	}
	return spawn(service, &plan, ret_child, err);
}
