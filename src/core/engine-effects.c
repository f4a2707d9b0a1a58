// SPDX-License-Identifier: MIT
/*
 * The loop's part of what rules do: groups made on demand, whole trees and groups of processes,
 * delays, messages and triggers; and all of it for processes that nobody holds, which are known by
 * their start time and reached by a descriptor.
 *
 * A process that the gate holds is released when all is done, but not before its delay is over;
 * meanwhile the policy that decided stays, for the release needs none of it.
 *
 * Who was placed after it had begun may have children already: all that descends from it follows,
 * but for those that are in a group of ours, where something has put them.
 */
#include "core/engine-internal.h"

#include "action/adhoc.h"
#include "action/tree.h"
#include "core/decision-json.h"
#include "core/effects.h"
#include "core/subject.h"
#include "util/fields.h"
#include "util/text.h"

#include <signal.h>

/* How long after its making a group is looked at whether it is empty. */
enum { SWEEP_USEC = 2000000 };

/* Decisions that the gate's threads have not timed themselves. */
#define OURS (DECISION_HELD | DECISION_UNHELD | DECISION_AFTER | DECISION_SCAN)

/* What is being done about one process. */
struct act {
	struct engine *engine;
	struct urgent *urgent;
	struct effects effects;
	const struct policy *policy;
	char group[DECISION_GROUP];	/* of ours, that it is in now; "": none */
	const struct placement *placed; /* what it was moved into; NULL: nothing */
	uint64_t delay_ns;
};

/* ---- groups made on demand ---- */

static int on_sweep(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct engine *engine = userdata;

	engine->sweep_timer = sd_event_source_disable_unref(engine->sweep_timer);
	if (adhoc_sweep(engine->adhoc, NULL, NULL) > 0)
		engine_limits_groups_changed(engine);
	engine_sweep_later(engine);
	return 0;
}

void engine_sweep_later(struct engine *engine)
{
	if (!engine->sweep_timer && adhoc_count(engine->adhoc) > 0)
		(void)sd_event_add_time_relative(engine->event, &engine->sweep_timer,
						 CLOCK_MONOTONIC, SWEEP_USEC, SWEEP_USEC / 2,
						 on_sweep, engine);
}

static int enter(struct act *act, const struct plan_step *step, const char *name,
		 const struct limits *limits)
{
	struct engine *engine = act->engine;
	struct group_problems problems = { 0 };
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct group *group;
	int r = adhoc_get(engine->adhoc, name, limits, &problems, &group, &err);

	for (size_t i = 0; i < problems.count; i++)
		log_limited(engine->log, &engine->move_limit, LOG_WARNING, "%s",
			    problems.items[i].message);
	group_problems_done(&problems);
	if (r < 0) {
		log_limited(engine->log, &engine->move_limit, LOG_WARNING,
			    "rule \"%s\": no group for process %d: %s",
			    act->policy->rules[step->rule].name, act->effects.target.pid,
			    error_text(&err));
		return r;
	}
	engine_sweep_later(engine);
	engine_limits_groups_changed(engine);
	r = effects_move(&act->effects, group_placement(group));
	if (r < 0)
		return r;
	act->placed = group_placement(group);
	snprintf(act->group, sizeof(act->group), "%s", name);
	snprintf(act->urgent->decision.made, sizeof(act->urgent->decision.made), "%s", name);
	act->urgent->decision.group_rule = (int)step->rule;
	return 0;
}

/* A field as one part of a group's name: nothing leads out of it, and nothing is empty. */
struct part {
	struct trigger_values *values;
	char text[256];
};

static struct slice part_of(char letter, void *userdata)
{
	struct part *part = userdata;
	struct slice value = trigger_values_field(letter, part->values);

	return (struct slice){
		part->text,
		adhoc_part(value.data, value.size, part->text, sizeof(part->text)),
	};
}

static int enter_template(struct act *act, const struct plan_step *step)
{
	struct trigger_values values;
	struct part part = { .values = &values };
	char name[DECISION_GROUP];
	ssize_t n;

	engine_values(act->engine, act->urgent, act->policy, &act->policy->rules[step->rule],
		      &values);
	n = fields_expand_into(step->effect->group.template, part_of, &part, name, sizeof(name));
	return n < 0 ? (n == -ENOBUFS ? -ENAMETOOLONG : (int)n)
		     : enter(act, step, name, step->effect->group.limits);
}

/* Below the group that a rule has put it into, for that one's limits hold as well. */
static int enter_own(struct act *act, const struct plan_step *step)
{
	const struct target *target = &act->effects.target;
	const char *rule = act->policy->rules[step->rule].name;
	char name[DECISION_GROUP], part[256];
	int n;

	(void)adhoc_part(rule, strlen(rule), part, 40);
	n = snprintf(name, sizeof(name), "%s/%s-%d-%llx", act->group[0] ? act->group : "limits",
		     part, target->pid, (unsigned long long)act->urgent->decision.start);
	if (n < 0 || (size_t)n >= sizeof(name))
		return -ENAMETOOLONG;
	return enter(act, step, name, step->effect->limit);
}

static int enter_group(struct act *act, const struct plan_step *step)
{
	int r, index = step->effect->group.index;

	if (index == POLICY_NONE)
		return enter_template(act, step);
	act->urgent->decision.group = index;
	act->urgent->decision.group_rule = (int)step->rule;
	r = effects_move(&act->effects, act->effects.snapshot->placements[index]);
	if (r < 0)
		return r;
	act->placed = act->effects.snapshot->placements[index];
	snprintf(act->group, sizeof(act->group), "%s", act->policy->groups[index].name);
	return 0;
}

/* ---- places that are not ours ---- */

static int enter_place(struct act *act, const struct plan_step *step)
{
	struct engine *engine = act->engine;
	int r = engine_find_place(engine, act->urgent, act->policy, step);

	r = effects_place(&act->effects, step, r);
	if (act->urgent->decision.flags & DECISION_MOVED)
		act->placed = &engine->destination.placement;
	return r;
}

/* ---- descendants ---- */

struct sweep {
	struct act *act;
	bool foreign; /* into groups that are not ours */
	struct membership was;
	size_t moved;
};

static bool is_placed(const struct group_bases *bases, const struct membership *was)
{
	const char *path;
	size_t length;

	for (size_t i = 0; i < bases->count; i++)
		if (membership_path(was, bases->in[i].hierarchy, &path, &length) &&
		    group_of_path(bases, bases->in[i].hierarchy, path, length).size > 0)
			return true;
	return false;
}

/* Was it forked since the change that placed its parent? Then it acts as that one, and is still
 * where that one was. */
static bool is_alike(const struct sweep *sweep, pid_t pid)
{
	const struct placement *placed = sweep->act->placed;
	const struct subject *parent = &sweep->act->urgent->subject;
	const struct membership *was = sweep->act->effects.was;
	struct subject child = { 0 };

	for (size_t i = 0; i < placed->count; i++) {
		struct slice here, there;

		if (!membership_path(was, placed->in[i].hierarchy, &there.data, &there.size) ||
		    !membership_path(&sweep->was, placed->in[i].hierarchy, &here.data,
				     &here.size) ||
		    !slice_eq(here, there))
			return false;
	}
	subject_read(sweep->act->engine->host, pid, pid, &child);
	return child.euid == parent->euid && child.egid == parent->egid;
}

static int move_descendant(pid_t pid, uint64_t start, void *userdata)
{
	struct sweep *sweep = userdata;
	struct engine *engine = sweep->act->engine;
	int r = membership_read(engine->host, pid, &sweep->was);

	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	if (engine_is_own(engine, pid) ||
	    (sweep->foreign ? !is_alike(sweep, pid)
			    : is_placed(&sweep->act->effects.snapshot->bases, &sweep->was)))
		return 0;
	r = placement_move(sweep->act->placed, pid, &sweep->was);
	sweep->moved += r > 0;
	return MIN(r, 0);
}

static void take_descendants(struct act *act)
{
	_cleanup_(freep) struct sweep *sweep = calloc(1, sizeof(*sweep));
	struct tree_result result = { 0 };
	int r;

	if (!sweep || !act->placed)
		return;
	sweep->act = act;
	sweep->foreign = act->placed == &act->engine->destination.placement;
	r = tree_each(act->engine->host, act->effects.target.pid, false, move_descendant, sweep,
		      &result);
	act->engine->counters.descendants += sweep->moved;
	if (r < 0 || result.failed > 0 || result.unstable)
		log_limited(act->engine->log, &act->engine->move_limit, LOG_WARNING,
			    "not all that descends from process %d is in group \"%s\": %s",
			    act->effects.target.pid,
			    decision_group(&act->urgent->decision, act->policy),
			    r < 0	    ? strerror(-r)
			    : result.failed ? strerror(-result.last_error)
					    : "it forks faster than can be followed");
}

/* ---- whole trees and groups ---- */

static struct group *group_of(struct act *act)
{
	struct slice was = urgent_text(act->urgent, URGENT_GROUP);

	if (act->group[0] == '\0' && was.size > 0 && was.size < sizeof(act->group)) {
		memcpy(act->group, was.data, was.size);
		act->group[was.size] = '\0';
	}
	return act->group[0] ? groups_find(act->engine->groups, act->group) : NULL;
}

static int signal_tree(struct act *act, int number)
{
	struct tree_result result = { 0 };
	int r;

	/* Nobody is known: all that runs descends from 0. */
	if (act->effects.target.pid == 0)
		return -ESRCH;
	r = tree_signal(act->engine->host, act->effects.target.pid, true, number, act->effects.own,
			&result);
	if (r < 0)
		return r;
	if (result.unstable)
		log_limited(act->engine->log, &act->engine->move_limit, LOG_WARNING,
			    "not all that descends from process %d was sent signal %d: it "
			    "forks faster than can be followed",
			    act->effects.target.pid, number);
	if (result.done == 0)
		return result.last_error < 0 ? result.last_error : -ESRCH;
	return result.failed > 0 ? result.last_error : 0;
}

static int signal_members(struct act *act, struct group *group, int number)
{
	_cleanup_(freep) pid_t *pids = NULL;
	size_t count = 0;
	int r = group_members(group, true, &pids, &count), worst = 0;

	for (size_t i = 0; r >= 0 && i < count; i++) {
		_cleanup_(target_done) struct target target = TARGET_INIT;

		if (engine_is_own(act->engine, pids[i]) ||
		    target_open(act->engine->host, pids[i], 0, &target) < 0)
			continue;
		if (target_signal(&target, number) == -EPERM)
			worst = -EPERM;
	}
	return r < 0 ? r : worst;
}

static int act_on_group(struct act *act, const struct policy_effect *effect)
{
	struct group *group = group_of(act);
	int r;

	if (!group)
		return -ENOENT;
	switch (effect->kind) {
	case EFFECT_FREEZE:
	case EFFECT_THAW:
		/* The order is given; that all have followed it is not waited for. */
		r = group_freeze(group, effect->kind == EFFECT_FREEZE, 0, NULL);
		return r == -ETIMEDOUT ? 0 : r;
	case EFFECT_KILL:
		return engine_kill_group(act->engine, group);
	default:
		return signal_members(act, group, effect->signal.number);
	}
}

static int act_on_tree(struct act *act, const struct policy_effect *effect)
{
	switch (effect->kind) {
	case EFFECT_FREEZE:
		return signal_tree(act, SIGSTOP);
	case EFFECT_THAW:
		return signal_tree(act, SIGCONT);
	default:
		return signal_tree(act, effect->signal.number);
	}
}

static enum effect_scope scope_of(const struct policy_effect *effect)
{
	return effect->kind == EFFECT_FREEZE || effect->kind == EFFECT_THAW ? effect->scope
									    : effect->signal.scope;
}

/* ---- one step ---- */

static int write_message(struct act *act, const struct plan_step *step)
{
	const struct policy_rule *rule = &act->policy->rules[step->rule];
	const struct decision *decision = &act->urgent->decision;
	struct trigger_values values;
	_cleanup_(text_done) struct text text, line;
	int r = 0;

	text_init(&text);
	text_init(&line);
	engine_values(act->engine, act->urgent, act->policy, rule, &values);
	if (step->effect->log.message)
		r = fields_expand(step->effect->log.message, trigger_values_field, &values, &text);
	else
		text_addf(&text, "rule \"%s\": process %d: %s %s", rule->name, decision->pid,
			  occasion_names[decision->on], act->urgent->path);
	if (r >= 0 && text.size > 0)
		text_add_escaped(&line, text.data, text.size);
	if (r < 0 || text.failed || line.failed)
		return r < 0 ? r : -ENOMEM;
	log_write(act->engine->log, step->effect->log.level, "%s", line.data ? line.data : "");
	return 0;
}

static int do_step(struct act *act, const struct plan_step *step)
{
	const struct policy_effect *effect = step->effect;

	switch (effect->kind) {
	case EFFECT_DELAY:
		if (!act->effects.waits)
			return -EALREADY;
		act->delay_ns = effect->delay_ns;
		return 0;
	case EFFECT_GROUP:
		return enter_group(act, step);
	case EFFECT_PLACE:
		return enter_place(act, step);
	case EFFECT_LIMIT:
		return enter_own(act, step);
	case EFFECT_LOG:
		return write_message(act, step);
	case EFFECT_TRIGGER:
		return engine_run_trigger(act->engine, act->urgent, act->effects.snapshot->shared,
					  step->rule, effect->trigger);
	default:
		break;
	}
	return scope_of(effect) == SCOPE_TREE ? act_on_tree(act, effect)
					      : act_on_group(act, effect);
}

/* Needs no process. */
static bool is_about_group(const struct policy_effect *effect)
{
	switch (effect->kind) {
	case EFFECT_LOG:
	case EFFECT_TRIGGER:
		return true;
	case EFFECT_FREEZE:
	case EFFECT_THAW:
	case EFFECT_SIGNAL:
	case EFFECT_KILL:
		return scope_of(effect) == SCOPE_GROUP;
	default:
		return false;
	}
}

static void take_step(struct act *act, const struct plan_step *step)
{
	int r;

	if (!effects_allow(&act->effects, step))
		return;
	if (act->effects.target.pid <= 0 && !is_about_group(step->effect)) {
		effects_note(&act->effects, step, -ESRCH);
		return;
	}
	if (effect_place(step->effect) == PLACE_HERE &&
	    !(EFFECTS_THAT_PLACE >> step->effect->kind & 1)) {
		(void)effects_carry_out(&act->effects, step);
		return;
	}
	r = do_step(act, step);
	effects_note(&act->effects, step, r);
	if (step->effect->kind == EFFECT_KILL && r >= 0)
		act->urgent->decision.flags |= DECISION_KILLED;
}

/* ---- releases ---- */

struct delayed {
	struct delayed *next;
	struct engine *engine;
	sd_event_source *timer;
	int64_t hold;
	bool allow;
};

static void drop_delayed(struct delayed *delayed)
{
	struct delayed **at = &delayed->engine->delayed;

	while (*at != delayed)
		at = &(*at)->next;
	*at = delayed->next;
	sd_event_source_disable_unref(delayed->timer);
	free(delayed);
}

static int on_delay_over(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct delayed *delayed = userdata;

	(void)gate_release(delayed->engine->gate, delayed->hold, delayed->allow);
	drop_delayed(delayed);
	return 0;
}

/* False: there is nothing left to wait for, or no memory to remember it. */
static bool release_later(struct act *act, bool allow)
{
	struct engine *engine = act->engine;
	uint64_t end = act->urgent->decision.time_ns + act->delay_ns, now = clock_boottime();
	struct delayed *delayed;

	if (act->delay_ns == 0 || end <= now)
		return false;
	delayed = calloc(1, sizeof(*delayed));
	if (!delayed)
		return false;
	*delayed = (struct delayed){
		.next = engine->delayed,
		.engine = engine,
		.hold = act->urgent->hold,
		.allow = allow,
	};
	engine->delayed = delayed;
	if (sd_event_add_time_relative(engine->event, &delayed->timer, CLOCK_MONOTONIC,
				       (end - now) / 1000, 1, on_delay_over, delayed) >= 0)
		return true;
	drop_delayed(delayed);
	return false;
}

/* The clock has answered before all was done. */
static void note_late(struct act *act)
{
	struct decision *decision = &act->urgent->decision;

	decision->flags |= DECISION_LATE;
	for (unsigned i = 0; i < decision->rule_count; i++)
		rule_stat_add(&act->effects.snapshot->shared->stats[decision->rules[i]].late);
}

static void release(struct act *act)
{
	const struct decision *decision = &act->urgent->decision;
	bool allow = !(decision->flags & (DECISION_DENIED | DECISION_KILLED));

	if (!act->engine->gate || release_later(act, allow))
		return;
	if (gate_release(act->engine->gate, act->urgent->hold, allow) < 0)
		note_late(act);
}

void engine_drop_effects(struct engine *engine)
{
	while (engine->delayed) {
		(void)gate_release(engine->gate, engine->delayed->hold, engine->delayed->allow);
		drop_delayed(engine->delayed);
	}
	engine_stop_kills(engine);
	engine->sweep_timer = sd_event_source_disable_unref(engine->sweep_timer);
}

/* ---- all of it ---- */

bool engine_is_own(const struct engine *engine, pid_t pid)
{
	return pid == getpid() || (engine->guard_pid != 0 && pid == engine->guard_pid);
}

static void note_time(struct act *act)
{
	struct decision *decision = &act->urgent->decision;
	uint64_t took = clock_boottime() - decision->time_ns;

	decision->took_us = (uint32_t)(took / 1000);
	for (unsigned i = 0; i < decision->rule_count; i++)
		rule_stat_took(&act->effects.snapshot->shared->stats[decision->rules[i]], took);
}

void engine_carry_out(struct engine *engine, struct urgent *urgent)
{
	const struct snapshot *snapshot = engine_snapshot(engine, urgent->decision.generation);
	const pid_t own[] = { getpid(), engine->guard_pid, 0 };
	struct act act = {
		.engine = engine,
		.urgent = urgent,
		.effects = {
			.host = engine->host,
			.snapshot = snapshot,
			.own = own,
			.target = { .pid = urgent->decision.pid, .pidfd = -1 },
			.waits = urgent->hold != 0,
			.was = &engine->was,
			.destination = &engine->destination,
			.decision = &urgent->decision,
		},
	};

	if (!snapshot) {
		/* Only after a lost race with memory: the process must not wait for ever. */
		if (urgent->hold != 0 && engine->gate)
			(void)gate_release(engine->gate, urgent->hold, true);
		return;
	}
	act.policy = snapshot_policy(snapshot);
	if (!act.effects.waits && urgent->plan.kinds & ~EFFECTS_BESIDE)
		(void)target_open(engine->host, urgent->decision.pid, urgent->decision.start,
				  &act.effects.target);
	act.effects.target.pid = urgent->decision.pid;
	/* A limit is met by a group: what is done is done to that. */
	if (urgent->decision.pid == 0)
		act.effects.protection = TARGET_FREE;
	else if (urgent->plan.kinds & ~EFFECTS_BESIDE)
		effects_begin(&act.effects);
	for (size_t i = 0; i < urgent->plan.count; i++)
		take_step(&act, &urgent->plan.steps[i]);
	if (act.effects.waits)
		release(&act);
	else if (urgent->decision.flags & DECISION_MOVED &&
		 urgent->decision.flags & (DECISION_AFTER | DECISION_SCAN))
		take_descendants(&act);
	if (urgent->decision.flags & OURS)
		note_time(&act);
	target_done(&act.effects.target);
}
