// SPDX-License-Identifier: MIT
/*
 * The engine's life. The order of construction is the order of what depends on what; destruction
 * is the reverse and takes a half-built engine.
 */
#include "core/engine-internal.h"
#include "core/engine-watch.h"
#include "model/users.h"

#include "core/guard.h"
#include "core/lock.h"
#include "core/made.h"
#include "model/users.h"

#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* ---- parts ---- */

int engine_log_level(const struct engine *engine, const struct policy *policy)
{
	const int level = engine->options.log.level;

	return engine->options.log.given && level >= 0 ? level : policy->log_level;
}

static int open_log(struct engine *engine, const struct policy *policy, struct error *err)
{
	enum log_target target = LOG_TARGET_FILE;
	_cleanup_(freep) char *beside = NULL;
	const char *file = policy->log_file;
	int r;

	if (streq(file, "stderr") && engine->options.log_to_runtime_dir) {
		/* A daemon has no standard error any more once it is up. */
		if (asprintf(&beside, "%s/reeved.log", engine->runtime_dir) < 0)
			return error_oom(err);
		file = beside;
	} else if (streq(file, "stderr") || engine->options.local) {
		target = LOG_TARGET_STDERR;
	} else if (streq(file, "journal")) {
		target = LOG_TARGET_JOURNAL;
	}
	if (engine->options.log.given) {
		target = engine->options.log.target;
		file = engine->options.log.path;
	}
	r = log_new(target, file,
		    engine->options.local ? LOG_ERR : engine_log_level(engine, policy),
		    &engine->log, err);
	if (r >= 0 && engine->options.log.given)
		log_set_facility(engine->log, engine->options.log.facility);
	return r;
}

static int make_runtime_dir(struct engine *engine, struct error *err)
{
	struct stat st;

	if (mkdir(engine->runtime_dir, 0755) < 0 && errno != EEXIST)
		return error_set_errno(err, -errno, "cannot make the runtime folder %s",
				       engine->runtime_dir);
	if (stat(engine->runtime_dir, &st) < 0)
		return error_set_errno(err, -errno, "cannot use the runtime folder %s",
				       engine->runtime_dir);
	if (!S_ISDIR(st.st_mode))
		return error_set(err, -ENOTDIR, "the runtime folder %s is not a folder",
				 engine->runtime_dir);
	/* Nothing that a user could do about it. */
	if (st.st_uid != geteuid() && geteuid() != 0)
		return error_set(err, -EACCES, "the runtime folder %s belongs to user %u",
				 engine->runtime_dir, (unsigned)st.st_uid);
	/* State and socket lie here: nobody else may put something under their names. */
	if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return error_set(err, -EPERM,
				 "the runtime folder %s must belong to us and not be writable by "
				 "others; "
				 "try: chown root %s; chmod 755 %s",
				 engine->runtime_dir, engine->runtime_dir, engine->runtime_dir);
	return 0;
}

/*
 * Makes moves fast while we run. What an earlier run of ours left set when it was killed is ours to
 * put back too, so it is recorded until it has been.
 */
static void favor_dynmods(struct engine *engine)
{
	struct error err = ERROR_INIT;
	int r = 0;

	engine->dynmods_set = groups_recorded_dynmods(engine->groups);
	if (engine_policy(engine)->favordynmods == FAVORDYNMODS_OFF || engine->options.dry_run)
		return;
	r = layout_favor_dynmods(engine->layout,
				 groups_hierarchies(engine->groups) | engine_placed_in(engine),
				 &err);
	if (r > 0) {
		engine->dynmods_set |= (uint32_t)r;
		r = groups_record_dynmods(engine->groups, engine->dynmods_set, &err);
	}
	if (r < 0)
		log_warning(engine->log, "moves may be slow: %s", error_text(&err));
	error_done(&err);
}

static void restore_dynmods(struct engine *engine)
{
	if (engine->dynmods_set == 0)
		return;
	layout_restore_dynmods(engine->layout, engine->dynmods_set);
	(void)groups_record_dynmods(engine->groups, 0, NULL);
}

static int open_confirm(struct engine *engine)
{
	int fds[CONFIRM_FDS];

	if (!engine_is_successor(engine))
		return confirm_new(engine->host, &engine->confirm);
	fds[0] = engine_inherit(engine, "confirm-slots");
	fds[1] = engine_inherit(engine, "confirm-link");
	return confirm_inherit(engine->host, fds, engine_inherited_number(engine, "confirm_layout"),
			       &engine->confirm);
}

static int start_keeper(struct engine *engine, unsigned threads, struct error *err)
{
	struct gatekeeper_options options = {
		.threads = threads,
		.dry_run = engine->options.dry_run,
		.exempt = engine->exempt,
		.spare = { getpid(), engine->guard_pid },
		.timer_fd = engine->timer_fd,
		.urgent_fd = engine->urgent_fd,
	};
	int r;

	/* One command's work gates nothing: it needs no program in the kernel. */
	r = engine->gate ? open_confirm(engine) : 0;
	options.confirm = engine->confirm;
	if (r >= 0)
		r = gatekeeper_new(engine->host, &options, &engine->keeper);
	return r < 0 ? error_set_errno(err, r, "cannot start the gate") : 0;
}

/* Opens the gate's descriptors, or keeps the reason why there is none. */
static void open_gate(struct engine *engine, const struct policy *policy)
{
	struct gate_options options = {
		.threads = policy->gate_threads,
		.realtime = true,
		.trouble_fd = engine->urgent_fd,
	};
	int channels[GATE_CHANNELS];

	for (int kind = 0; kind < GATE_CHANNELS; kind++)
		channels[kind] = engine_inherit(engine, engine_gate_names[kind]);
	options.channels = channels;
	if (policy->mode == MODE_SCANNER) {
		error_set(&engine->gate_error, -ECANCELED, "the policy says mode: scanner");
		return;
	}
	if (engine->options.local)
		return;
	if (gate_new(engine->host, &options, &engine->gate, &engine->gate_error) < 0)
		log_warning(engine->log,
			    "no gate, so processes are placed and triggers run by a scan every "
			    "second, after they have begun: %s",
			    error_text(&engine->gate_error));
}

static int start_gate(struct engine *engine, struct error *err)
{
	const struct gate_functions functions = {
		.decide = gatekeeper_decide,
		.passes = gatekeeper_passes,
		.reaches = gatekeeper_reaches,
	};
	int fds[GUARD_FDS], r;
	unsigned count = 0;

	if (!engine->gate)
		return 0;
	for (int kind = 0; kind < GATE_CHANNELS; kind++)
		if (gate_fd(engine->gate, kind) >= 0)
			fds[count++] = gate_fd(engine->gate, kind);
	/* Before anything waits: from here on a stopped daemon stops nobody. */
	if (engine->options.guard_fd >= 0) {
		r = guard_send_gate(engine->options.guard_fd, fds, count);
		if (r < 0)
			return error_set_errno(err, r, "cannot hand the gate to the guard");
	}
	gate_set_functions(engine->gate, &functions, engine->keeper);
	r = gate_start(engine->gate, err);
	if (r < 0)
		return r;
	engine->gate_since = clock_monotonic();
	r = gate_mark_mounts(engine->gate, err);
	if (r < 0)
		return r;
	engine->gate_runs = true;
	engine_watch_files(engine);
	return 0;
}

/* ---- construction ---- */

/* By its path, where an upgrade puts the next version; not what runs now. */
static char *own_program(void)
{
	static const char mark[] = " (deleted)";
	const size_t suffix = sizeof(mark) - 1;
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path));

	if (n <= 0 || n == (ssize_t)sizeof(path))
		return NULL;
	if ((size_t)n > suffix && memcmp(path + n - suffix, mark, suffix) == 0)
		n -= (ssize_t)suffix;
	return strndup(path, (size_t)n);
}

static int set_options(struct engine *engine, const struct engine_options *options)
{
	const char *config = options->config_path ? options->config_path : ENGINE_CONFIG_PATH;
	const char *runtime = options->runtime_dir ? options->runtime_dir : ENGINE_RUNTIME_DIR;
	char boot[37];

	engine->options = *options;
	engine->config_path = strdup(config);
	engine->runtime_dir = strdup(runtime);
	engine->started_ns = clock_boottime();
	if (host_boot_id(engine->host, boot) >= 0)
		engine->boot = (uint32_t)strtoul(boot, NULL, 16);
	/* With a guard, our parent is the guard. */
	engine->guard_pid = options->guard_fd >= 0 ? getppid() : 0;
	engine->program = options->argv ? own_program() : NULL;
	return engine->config_path && engine->runtime_dir ? 0 : -ENOMEM;
}

static int open_groups(struct engine *engine, struct error *err)
{
	if (engine->layout->mode == LAYOUT_NONE)
		return error_set(err, -ENODEV, "no cgroup hierarchy is mounted; try: reeve mount");
	if (!engine->options.dry_run) {
		engine->lock_fd = engine_inherit(engine, "lock");
		if (engine->lock_fd < 0)
			engine->lock_fd = instance_lock(engine->name, !engine->options.local, err);
		if (engine->lock_fd < 0)
			return engine->lock_fd;
	}
	return groups_open(engine->layout, engine->name,
			   engine->options.dry_run ? NULL : engine->runtime_dir, &engine->groups,
			   err);
}

/* What rules had made on demand before the daemon was killed goes on, and goes when it is empty. */
static int adopt_groups(struct engine *engine)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < groups_count(engine->groups); i++) {
		const struct group *group = groups_at(engine->groups, i);

		if (group_is_on_demand(group))
			r = adhoc_adopt(engine->adhoc, group_name(group));
	}
	return r == -ENOSPC ? 0 : r;
}

/* What a command's own engine has not: gate, socket, triggers, watchers and services. */
static int start_daemon(struct engine *engine, struct error *err)
{
	struct scan_result scanned;
	int r;

	engine_sweep_later(engine);
	engine_record_start(engine);
	favor_dynmods(engine);
	r = trigger_runner_new(engine->event, engine->groups, NULL, engine_trigger_ended, engine,
			       &engine->triggers);
	if (r < 0)
		return error_set_errno(err, r, "cannot prepare for running triggers");
	/* The socket first: it can be refused, and nothing waits at the gate yet. */
	r = engine_socket_start(engine, err);
	if (r >= 0)
		r = engine_register_start(engine, err);
	/* What takes long, while the daemon before us still observes. */
	if (r >= 0 && engine_is_successor(engine) && engine_watch_prepare(engine) < 0)
		r = error_oom(err);
	if (r >= 0)
		r = engine_succession_wait(engine, err);
	if (r >= 0)
		r = start_gate(engine, err);
	if (r >= 0)
		r = engine_succession_complete(engine, err);
	/* The spools of the daemon before this one are free now. */
	if (r >= 0 && engine_export_start(engine) < 0)
		r = error_oom(err);
	if (r >= 0)
		r = engine_loop_watch(engine, err);
	if (r >= 0 && (engine_occasions_start(engine) < 0 || engine_watch_start(engine) < 0 ||
		       engine_accounts_start(engine) < 0 || engine_history_start(engine) < 0))
		r = error_oom(err);
	if (r >= 0 && engine->options.scan_at_start && !engine_is_successor(engine))
		r = engine_scan(engine, &scanned, err);
	engine->begun = true;
	if (r >= 0)
		r = engine_services_begin(engine, err);
	if (r >= 0)
		engine_fleet_update(engine);
	return r;
}

static int build(struct engine *engine, struct policy **policy, struct error *err)
{
	int r;

	/* What can be refused is refused before anything is made. */
	r = engine->options.local ? 0 : engine_socket_check(engine, err);
	if (r >= 0)
		r = make_runtime_dir(engine, err);
	if (r >= 0)
		r = open_log(engine, *policy, err);
	if (r >= 0)
		r = layout_detect(engine->host, &engine->layout, err);
	if (r >= 0)
		r = open_groups(engine, err);
	if (r >= 0 && (users_new(engine->host->root, &engine->users) < 0 ||
		       adhoc_new(engine->groups, &engine->adhoc) < 0 || adopt_groups(engine) < 0))
		r = error_oom(err);
	if (r >= 0)
		r = engine_loop_start(engine, err);
	if (r < 0)
		return r;
	engine->made = made_read(engine->runtime_dir, err);
	if (!engine->made)
		return -EBADMSG;
	open_gate(engine, *policy);
	if (groups_warning(engine->groups))
		log_warning(engine->log, "%s", groups_warning(engine->groups));
	r = engine_register_open(engine, err);
	if (r >= 0)
		r = start_keeper(engine, engine->gate ? gate_thread_count(engine->gate) : 1, err);
	if (r >= 0 && !engine->options.local)
		r = engine_services_load(engine, err);
	if (r >= 0)
		r = engine_apply(engine, *policy, err);
	if (r < 0)
		return r;
	*policy = NULL;
	return engine->options.local ? 0 : start_daemon(engine, err);
}

int engine_new(const struct host *host, sd_event *event, const struct engine_options *options,
	       struct engine **ret_engine, struct diagnostics *diagnostics, struct error *err)
{
	_cleanup_(engine_freep) struct engine *engine = calloc(1, sizeof(*engine));
	_cleanup_(policy_freep) struct policy *policy = NULL;
	const struct log_limit limit = LOG_LIMIT_INIT;
	int r;

	if (!engine)
		return error_oom(err);
	group_index_init(&engine->index);
	engine->host = host;
	engine->event = sd_event_ref(event);
	engine->timer_fd = engine->urgent_fd = engine->mountinfo_fd = engine->lock_fd = -1;
	engine->move_limit = engine->lost_limit = engine->trigger_limit = limit;
	engine->rules_limit = limit;
	/* One line for each program that ends, unless there is a storm of them. */
	engine->outcome_limit = (struct log_limit){ .period_ns = limit.period_ns, .burst = 250 };
	if (set_options(engine, options) < 0)
		return error_oom(err);
	r = engine_load(engine, &policy, diagnostics, err);
	if (r < 0)
		return r;
	/* A command that was told only the folder means the instance whose groups it records. */
	if (engine->options.local && !engine->options.config_path)
		engine->name = groups_recorded_name(engine->runtime_dir);
	if (!engine->name)
		engine->name = strdup(policy->name);
	if (!engine->name)
		return error_oom(err);
	r = engine_check_inheritance(engine, err);
	if (r >= 0)
		r = build(engine, &policy, err);
	if (r < 0)
		return r;
	log_notice(engine->log, "%zu rules, %zu groups, cgroup %s, %s",
		   engine_policy(engine)->rule_count, engine_policy(engine)->group_count,
		   layout_mode_name(engine->layout->mode), engine->gate ? "gate" : "scanner");
	engine_tell_without_gate(engine);
	engine_tell_places(engine);
	*ret_engine = TAKE_PTR(engine);
	return 0;
}

/* ---- destruction ---- */

static void free_snapshots(struct engine *engine)
{
	for (size_t i = 0; i < engine->retired_count; i++)
		snapshot_free(engine->retired[i]);
	free(engine->retired);
	for (size_t i = 0; i < HISTORY; i++)
		shared_policy_unref(engine->history[i].policy);
	for (size_t i = 0; i < engine->problem_count; i++)
		free(engine->problems[i]);
	free(engine->problems);
	for (size_t i = 0; i < engine->shunned_count; i++)
		free(engine->shunned[i]);
	free(engine->shunned);
	shared_policy_unref(engine->policy);
}

void engine_free(struct engine *engine)
{
	bool given;

	if (!engine)
		return;
	given = engine_was_handed_over(engine);
	engine_stop_handover(engine);
	engine->predecessor = sd_event_source_disable_unref(engine->predecessor);
	engine_fleet_stop(engine);
	engine_unsubscribe_all(engine, NULL);
	engine_watch_stop(engine, NULL);
	engine_accounts_stop(engine);
	engine_history_stop(engine);
	engine_occasions_stop(engine);
	engine_deny_stop(engine);
	engine_stop_slow(engine);
	engine_services_stop(engine);
	varlink_server_free(engine->server);
	engine_register_stop(engine);
	/* Stops its threads, so that nobody uses a snapshot any more. */
	engine_drop_effects(engine);
	gate_free(engine->gate);
	engine_loop_stop(engine);
	engine_stop_triggers(engine);
	resolver_free(engine->resolver);
	if (engine->keeper)
		snapshot_free(gatekeeper_swap(engine->keeper, NULL));
	gatekeeper_free(engine->keeper);
	exempt_free(engine->exempt);
	confirm_free(engine->confirm);
	engine_record_stop(engine);
	engine_export_stop(engine);
	free_snapshots(engine);
	if (!given)
		restore_dynmods(engine);
	adhoc_free(engine->adhoc);
	users_free(engine->users);
	groups_free(engine->groups);
	layout_free(engine->layout);
	engine_drop_layouts(engine);
	if (given)
		closep(&engine->lock_fd);
	else
		instance_unlock(engine->lock_fd, engine->name);
	error_done(&engine->gate_error);
	scan_memory_done(&engine->scanned);
	log_free(engine->log);
	sd_event_unref(engine->event);
	group_index_done(&engine->index, engine->runtime_dir);
	json_decref(engine->made);
	json_decref(engine->before);
	json_decref(engine->go);
	json_decref(engine->later);
	free(engine->program);
	free(engine->config_path);
	free(engine->runtime_dir);
	free(engine->name);
	free(engine);
}

/* ---- the rest of the interface ---- */

static void scan_found(const struct decision *decision, void *userdata)
{
	engine_record(userdata, decision);
}

static void scan_act(struct urgent *urgent, void *userdata)
{
	engine_carry_out(userdata, urgent);
}

static int scan(struct engine *engine, struct scan_memory *memory, struct scan_result *ret_result,
		struct error *err)
{
	const struct scan_options options = {
		.world = gatekeeper_world(engine->keeper),
		.rates = gatekeeper_rates(engine->keeper),
		.dry_run = engine->options.dry_run,
		.exempt = engine->exempt,
		.spare = { getpid(), engine->guard_pid },
		.memory = memory,
		.act = scan_act,
		.found = scan_found,
		.userdata = engine,
	};
	int r = place_running(engine->host, gatekeeper_current(engine->keeper), &options,
			      ret_result);

	if (r < 0)
		return error_set_errno(err, r, "cannot read %s", engine->host->proc_path);
	engine->counters.scans++;
	return 0;
}

int engine_scan(struct engine *engine, struct scan_result *ret_result, struct error *err)
{
	return scan(engine, NULL, ret_result, err);
}

int engine_scan_again(struct engine *engine)
{
	struct scan_result ignored;

	return scan(engine, &engine->scanned, &ignored, NULL);
}

struct log *engine_log(const struct engine *engine)
{
	return engine->log;
}

const char *engine_name(const struct engine *engine)
{
	return engine->name;
}

char *engine_status_line(const struct engine *engine)
{
	const struct gatekeeper_counters *counters = gatekeeper_counters(engine->keeper);
	char *line;

	if (asprintf(&line, "%zu rules, %zu groups, %llu matched, %llu moved, %llu refused",
		     engine_policy(engine)->rule_count, engine_policy(engine)->group_count,
		     (unsigned long long)atomic_load(&counters->matched),
		     (unsigned long long)atomic_load(&counters->moved),
		     (unsigned long long)atomic_load(&counters->move_failed)) < 0)
		return NULL;
	return line;
}
