// SPDX-License-Identifier: MIT
/*
 * A process that waits in the gate cannot go away from its number: it may be killed, but stays
 * until it is waited for, and moves, signals and settings of it are of no harm then. Of one that
 * does not wait, signals go through its descriptor; what takes a number only (cgroup.procs,
 * priorities) is preceded by a look whether it is still there.
 *
 * `freeze` and `thaw` of a process, which has no group of its own, are SIGSTOP and SIGCONT: one
 * that waits stops before it gets back to its program, or begins the new one.
 */
#include "core/effects.h"

#include "action/setting.h"
#include "core/gatekeeper.h"
#include "core/place.h"

#include <signal.h>

static void count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

enum effect_place effect_place(const struct policy_effect *effect)
{
	switch (effect->kind) {
	case EFFECT_DELAY:
	case EFFECT_LIMIT:
		return PLACE_LOOP;
	case EFFECT_GROUP:
		return effect->group.index == POLICY_NONE ? PLACE_LOOP : PLACE_HERE;
	case EFFECT_PLACE:
		return effect->place.fields ? PLACE_LOOP : PLACE_HERE;
	case EFFECT_FREEZE:
	case EFFECT_THAW:
		return effect->scope == SCOPE_PROCESS ? PLACE_HERE : PLACE_LOOP;
	case EFFECT_SIGNAL:
	case EFFECT_KILL:
		return effect->signal.scope == SCOPE_PROCESS ? PLACE_HERE : PLACE_LOOP;
	case EFFECT_LOG:
	case EFFECT_TRIGGER:
		return PLACE_LATER;
	default:
		return PLACE_HERE;
	}
}

void effects_begin(struct effects *effects)
{
	effects->protection = target_protection(effects->host, effects->target.pid, effects->own);
}

static struct rule_stat *stat_of(const struct effects *effects, const struct plan_step *step)
{
	return &effects->snapshot->shared->stats[step->rule];
}

/* To act on a number that is none of ours would hit somebody else, whatever a rule says. */
static bool is_spared(const struct effects *effects, const struct plan_step *step)
{
	const struct policy_rule *rule = &snapshot_policy(effects->snapshot)->rules[step->rule];

	if (effects->protection == TARGET_FREE || EFFECTS_BESIDE >> step->effect->kind & 1)
		return false;
	return !rule->force || effects->protection == TARGET_FOREIGN_NUMBER;
}

bool effects_allow(struct effects *effects, const struct plan_step *step)
{
	enum effect_kind kind = step->effect->kind;
	struct decision *decision = effects->decision;

	if (step->dry) {
		decision->flags |= DECISION_DRY;
		decision->outcome.dry |= UINT32_C(1) << kind;
		if (kind == EFFECT_GROUP && decision->group == POLICY_NONE) {
			decision->group = step->effect->group.index;
			decision->group_rule = (int)step->rule;
		}
		if (kind == EFFECT_PLACE && decision->group == POLICY_NONE)
			decision->group_rule = (int)step->rule;
		rule_stat_effect(stat_of(effects, step), kind, RESULT_DRY, 0);
		return false;
	}
	if (!is_spared(effects, step))
		return true;
	decision->outcome.spared |= UINT32_C(1) << kind;
	rule_stat_effect(stat_of(effects, step), kind, RESULT_SPARED, 0);
	return false;
}

bool effects_will_deny(const struct effects *effects, const struct plan *plan)
{
	const struct plan_step *step = plan_find(plan, EFFECT_DENY);

	return step && effects->waits && !is_spared(effects, step);
}

void effects_note(struct effects *effects, const struct plan_step *step, int result)
{
	enum effect_kind kind = step->effect->kind;
	struct outcome *outcome = &effects->decision->outcome;

	if (result >= 0) {
		outcome->done |= UINT32_C(1) << kind;
		if (kind == EFFECT_DENY || kind == EFFECT_KILL)
			effects->decision->group_rule = (int)step->rule;
		rule_stat_effect(stat_of(effects, step), kind, RESULT_DONE, 0);
		return;
	}
	if (outcome->failed == 0) {
		outcome->failed_kind = (uint16_t)kind;
		outcome->failed_errno = (uint16_t)-result;
	}
	outcome->failed |= UINT32_C(1) << kind;
	rule_stat_effect(stat_of(effects, step), kind, RESULT_FAILED, -result);
}

/* ---- moving ---- */

/* Keeps one line of /proc/PID/cgroup; false when there is no more room. */
static bool keep_line(struct decision *decision, const struct membership *was, unsigned hierarchy)
{
	size_t used = decision->was_size, length;
	const char *path;
	int n;

	if (!membership_path(was, hierarchy, &path, &length))
		return true;
	n = snprintf(decision->was + used, sizeof(decision->was) - used, "%u::%.*s\n", hierarchy,
		     (int)length, path);
	if (n < 0 || (size_t)n >= sizeof(decision->was) - used)
		return false;
	decision->was_size = (uint16_t)(used + (size_t)n);
	return true;
}

/* Keeps what a move back would need: of the hierarchies entered, and of those left. */
static void keep_way_back(struct effects *effects, const struct placement *placement)
{
	struct decision *decision = effects->decision;
	const struct placement_exits *exits = placement->exits;
	bool kept = true;

	for (size_t i = 0; kept && i < placement->count; i++)
		kept = keep_line(decision, effects->was, placement->in[i].hierarchy);
	for (size_t i = 0; kept && exits && i < exits->count; i++)
		kept = placement_has(placement, exits->from[i].hierarchy) ||
		       keep_line(decision, effects->was, exits->from[i].hierarchy);
	if (!kept) {
		decision->flags |= DECISION_NO_WAY_BACK;
		if (effects->counters)
			count(&effects->counters->no_way_back);
	}
}

static void count_move(struct effects *effects, int result)
{
	struct gatekeeper_counters *counters = effects->counters;

	if (!counters)
		return;
	if (result == -ESRCH) {
		count(&counters->vanished);
	} else if (result < 0) {
		count(&counters->move_failed);
		atomic_store(&counters->last_error, -result);
	} else {
		count(result > 0 ? &counters->moved : &counters->already);
	}
}

int effects_move(struct effects *effects, const struct placement *placement)
{
	struct decision *decision = effects->decision;
	pid_t pid = effects->target.pid;
	int r, known;

	known = placement ? membership_read(effects->host, pid, effects->was) : -ENODEV;
	if (known == -ENOENT)
		known = -ESRCH;
	if (!effects->waits && !target_is_alive(&effects->target))
		known = -ESRCH;
	if (!placement || known == -ESRCH) {
		r = placement ? -ESRCH : -ENOENT;
	} else {
		if (known >= 0)
			keep_way_back(effects, placement);
		else
			decision->flags |= DECISION_NO_WAY_BACK;
		r = placement_move(placement, pid, known >= 0 ? effects->was : NULL);
	}
	count_move(effects, r);
	if (r >= 0)
		decision->flags |= r > 0 ? DECISION_MOVED : DECISION_ALREADY;
	decision->result = MIN(r, 0);
	return decision->result;
}

/* ---- the process itself ---- */

static struct setting setting_of(const struct policy_effect *effect)
{
	struct setting setting = { 0 };

	switch (effect->kind) {
	case EFFECT_NICE:
		setting.kind = SETTING_NICE;
		setting.nice = effect->nice;
		break;
	case EFFECT_IONICE:
		setting.kind = SETTING_IONICE;
		setting.ionice.class = effect->ionice.class;
		setting.ionice.level = effect->ionice.level;
		break;
	case EFFECT_SCHED:
		setting.kind = SETTING_SCHED;
		setting.sched.policy = effect->sched.policy;
		setting.sched.priority = effect->sched.priority;
		break;
	case EFFECT_OOM_SCORE_ADJ:
		setting.kind = SETTING_OOM_SCORE_ADJ;
		setting.oom_score_adj = effect->oom_score_adj;
		break;
	case EFFECT_AFFINITY:
		setting.kind = SETTING_AFFINITY;
		setting.affinity.mask = effect->cpus;
		setting.affinity.words = POLICY_CPUS / 64;
		break;
	case EFFECT_RLIMIT:
		setting.kind = SETTING_RLIMIT;
		setting.rlimit.resource = effect->rlimit.resource;
		setting.rlimit.soft = effect->rlimit.soft;
		setting.rlimit.hard = effect->rlimit.hard;
		break;
	default:
		setting.kind = SETTING_TIMER_SLACK;
		setting.timer_slack_ns = effect->timer_slack_ns;
		break;
	}
	return setting;
}

static int set(const struct effects *effects, const struct policy_effect *effect)
{
	const struct setting setting = setting_of(effect);

	if (!effects->waits && !target_is_alive(&effects->target))
		return -ESRCH;
	return setting_apply(effects->host, effects->target.pid, &setting);
}

static int signal_process(const struct effects *effects, int number)
{
	if (!effects->waits)
		return target_signal(&effects->target, number);
	return kill(effects->target.pid, number) < 0 ? -errno : 0;
}

static int kill_process(struct effects *effects, const struct policy_effect *effect)
{
	int r = signal_process(effects, effect->signal.number);

	if (r >= 0 && effects->counters)
		count(&effects->counters->killed);
	if (r >= 0)
		effects->decision->flags |= DECISION_KILLED;
	return r;
}

static int move(struct effects *effects, const struct plan_step *step)
{
	int group = step->effect->group.index;

	effects->decision->group = group;
	effects->decision->group_rule = (int)step->rule;
	return effects_move(effects, effects->snapshot->placements[group]);
}

/* A child of a program that a rule has placed, which no rule names itself. */
static bool stays(struct effects *effects, const struct plan_step *step)
{
	const struct snapshot *snapshot = effects->snapshot;

	return snapshot_policy(snapshot)->rules[step->rule].yields &&
	       effects->decision->on == ON_EXECUTE &&
	       membership_read(effects->host, effects->target.pid, effects->was) >= 0 &&
	       named_places_have(&snapshot->named, &effects->destination->placement, effects->was);
}

int effects_place(struct effects *effects, const struct plan_step *step, int found)
{
	int r;

	effects->decision->group_rule = (int)step->rule;
	if (stays(effects, step)) {
		effects->decision->flags |= DECISION_ALREADY;
		return 0;
	}
	if (found < 0 && effects->destination->placement.count == 0)
		r = effects->decision->result = found;
	else
		r = effects_move(effects, &effects->destination->placement);
	/* One that is not mounted does not keep it from the others. */
	return r < 0 ? r : found;
}

static int place(struct effects *effects, const struct plan_step *step)
{
	return effects_place(effects, step,
			     place_find(step->effect, effects->snapshot->layout,
					effects->destination));
}

/* Whether the process is refused is the answer's business; what has happened cannot be. */
static int deny(struct effects *effects)
{
	if (!effects->waits)
		return -EALREADY;
	effects->decision->flags |= DECISION_DENIED;
	if (effects->counters)
		count(&effects->counters->denied);
	return 0;
}

int effects_carry_out(struct effects *effects, const struct plan_step *step)
{
	const struct policy_effect *effect = step->effect;
	int r;

	switch (effect->kind) {
	case EFFECT_DENY:
		r = deny(effects);
		break;
	case EFFECT_GROUP:
		r = move(effects, step);
		break;
	case EFFECT_PLACE:
		r = place(effects, step);
		break;
	case EFFECT_FREEZE:
		r = signal_process(effects, SIGSTOP);
		break;
	case EFFECT_THAW:
		r = signal_process(effects, SIGCONT);
		break;
	case EFFECT_SIGNAL:
		r = signal_process(effects, effect->signal.number);
		break;
	case EFFECT_KILL:
		r = kill_process(effects, effect);
		break;
	default:
		r = set(effects, effect);
		break;
	}
	effects_note(effects, step, r);
	return r;
}
