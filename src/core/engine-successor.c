// SPDX-License-Identifier: MIT
/*
 * `reeve reload --exec`, the side of the new program; engine-handover.c tells of the whole. It is
 * given the descriptors of the daemon that runs (the gate with all that it watches, sockets, locks,
 * the program in the kernel that tells executions apart), and makes everything else itself. It asks
 * the gate nothing and takes nothing away before it is told to go.
 */
#include "core/engine-internal.h"
#include "core/engine-watch.h"

#include "config/limits-json.h"
#include "core/guard.h"
#include "core/handover.h"
#include "core/observer-json.h"
#include "util/units.h"

enum { GO_MS = 90000, REST_MS = 10000 };

const char *const engine_gate_names[GATE_CHANNELS] = {
	[GATE_EXEC] = "gate-exec",
	[GATE_EXEC_REMOTE] = "gate-exec-remote",
	[GATE_OPEN] = "gate-open",
};

int engine_inherit(const struct engine *engine, const char *name)
{
	return engine->options.inheritance ? handover_take(engine->options.inheritance, name) : -1;
}

bool engine_is_successor(const struct engine *engine)
{
	return engine->options.inheritance != NULL;
}

int engine_inherited_number(const struct engine *engine, const char *name)
{
	return (int)json_integer_value(json_object_get(engine->options.inheritance->object, name));
}

int engine_check_inheritance(const struct engine *engine, struct error *err)
{
	const char *name;

	if (!engine->options.inheritance)
		return 0;
	name = json_string_value(json_object_get(engine->options.inheritance->object, "name"));
	if (name && streq(name, engine->name))
		return 0;
	return error_set(err, -EINVAL,
			 "the policy's name changed from \"%s\" to \"%s\": restart the daemon for "
			 "that",
			 name ? name : "?", engine->name);
}

/* ---- what was counted ---- */

/* How many there are now: not to be added to what another one has. */
static bool is_level(const char *name)
{
	static const char *const levels[] = {
		"bound",	   "bytes",	    "engine.kernel_denials",
		"history.bytes",   "names.folders", "queued",
		"register.exempt", "running",	    "trigger.running",
		"trigger.waiting", "under_way",	    "waiting",
		"watch.watchers",  "services",	    "failed_now",
	};

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		if (streq(levels[i], name))
			return true;
	return false;
}

static void add_numbers(json_t *object, const json_t *before)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		const json_t *old = json_object_get(before, name);

		if (json_is_integer(value) && json_is_integer(old) && !is_level(name))
			(void)json_integer_set(value,
					       json_integer_value(value) + json_integer_value(old));
	}
}

static json_t *find_named(const json_t *list, const char *name)
{
	json_t *item;
	size_t index;

	json_array_foreach(list, index, item)
	{
		const char *own = json_string_value(json_object_get(item, "name"));

		if (own && streq(own, name))
			return item;
	}
	return NULL;
}

static bool has_rule(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		if (streq(policy->rules[i].name, name))
			return true;
	return false;
}

static void add_rules(const struct engine *engine, json_t *rules, const json_t *before)
{
	json_t *old;
	size_t index;

	json_array_foreach(before, index, old)
	{
		const char *name = json_string_value(json_object_get(old, "name"));
		json_t *own = name ? find_named(rules, name) : NULL;

		if (own)
			add_numbers(own, old);
		else if (name && has_rule(engine_policy(engine), name))
			json_array_append(rules, old);
	}
}

/* The last ones, the oldest first. */
static void add_decisions(json_t *list, const json_t *before)
{
	size_t own = json_array_size(list), room = own < HISTORY ? HISTORY - own : 0;
	size_t old = json_array_size(before);

	for (size_t i = 0; i < MIN(room, old); i++)
		json_array_insert(list, 0, json_array_get(before, old - 1 - i));
}

static void add_triggers(json_t *triggers, const json_t *before)
{
	const char *name;
	json_t *one;

	json_object_foreach(triggers, name, one)
	{
		add_numbers(one, json_object_get(before, name));
	}
}

static void add_sinks(json_t *sinks, const json_t *before)
{
	json_t *sink;
	size_t index;

	json_array_foreach(sinks, index, sink)
	{
		const char *name = json_string_value(json_object_get(sink, "name"));
		const json_t *old = name ? find_named(before, name) : NULL;

		add_numbers(sink, old);
		add_numbers(json_object_get(sink, "spool"), json_object_get(old, "spool"));
	}
}

void engine_add_before(const struct engine *engine, json_t *status)
{
	const json_t *before = engine->before;

	if (!before)
		return;
	add_numbers(json_object_get(status, "counters"), json_object_get(before, "counters"));
	add_triggers(json_object_get(status, "triggers"), json_object_get(before, "triggers"));
	add_rules(engine, json_object_get(status, "rule_counts"),
		  json_object_get(before, "rule_counts"));
	add_decisions(json_object_get(status, "decisions"), json_object_get(before, "decisions"));
	add_sinks(json_object_get(status, "sinks"), json_object_get(before, "sinks"));
	add_numbers(json_object_get(json_object_get(status, "fleet"), "counters"),
		    json_object_get(json_object_get(before, "fleet"), "counters"));
}

static void keep_larger(json_t *object, const json_t *before)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		json_int_t old = json_integer_value(json_object_get(before, name));

		if (json_is_integer(value) && old > json_integer_value(value))
			(void)json_integer_set(value, old);
	}
}

static void take_state(struct engine *engine, const struct handover_in *in)
{
	const json_t *started = json_object_get(in->object, "started");

	json_t *status = json_object_get(in->object, "status");

	/* What it had closed before it spoke last, it counts from nothing. */
	keep_larger(json_object_get(status, "counters"),
		    json_object_get(engine->before, "counters"));
	json_decref(engine->before);
	engine->before = json_incref(status);
	if (json_is_integer(started))
		engine->started_ns = (uint64_t)json_integer_value(started);
}

/* Groups that rules had made on demand while we were being started. */
static void take_on_demand(struct engine *engine, const struct handover_in *in)
{
	const json_t *list = json_object_get(in->object, "on_demand"), *item;
	size_t index;

	json_array_foreach(list, index, item)
	{
		const char *name = json_string_value(json_object_get(item, "name"));
		_cleanup_(limits_done) struct limits limits = { 0 };
		_cleanup_(error_done) struct error err = ERROR_INIT;
		struct group_spec spec = { .name = name, .limits = &limits, .on_demand = true };
		struct group_problems problems = { 0 };
		int r;

		if (!name || groups_find(engine->groups, name))
			continue;
		r = limits_from_json(json_object_get(item, "limits"), &limits, &err);
		if (r >= 0)
			r = groups_apply_one(engine->groups, &spec, &problems, &err);
		if (r >= 0)
			r = adhoc_adopt(engine->adhoc, name);
		if (r < 0)
			log_warning(engine->log, "group \"%s\" is not known any more: %s", name,
				    error_text(&err));
		group_problems_done(&problems);
	}
	engine_sweep_later(engine);
}

static void arm_tickets(struct engine *engine, const struct handover_in *in)
{
	const json_t *list = json_object_get(in->object, "tickets"), *ticket;
	size_t index;

	if (engine_inherited_number(engine, "confirm_layout") != confirm_layout() ||
	    !engine->confirm || confirm_is_fast(engine->confirm))
		return;
	json_array_foreach(list, index, ticket)
	{
		confirm_arm(engine->confirm, (pid_t)json_integer_value(json_array_get(ticket, 0)),
			    (uint64_t)json_integer_value(json_array_get(ticket, 1)));
	}
}

/* ---- the order of things ---- */

static int say(const struct engine *engine, const char *type)
{
	struct handover_out out;
	int r = handover_begin(&out, type);

	if (r >= 0)
		r = json_object_set_new(out.object, "version", json_string(REEVE_VERSION));
	if (r >= 0)
		r = json_object_set_new(out.object, "since",
					json_integer((json_int_t)engine->gate_since));
	if (r >= 0)
		return handover_send(engine->options.predecessor, &out);
	handover_out_done(&out);
	return -ENOMEM;
}

int engine_succession_wait(struct engine *engine, struct error *err)
{
	struct handover_in in;
	int r;

	if (!engine_is_successor(engine))
		return 0;
	r = say(engine, "ready");
	if (r >= 0)
		r = handover_receive(engine->options.predecessor, GO_MS, &in);
	if (r < 0)
		return error_set_errno(err, r, "the daemon that runs does not let us begin");
	engine->blind_since = clock_boottime();
	/* Nothing here opens a file: nobody answers at the gate. */
	arm_tickets(engine, &in);
	engine->go = in.object;
	in.object = NULL;
	handover_in_done(&in);
	return 0;
}

/* What it decided before, and knows only now how that came out. */
static void take_record(struct engine *engine, const struct handover_in *in)
{
	const char *kind = json_string_value(json_object_get(in->object, "kind"));
	const char *json = json_string_value(json_object_get(in->object, "json"));
	const json_t *time = json_object_get(in->object, "time");

	if (kind && json)
		engine_export_passed(engine, kind, (uint64_t)json_integer_value(time), json);
}

static int on_end(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct engine *engine = userdata;
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct handover_in in;
	int r = handover_receive(fd, 0, &in);

	if (r == -ETIMEDOUT || r == -EAGAIN)
		return 0;
	if (r >= 0 && handover_is(&in, "record")) {
		take_record(engine, &in);
		handover_in_done(&in);
		return 0;
	}
	engine->predecessor = sd_event_source_disable_unref(engine->predecessor);
	if (r >= 0) {
		take_state(engine, &in);
		take_on_demand(engine, &in);
		engine_later_add(engine, json_object_get(in.object, "later"));
		handover_in_done(&in);
	} else {
		log_warning(engine->log,
			    "the daemon before this one has ended without a word: what it counted "
			    "last is not known");
	}
	engine_later_do(engine);
	/* Now that it uses none of them any more. */
	if (engine_settle_groups(engine, &err) < 0)
		log_error(engine->log, "%s", error_text(&err));
	return 0;
}

static void take_history(struct engine *engine, int fd)
{
	int r = engine_history_take(engine, fd);

	close(fd);
	if (r < 0)
		log_warning(engine->log, "what groups have used before is not known: %s",
			    r == -EBADMSG ? "another version has kept it otherwise" : strerror(-r));
}

static int take_rest(struct engine *engine, struct error *err)
{
	struct handover_in in;
	const char *name;
	int fd = -1, r = handover_receive(engine->options.predecessor, REST_MS, &in);

	if (r < 0)
		return error_set_errno(err, r, "the daemon before this one does not hand over");
	for (size_t i = 0; (name = handover_take_at(&in, i, &fd)); i++) {
		if (streq(name, ENGINE_HISTORY_NAME))
			take_history(engine, fd);
		else if (supervisor_take(engine->supervisor, name, fd) < 0)
			closep(&fd);
	}
	handover_in_done(&in);
	return 0;
}

int engine_succession_complete(struct engine *engine, struct error *err)
{
	struct handover_in go = { .object = engine->go };
	const json_t *observed;
	int r;

	if (!engine_is_successor(engine))
		return 0;
	observed = json_object_get(engine->go, "observed");
	if (json_is_integer(observed))
		engine->blind_since = (uint64_t)json_integer_value(observed);
	observer_told_from_json(json_object_get(engine->go, "told"), &engine->told);
	r = say(engine, "running");
	if (r < 0)
		return error_set_errno(err, r, "the daemon before this one has gone");
	r = take_rest(engine, err);
	if (r < 0)
		return r;
	take_state(engine, &go);
	take_on_demand(engine, &go);
	engine_later_add(engine, json_object_get(engine->go, "later"));
	json_decref(engine->go);
	engine->go = NULL;
	engine->counters.handovers++;
	return sd_event_add_io(engine->event, &engine->predecessor, engine->options.predecessor,
			       EPOLLIN, on_end, engine);
}

void engine_succession_refuse(int predecessor, int code, const struct diagnostics *diagnostics,
			      struct error *err)
{
	struct handover_out out;

	engine_name_mistake(diagnostics, err);
	if (handover_begin(&out, "failed") < 0) {
		handover_out_done(&out);
		return;
	}
	json_object_set_new(out.object, "errno", json_integer(-code));
	json_object_set_new(out.object, "message", json_string(error_text(err)));
	if (diagnostics->count > 0)
		json_object_set_new(out.object, "diagnostics", diagnostics_to_json(diagnostics));
	(void)handover_send(predecessor, &out);
}

/* ---- ends of processes that are not our children ---- */

void engine_note_end(struct engine *engine, pid_t pid, int status)
{
	struct foreign_end *end = &engine->foreign_ends[engine->foreign_next];

	*end = (struct foreign_end){ pid, status };
	engine->foreign_next = (engine->foreign_next + 1) % FOREIGN_ENDS;
}

int engine_foreign_status(void *userdata, pid_t pid, int *ret_status)
{
	struct engine *engine = userdata;
	struct guard_message message;

	/* The guard says it before it lets the process go. */
	while (engine->options.guard_fd >= 0 &&
	       guard_receive(engine->options.guard_fd, &message) > 0)
		engine_take_guard(engine, &message);
	for (size_t i = 0; i < FOREIGN_ENDS; i++) {
		struct foreign_end *end = &engine->foreign_ends[i];

		if (end->pid != pid)
			continue;
		*ret_status = end->status;
		end->pid = 0;
		return 0;
	}
	return -ESRCH;
}
