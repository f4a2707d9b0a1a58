// SPDX-License-Identifier: MIT
/*
 * Steps are gathered kind by kind, so that they stand in the order of enum effect_kind, and within
 * a kind in file order. Of what there may be any number of, room is kept for a kill.
 */
#include "core/plan.h"

#include <signal.h>

enum { KEPT_FOR_KILL = 4 };

void verdict_init(struct verdict *verdict)
{
	verdict->group = verdict->group_rule = POLICY_NONE;
	verdict->kill = verdict->truncated = false;
	verdict->count = 0;
}

void verdict_add(struct verdict *verdict, const struct verdict *more)
{
	if (verdict->group == POLICY_NONE) {
		verdict->group = more->group;
		verdict->group_rule = more->group_rule;
	}
	verdict->kill |= more->kill;
	verdict->truncated |= more->truncated;
	for (unsigned i = 0; i < more->count; i++) {
		bool there = false;

		for (unsigned j = 0; j < verdict->count; j++)
			there |= verdict->rules[j] == more->rules[i];
		if (there)
			continue;
		if (verdict->count == VERDICT_RULES)
			verdict->truncated = true;
		else
			verdict->rules[verdict->count++] = more->rules[i];
	}
}

/* Do both say the same thing of a process, so that one of them decides? */
static bool competes(const struct policy_effect *a, const struct policy_effect *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case EFFECT_LOG:
	case EFFECT_TRIGGER:
		return false;
	case EFFECT_RLIMIT:
		return a->rlimit.resource == b->rlimit.resource;
	case EFFECT_FREEZE:
	case EFFECT_THAW:
		return a->scope == b->scope;
	case EFFECT_SIGNAL:
	case EFFECT_KILL:
		return a->signal.scope == b->signal.scope && a->signal.number == b->signal.number;
	default:
		return true;
	}
}

static void add(struct plan *plan, const struct policy_effect *effect, uint32_t rule, bool dry)
{
	size_t room = effect->kind == EFFECT_KILL ? PLAN_STEPS : PLAN_STEPS - KEPT_FOR_KILL;

	for (size_t i = 0; i < plan->count; i++)
		if (!plan->steps[i].dry && competes(plan->steps[i].effect, effect))
			return;
	if (plan->count >= room) {
		plan->truncated = true;
		return;
	}
	plan->steps[plan->count++] = (struct plan_step){ effect, rule, dry };
	if (!dry)
		plan->kinds |= UINT32_C(1) << effect->kind;
}

static void add_rule(struct plan *plan, const struct policy *policy, uint32_t number, bool over,
		     enum effect_kind kind, bool dry)
{
	const struct policy_rule *rule = &policy->rules[number];
	const struct policy_effect *effects = over ? rule->rate.then : rule->effects;
	size_t count = over ? rule->rate.then_count : rule->effect_count;

	for (size_t i = 0; i < count; i++)
		if (effects[i].kind == kind)
			add(plan, &effects[i], number, dry || rule->dry_run);
}

static void add_kind(struct plan *plan, const struct policy *policy, const struct verdict *verdict,
		     enum effect_kind kind, bool dry)
{
	/* What decides about the process counts also of rules that are not listed. */
	static const struct policy_effect kill = {
		.kind = EFFECT_KILL,
		.signal = { .number = SIGKILL, .scope = SCOPE_PROCESS },
	};

	for (unsigned i = 0; i < verdict->count; i++)
		add_rule(plan, policy, verdict->rules[i], plan->over >> i & 1, kind, dry);
	if (!verdict->truncated)
		return;
	if (kind == EFFECT_GROUP && verdict->group_rule >= 0)
		add_rule(plan, policy, (uint32_t)verdict->group_rule, false, kind, dry);
	if (kind == EFFECT_KILL && verdict->kill)
		add(plan, &kill, verdict->rules[0], dry);
}

_Static_assert((int)VERDICT_RULES <= 32, "a bit for each rule of a verdict");

void plan_make(const struct policy *policy, const struct verdict *verdict,
	       bool (*over)(uint32_t rule, void *userdata), void *userdata, bool dry,
	       struct plan *plan)
{
	plan->count = 0;
	plan->truncated = false;
	plan->kinds = plan->over = 0;
	for (unsigned i = 0; i < verdict->count; i++)
		if (policy->rules[verdict->rules[i]].rate.max > 0 && over &&
		    over(verdict->rules[i], userdata))
			plan->over |= UINT32_C(1) << i;
	for (enum effect_kind kind = 0; kind < EFFECTS; kind++)
		add_kind(plan, policy, verdict, kind, dry || policy->dry_run);
}

const struct plan_step *plan_find(const struct plan *plan, enum effect_kind kind)
{
	if (!(plan->kinds >> kind & 1))
		return NULL;
	for (size_t i = 0; i < plan->count; i++)
		if (!plan->steps[i].dry && plan->steps[i].effect->kind == kind)
			return &plan->steps[i];
	return NULL;
}

bool plan_has(const struct plan *plan, uint32_t kinds)
{
	for (size_t i = 0; i < plan->count; i++)
		if (kinds >> plan->steps[i].effect->kind & 1)
			return true;
	return false;
}

bool plan_only_counts(const struct plan *plan, const struct policy *policy,
		      const struct verdict *verdict)
{
	for (unsigned i = 0; i < verdict->count; i++) {
		const struct policy_rule *rule = &policy->rules[verdict->rules[i]];

		if (rule->rate.max == 0 || rule->effect_count > 0)
			return false;
	}
	return plan->count == 0 && plan->over == 0 && !verdict->truncated;
}

void plan_drop(struct plan *plan, uint32_t kinds)
{
	size_t kept = 0;

	for (size_t i = 0; i < plan->count; i++)
		if (!(kinds >> plan->steps[i].effect->kind & 1))
			plan->steps[kept++] = plan->steps[i];
	plan->count = kept;
	plan->kinds &= ~kinds;
}
