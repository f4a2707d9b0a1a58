// SPDX-License-Identifier: MIT
/* Everything that `reeve status` shows, as JSON. Counters are a table: one row, one name. */
#include "core/engine-internal.h"

#include "config/limits-json.h"
#include "core/decision-json.h"
#include "core/decision-log.h"
#include "core/engine-watch.h"
#include "core/history.h"

enum kind { GATE, KEEPER, ENGINE, TRIGGER, SERVER, OBSERVER, WATCH, REGISTER, PAST, LOOP };

/* `group.name` as it is shown; where it is found. */
static const struct {
	const char *name;
	enum kind kind;
	size_t offset;
} counter_table[] = {
	{ "engine.accounts_read", ENGINE, offsetof(struct engine_counters, accounts_read) },
	{ "engine.changes", ENGINE, offsetof(struct engine_counters, changes) },
	{ "engine.decisions", ENGINE, offsetof(struct engine_counters, decisions) },
	{ "engine.descendants", ENGINE, offsetof(struct engine_counters, descendants) },
	{ "engine.exempt", ENGINE, offsetof(struct engine_counters, exempt) },
	{ "engine.events_lost", ENGINE, offsetof(struct engine_counters, events_lost) },
	{ "engine.handovers", ENGINE, offsetof(struct engine_counters, handovers) },
	{ "engine.handovers_failed", ENGINE, offsetof(struct engine_counters, handovers_failed) },
	{ "engine.kernel_denials", ENGINE, offsetof(struct engine_counters, kernel_denials) },
	{ "engine.limits_polled", ENGINE, offsetof(struct engine_counters, limits_polled) },
	{ "engine.limits_told", ENGINE, offsetof(struct engine_counters, limits_told) },
	{ "engine.hierarchies_found", ENGINE, offsetof(struct engine_counters, hierarchies_found) },
	{ "engine.links_read", ENGINE, offsetof(struct engine_counters, links_read) },
	{ "engine.mounts_seen", ENGINE, offsetof(struct engine_counters, mounts_seen) },
	{ "engine.passed_while_stopped", ENGINE,
	  offsetof(struct engine_counters, passed_while_stopped) },
	{ "engine.put_back", ENGINE, offsetof(struct engine_counters, put_back) },
	{ "engine.put_back_failed", ENGINE, offsetof(struct engine_counters, stuck) },
	{ "engine.races", ENGINE, offsetof(struct engine_counters, races) },
	{ "engine.reloads", ENGINE, offsetof(struct engine_counters, reloads) },
	{ "engine.reloads_failed", ENGINE, offsetof(struct engine_counters, reloads_failed) },
	{ "engine.resolved", ENGINE, offsetof(struct engine_counters, resolved) },
	{ "engine.scans", ENGINE, offsetof(struct engine_counters, scans) },
	{ "engine.self_triggers", ENGINE, offsetof(struct engine_counters, self_triggers) },
	{ "engine.unrecorded", ENGINE, offsetof(struct engine_counters, unrecorded) },
	{ "engine.unverified", ENGINE, offsetof(struct engine_counters, stragglers_dropped) },
	{ "gate.allowed", GATE, offsetof(struct gate_counters, allowed) },
	{ "gate.answered_elsewhere", GATE, offsetof(struct gate_counters, answered_elsewhere) },
	{ "gate.denied", GATE, offsetof(struct gate_counters, denied) },
	{ "gate.events", GATE, offsetof(struct gate_counters, events) },
	{ "gate.forgotten", GATE, offsetof(struct gate_counters, forgotten) },
	{ "gate.forgotten_reset", GATE, offsetof(struct gate_counters, dropped) },
	{ "gate.forgotten_renamed", GATE, offsetof(struct gate_counters, renamed) },
	{ "gate.changes_lost", GATE, offsetof(struct gate_counters, changes_lost) },
	{ "gate.held", GATE, offsetof(struct gate_counters, held) },
	{ "gate.hold_full", GATE, offsetof(struct gate_counters, hold_full) },
	{ "gate.late", GATE, offsetof(struct gate_counters, late) },
	{ "gate.mark_errors", GATE, offsetof(struct gate_counters, mark_errors) },
	{ "gate.nameless", GATE, offsetof(struct gate_counters, nameless) },
	{ "gate.open_refused", GATE, offsetof(struct gate_counters, refused) },
	{ "gate.overflows", GATE, offsetof(struct gate_counters, overflows) },
	{ "gate.read_errors", GATE, offsetof(struct gate_counters, read_errors) },
	{ "history.bytes", PAST, offsetof(struct history_counters, bytes) },
	{ "history.left_out", PAST, offsetof(struct history_counters, left_out) },
	{ "history.samples", PAST, offsetof(struct history_counters, samples) },
	{ "keeper.already", KEEPER, offsetof(struct gatekeeper_counters, already) },
	{ "keeper.denied", KEEPER, offsetof(struct gatekeeper_counters, denied) },
	{ "keeper.exempt", KEEPER, offsetof(struct gatekeeper_counters, exempt) },
	{ "keeper.held", KEEPER, offsetof(struct gatekeeper_counters, held) },
	{ "keeper.killed", KEEPER, offsetof(struct gatekeeper_counters, killed) },
	{ "keeper.matched", KEEPER, offsetof(struct gatekeeper_counters, matched) },
	{ "keeper.move_failed", KEEPER, offsetof(struct gatekeeper_counters, move_failed) },
	{ "keeper.moved", KEEPER, offsetof(struct gatekeeper_counters, moved) },
	{ "keeper.no_way_back", KEEPER, offsetof(struct gatekeeper_counters, no_way_back) },
	{ "keeper.not_held", KEEPER, offsetof(struct gatekeeper_counters, not_held) },
	{ "keeper.too_many_rules", KEEPER, offsetof(struct gatekeeper_counters, too_many_rules) },
	{ "keeper.triggered", KEEPER, offsetof(struct gatekeeper_counters, triggered) },
	{ "keeper.unknown_access", KEEPER, offsetof(struct gatekeeper_counters, unknown_access) },
	{ "keeper.unmatched", KEEPER, offsetof(struct gatekeeper_counters, unmatched) },
	{ "keeper.vanished", KEEPER, offsetof(struct gatekeeper_counters, vanished) },
	{ "loop.urgent", LOOP, offsetof(struct urgency, turns) },
	{ "loop.urgent_exhausted", LOOP, offsetof(struct urgency, exhausted) },
	{ "loop.urgent_refused", LOOP, offsetof(struct urgency, refused) },
	{ "observer.events", OBSERVER, offsetof(struct observer_counters, events) },
	{ "observer.gaps", OBSERVER, offsetof(struct observer_counters, gaps) },
	{ "observer.lost", OBSERVER, offsetof(struct observer_counters, lost) },
	{ "observer.repaired", OBSERVER, offsetof(struct observer_counters, repaired) },
	{ "observer.replaced", OBSERVER, offsetof(struct observer_counters, replaced) },
	{ "observer.rescans", OBSERVER, offsetof(struct observer_counters, rescans) },
	{ "observer.wakeups", OBSERVER, offsetof(struct observer_counters, wakeups) },
	{ "register.cancelled", REGISTER, offsetof(struct registrar_counters, cancelled) },
	{ "register.refused", REGISTER, offsetof(struct registrar_counters, refused) },
	{ "register.silent", REGISTER, offsetof(struct registrar_counters, silent) },
	{ "register.stored", REGISTER, offsetof(struct registrar_counters, stored) },
	{ "socket.calls", SERVER, offsetof(struct varlink_counters, calls) },
	{ "socket.connections", SERVER, offsetof(struct varlink_counters, connections) },
	{ "socket.denied", SERVER, offsetof(struct varlink_counters, denied) },
	{ "socket.errors", SERVER, offsetof(struct varlink_counters, errors) },
	{ "socket.malformed", SERVER, offsetof(struct varlink_counters, malformed) },
	{ "socket.refused", SERVER, offsetof(struct varlink_counters, refused) },
	{ "socket.slow_closed", SERVER, offsetof(struct varlink_counters, slow_closed) },
	{ "socket.timed_out", SERVER, offsetof(struct varlink_counters, timed_out) },
	{ "socket.too_large", SERVER, offsetof(struct varlink_counters, too_large) },
	{ "trigger.could_not_start", TRIGGER, offsetof(struct trigger_counters, could_not_start) },
	{ "trigger.dropped", TRIGGER, offsetof(struct trigger_counters, dropped) },
	{ "trigger.dropped_busy", TRIGGER, offsetof(struct trigger_counters, dropped_busy) },
	{ "trigger.dropped_concurrency", TRIGGER,
	  offsetof(struct trigger_counters, dropped_concurrency) },
	{ "trigger.dropped_rate", TRIGGER, offsetof(struct trigger_counters, dropped_rate) },
	{ "trigger.failed", TRIGGER, offsetof(struct trigger_counters, failed) },
	{ "trigger.left_ended", TRIGGER, offsetof(struct trigger_counters, left) },
	{ "trigger.running", TRIGGER, offsetof(struct trigger_counters, running) },
	{ "trigger.started", TRIGGER, offsetof(struct trigger_counters, started) },
	{ "trigger.succeeded", TRIGGER, offsetof(struct trigger_counters, succeeded) },
	{ "trigger.timed_out", TRIGGER, offsetof(struct trigger_counters, timed_out) },
	{ "trigger.waiting", TRIGGER, offsetof(struct trigger_counters, waiting) },
	{ "watch.lost", WATCH, offsetof(struct watch_counters, lost) },
	{ "watch.told", WATCH, offsetof(struct watch_counters, told) },
	{ "watch.watchers", WATCH, offsetof(struct watch_counters, watchers) },
};
_Static_assert(sizeof(_Atomic uint64_t) == sizeof(uint64_t), "one table reads both");

json_t *engine_counters_to_json(const struct engine *engine)
{
	const void *bases[] = {
		[GATE] = engine->gate ? gate_counters(engine->gate) : NULL,
		[KEEPER] = gatekeeper_counters(engine->keeper),
		[ENGINE] = &engine->counters,
		[TRIGGER] = engine->triggers ? trigger_runner_counters(engine->triggers) : NULL,
		[OBSERVER] = engine_observer_counters(engine),
		[WATCH] = engine_watch_counters(engine),
		[PAST] = engine_history_counters(engine),
		[LOOP] = &engine->urgency,
		[REGISTER] = engine->registrar ? registrar_counters(engine->registrar) : NULL,
		[SERVER] = engine->server ? varlink_server_counters(engine->server) : NULL,
	};
	const struct resolver_state *names = resolver_state(engine->resolver);
	json_t *object = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(counter_table); i++) {
		const char *base = bases[counter_table[i].kind];
		uint64_t value = 0;

		if (base)
			value = atomic_load(
				(const _Atomic uint64_t *)(base + counter_table[i].offset));
		json_object_set_new(object, counter_table[i].name, json_integer((json_int_t)value));
	}
	json_object_set_new(object, "queue.decisions_lost",
			    json_integer((json_int_t)atomic_load(
				    &gatekeeper_decisions(engine->keeper)->lost)));
	json_object_set_new(object, "queue.triggers_lost",
			    json_integer((json_int_t)atomic_load(
				    &gatekeeper_urgent(engine->keeper)->lost)));
	if (engine->exempt)
		json_object_set_new(object, "register.exempt",
				    json_integer((json_int_t)exempt_count(engine->exempt)));
	if (engine->decision_log) {
		const struct decision_log_counters *log =
			decision_log_counters(engine->decision_log);

		json_object_set_new(object, "record.lost", json_integer((json_int_t)log->lost));
		json_object_set_new(object, "record.written",
				    json_integer((json_int_t)log->written));
	}
	json_object_set_new(object, "names.folders", json_integer((json_int_t)names->folders));
	json_object_set_new(object, "names.refused", json_integer((json_int_t)names->refused));
	json_object_set_new(object, "names.overflows", json_integer((json_int_t)names->overflows));
	return object;
}

/* ---- groups ---- */

static const struct {
	uint32_t bit;
	const char *name;
	size_t offset;
} usage_table[] = {
	{ USAGE_CPU, "cpu_ns", offsetof(struct group_usage, cpu_ns) },
	{ USAGE_THROTTLED, "throttled_ns", offsetof(struct group_usage, throttled_ns) },
	{ USAGE_MEMORY, "memory", offsetof(struct group_usage, memory) },
	{ USAGE_MEMORY_PEAK, "memory_peak", offsetof(struct group_usage, memory_peak) },
	{ USAGE_SWAP, "swap", offsetof(struct group_usage, swap) },
	{ USAGE_PIDS, "pids", offsetof(struct group_usage, pids) },
	{ USAGE_OOM_KILLS, "oom_kills", offsetof(struct group_usage, oom_kills) },
	{ USAGE_MEMORY_MAX_HITS, "memory_max_hits", offsetof(struct group_usage, memory_max_hits) },
	{ USAGE_PIDS_MAX_HITS, "pids_max_hits", offsetof(struct group_usage, pids_max_hits) },
	{ USAGE_IO_READ, "io_read", offsetof(struct group_usage, io_read) },
	{ USAGE_IO_WRITTEN, "io_written", offsetof(struct group_usage, io_written) },
	{ USAGE_CPU_STALL, "cpu_stall_ns", offsetof(struct group_usage, cpu_stall_ns) },
	{ USAGE_MEMORY_STALL, "memory_stall_ns", offsetof(struct group_usage, memory_stall_ns) },
	{ USAGE_IO_STALL, "io_stall_ns", offsetof(struct group_usage, io_stall_ns) },
};

static json_t *usage_to_json(const struct group *group)
{
	struct group_usage usage = { 0 };
	json_t *object = json_object();

	if (group_usage(group, &usage) < 0)
		return object;
	for (size_t i = 0; i < ARRAY_SIZE(usage_table); i++) {
		uint64_t value;

		if (!(usage.known & usage_table[i].bit))
			continue;
		memcpy(&value, (const char *)&usage + usage_table[i].offset, sizeof(value));
		json_object_set_new(object, usage_table[i].name, json_integer((json_int_t)value));
	}
	return object;
}

/* The kernel counts from the hierarchy's root, of which only a part may be mounted. */
static const char *below_mount(const struct hierarchy *hierarchy, const char *path)
{
	size_t root = streq(hierarchy->mount_root, "/") ? 0 : strlen(hierarchy->mount_root);

	return strncmp(path, hierarchy->mount_root, root) == 0 ? path + root : path;
}

json_t *engine_group_paths(const struct engine *engine, const struct group *group)
{
	json_t *paths = json_array();

	for (size_t i = 0; i < engine->layout->hierarchy_count; i++) {
		const struct hierarchy *hierarchy = &engine->layout->hierarchies[i];
		const char *path = group_path(group, hierarchy);

		if (path)
			json_array_append_new(paths, json_sprintf("%s%s", hierarchy->mount_point,
								  below_mount(hierarchy, path)));
	}
	return paths;
}

json_t *engine_group_to_json(struct engine *engine, struct group *group)
{
	const struct policy *policy = engine_policy(engine);
	const char *name = group_name(group);
	_cleanup_(freep) pid_t *pids = NULL;
	size_t count = 0;

	(void)group_members(group, false, &pids, &count);
	return json_pack("{s:s, s:s, s:o, s:i, s:b, s:o, s:o}", "name", name, "origin",
			 policy_find_group(policy, name) >= 0 ? "policy" : "command", "limits",
			 limits_to_json(group_limits(group)), "members", (int)count, "frozen",
			 group_is_frozen(group) == 1, "paths", engine_group_paths(engine, group),
			 "usage", usage_to_json(group));
}

/* ---- sources ---- */

static json_t *gate_source(const struct engine *engine)
{
	const struct gate_counters *gate;

	if (!engine->gate)
		return json_pack("{s:s, s:s, s:s, s:i, s:i, s:i}", "name", "gate", "state",
				 "unavailable", "reason", error_text(&engine->gate_error), "seen",
				 0, "matched", 0, "lost", 0);
	gate = gate_counters(engine->gate);
	return json_pack("{s:s, s:s, s:o, s:I, s:I, s:I}", "name", "gate", "state", "running",
			 "reason",
			 json_sprintf("%zu local and %zu remote file systems, %u threads%s; failed "
				      "executions "
				      "are told by %s",
				      gate_marked(engine->gate, GATE_EXEC),
				      gate_marked(engine->gate, GATE_EXEC_REMOTE),
				      gate_thread_count(engine->gate),
				      gate_is_realtime(engine->gate) ? ", real-time" : "",
				      confirm_is_fast(engine->confirm) ? "BPF" : "/proc"),
			 "seen", (json_int_t)atomic_load(&gate->events), "matched",
			 (json_int_t)atomic_load(&gatekeeper_counters(engine->keeper)->matched),
			 "lost",
			 (json_int_t)(atomic_load(&gate->overflows) +
				      atomic_load(&gate->read_errors)));
}

static json_t *scan_source(const struct engine *engine)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:i, s:i}", "name", "procfs", "state",
			 engine->gate ? "on demand" : "running", "reason",
			 engine->gate ? "scans at start, by command, and after a stop"
				      : "scans every second: places and runs triggers once a "
					"process is seen",
			 "seen", (json_int_t)engine->counters.scans, "matched", 0, "lost", 0);
}

json_t *engine_sources_to_json(const struct engine *engine)
{
	json_t *list = json_array();

	json_array_append_new(list, gate_source(engine));
	json_array_append_new(list, scan_source(engine));
	engine_watch_to_json(engine, list);
	return list;
}

/* ---- the whole ---- */

static json_t *decisions_to_json(const struct engine *engine)
{
	json_t *list = json_array();

	for (size_t i = 0; i < HISTORY; i++) {
		const struct shown_decision *shown =
			&engine->history[(engine->history_next + i) % HISTORY];

		if (shown->policy)
			json_array_append_new(list, decision_to_json(&shown->decision,
								     shown->policy->policy));
	}
	return list;
}

static json_t *problems_to_json(const struct engine *engine)
{
	const struct resolver_state *names = resolver_state(engine->resolver);
	json_t *list = json_array();

	for (size_t i = 0; i < engine->problem_count; i++)
		json_array_append_new(list, json_string(engine->problems[i]));
	if (engine_idle_rules(engine) > 0)
		json_array_append_new(list,
				      json_sprintf("%zu rules on reading or writing do nothing: a "
						   "scan sees no opens",
						   engine_idle_rules(engine)));
	for (size_t i = 0; i < engine->shunned_count; i++)
		json_array_append_new(
			list, json_sprintf("%s is not watched until the next reload: the kernel "
					   "could not open a file there for the gate, and refused "
					   "it to its user (root_squash?)",
					   engine->shunned[i]));
	if (names->truncated)
		json_array_append_new(
			list,
			json_string(
				"a rule's folder has too many folders below it to watch all for "
				"renames: a program that ran elsewhere and is moved there later "
				"may "
				"be missed until it is written or the policy is reloaded"));
	if (names->refused)
		json_array_append_new(list,
				      json_sprintf("%llu folders could not be watched (%s): raise "
						   "fs.inotify.max_user_watches",
						   (unsigned long long)names->refused,
						   strerror(names->refused_errno)));
	return list;
}

static json_t *groups_to_json(struct engine *engine, bool wanted)
{
	json_t *list = json_array();

	for (size_t i = 0; wanted && i < groups_count(engine->groups); i++)
		json_array_append_new(list,
				      engine_group_to_json(engine, groups_at(engine->groups, i)));
	return list;
}

static json_t *files_to_json(const struct policy *policy)
{
	json_t *list = json_array();

	for (size_t i = 0; i < policy->file_count; i++)
		json_array_append_new(list, json_string(policy->files[i]));
	return list;
}

/* The numbers of each trigger; the names of the table above without "trigger.". */
static json_t *triggers_to_json(const struct engine *engine)
{
	json_t *object = json_object();
	const struct trigger *trigger;

	for (size_t i = 0; engine->triggers && (trigger = trigger_at(engine->triggers, i)); i++) {
		const char *counters = (const char *)trigger_counters(trigger);
		json_t *one = json_object();

		for (size_t k = 0; k < ARRAY_SIZE(counter_table); k++) {
			uint64_t value;

			if (counter_table[k].kind != TRIGGER)
				continue;
			memcpy(&value, counters + counter_table[k].offset, sizeof(value));
			json_object_set_new(one, strchr(counter_table[k].name, '.') + 1,
					    json_integer((json_int_t)value));
		}
		json_object_set_new(object, trigger_name(trigger), one);
	}
	return object;
}

json_t *engine_status(struct engine *engine, bool groups)
{
	const struct policy *policy = engine_policy(engine);
	json_t *guard = engine->guard_pid ? json_integer(engine->guard_pid) : json_null();
	json_t *status;

	status = json_pack(
		"{s:s, s:s, s:i, s:o, s:s, s:s, s:I, s:b, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o}",
		"version", REEVE_VERSION, "name", engine->name, "pid", (int)getpid(), "guard",
		guard, "mode", engine->gate ? "gate" : "scanner", "layout",
		layout_mode_name(engine->layout->mode), "uptime",
		(json_int_t)((clock_boottime() - engine->started_ns) / UINT64_C(1000000000)),
		"dry_run", engine->options.dry_run, "config", files_to_json(policy), "rules",
		(json_int_t)policy->rule_count, "sources", engine_sources_to_json(engine), "groups",
		groups_to_json(engine, groups), "counters", engine_counters_to_json(engine),
		"problems", problems_to_json(engine), "decisions", decisions_to_json(engine),
		"rule_counts", engine_rules_to_json(engine));
	json_object_set_new(status, "triggers", triggers_to_json(engine));
	json_object_set_new(status, "fleet", engine_fleet_status(engine));
	json_object_set_new(status, "sinks", engine_export_to_json(engine));
	json_object_set_new(status, "services",
			    engine->supervisor ? supervisor_counters(engine->supervisor)
					       : json_null());
	engine_add_before(engine, status);
	return status;
}
