/* SPDX-License-Identifier: MIT */
/*
 * What is to be done about one process, from the rules that match: every effect of every rule, in
 * the order in which they are carried out. Pure; no allocation.
 *
 * What a process has one of (its group, its niceness, one resource's limit) is decided by the first
 * rule that says it, as with groups; triggers, messages and signals are those of all. What a rule
 * with `dry_run` says is in the plan too, but decides nothing for the others.
 */
#pragma once

#include "rules/ruleset.h"

struct plan_step {
	const struct policy_effect *effect;
	uint32_t rule;
	bool dry;
};

enum { PLAN_STEPS = 96 };

struct plan {
	size_t count;
	bool truncated; /* more triggers, messages or signals than fit */
	uint32_t kinds; /* bits of effect_kind, of steps that are not dry */
	uint32_t over;	/* bit n: the nth rule of the verdict is above its rate */
	struct plan_step steps[PLAN_STEPS];
};

/* Verdicts of one event, by several of its files or occasions, as one: the first one's rules come
 * first, each rule once. */
void verdict_init(struct verdict *verdict);
void verdict_add(struct verdict *verdict, const struct verdict *more);

/*
 * `over` says whether a rule that has a rate is above it; called once for each such rule, in file
 * order. `dry`: nothing is done at all.
 */
void plan_make(const struct policy *policy, const struct verdict *verdict,
	       bool (*over)(uint32_t rule, void *userdata), void *userdata, bool dry,
	       struct plan *ret_plan);

/* The step with that effect that is to be carried out, or NULL. */
const struct plan_step *plan_find(const struct plan *plan, enum effect_kind kind);

/* True if there is a step of one of these kinds (bits), also one that is dry. */
bool plan_has(const struct plan *plan, uint32_t kinds);

/* Whether all that match do nothing but count, and none is above its rate: nothing to record. */
bool plan_only_counts(const struct plan *plan, const struct policy *policy,
		      const struct verdict *verdict);

/* Takes the steps of these kinds (bits) out: they do not apply here. */
void plan_drop(struct plan *plan, uint32_t kinds);

/* What puts it into a group. */
#define EFFECTS_THAT_PLACE \
	(UINT32_C(1) << EFFECT_GROUP | UINT32_C(1) << EFFECT_PLACE | UINT32_C(1) << EFFECT_LIMIT)
/* What a process that never begins its program has no use for. */
#define EFFECTS_OF_THE_START                                                             \
	(EFFECTS_THAT_PLACE | UINT32_C(1) << EFFECT_DELAY | UINT32_C(1) << EFFECT_NICE | \
	 UINT32_C(1) << EFFECT_IONICE | UINT32_C(1) << EFFECT_SCHED |                    \
	 UINT32_C(1) << EFFECT_OOM_SCORE_ADJ | UINT32_C(1) << EFFECT_AFFINITY |          \
	 UINT32_C(1) << EFFECT_RLIMIT | UINT32_C(1) << EFFECT_TIMER_SLACK)
/* What is not done to the process itself: also of those that nothing is ever done to. */
#define EFFECTS_BESIDE (UINT32_C(1) << EFFECT_LOG | UINT32_C(1) << EFFECT_TRIGGER)
