// SPDX-License-Identifier: MIT
/*
 * A rule that also does something else (a group, a trigger, a line in the log) stays with the gate
 * as a whole: what the kernel has refused, nobody asks the gate about any more.
 */
#include "core/denials.h"

enum { USERS_MOST = 16 }; /* of one rule; a longer list is the gate's */

struct refusal {
	unsigned what;
	int error;
	uid_t users[USERS_MOST];
	size_t user_count; /* 0: anybody */
	bool asked;
};

static unsigned what_of(uint32_t on)
{
	return (on & OCCASION_BIT(ON_EXECUTE) ? KERNEL_DENY_EXECUTE : 0) |
	       (on & OCCASION_BIT(ON_READ) ? KERNEL_DENY_READ : 0) |
	       (on & OCCASION_BIT(ON_WRITE) ? KERNEL_DENY_WRITE : 0) |
	       (on & OCCASION_BIT(ON_OPEN) ? KERNEL_DENY_READ | KERNEL_DENY_WRITE : 0);
}

static bool read_effects(const struct policy_rule *rule, struct refusal *refusal)
{
	bool denies = false;

	for (size_t i = 0; i < rule->effect_count; i++) {
		const struct policy_effect *effect = &rule->effects[i];

		if (effect->kind == EFFECT_DENY) {
			denies = true;
			refusal->error = effect->deny;
		} else if (effect->kind == EFFECT_KILL && effect->signal.scope == SCOPE_PROCESS) {
			refusal->what |= KERNEL_DENY_KILL;
		} else {
			return false;
		}
	}
	return denies;
}

static bool add_users(struct refusal *refusal, const struct policy_condition *condition)
{
	for (size_t i = 0; i < condition->word_count; i++) {
		const struct policy_word *word = &condition->words[i];

		if (word->unknown)
			continue;
		if (word->form != WORD_NUMBER || word->least != word->most ||
		    refusal->user_count == USERS_MOST)
			return false;
		refusal->users[refusal->user_count++] = (uid_t)word->least;
	}
	/* Nobody of them is there: then nobody is meant, and not everybody. */
	return refusal->user_count > 0;
}

static bool read_conditions(const struct policy_rule *rule, struct refusal *refusal)
{
	if (rule->condition_count == 0)
		return true;
	return rule->condition_count == 1 &&
	       (rule->conditions[0].kind == CONDITION_USER ||
		rule->conditions[0].kind == CONDITION_UID) &&
	       add_users(refusal, &rule->conditions[0]);
}

static bool is_for_the_kernel(const struct policy *policy, const struct policy_rule *rule,
			      struct refusal *refusal)
{
	const uint32_t others = ~(OCCASION_BIT(ON_EXECUTE) | OCCASION_BIT(ON_READ) |
				  OCCASION_BIT(ON_WRITE) | OCCASION_BIT(ON_OPEN));

	*refusal = (struct refusal){ 0 };
	return !policy->dry_run && !rule->dry_run && !rule->force && rule->rate.max == 0 &&
	       !(rule->on & others) && read_effects(rule, refusal) &&
	       read_conditions(rule, refusal);
}

static int add(struct kernel_deny_entry **entries, size_t *count,
	       const struct kernel_deny_entry *entry)
{
	struct kernel_deny_entry *larger = reallocarray(*entries, *count + 1, sizeof(**entries));

	if (!larger)
		return -ENOMEM;
	*entries = larger;
	larger[(*count)++] = *entry;
	return 0;
}

static int add_target(const struct rule_target *target, const struct refusal *refusal, uint32_t on,
		      struct kernel_deny_entry **entries, size_t *count)
{
	struct kernel_deny_entry entry = {
		.dev = target->dev,
		.ino = target->ino,
		.uid = (uid_t)-1,
		.what = what_of(on) | refusal->what,
		.rule = target->rule,
		.error = refusal->error,
	};
	int r = 0;

	if (target->kind != TARGET_FILE || !target->has_identity)
		return 0;
	if (refusal->user_count == 0)
		return add(entries, count, &entry);
	for (size_t i = 0; i < refusal->user_count && r >= 0; i++) {
		entry.uid = refusal->users[i];
		r = add(entries, count, &entry);
	}
	return r;
}

/* What the kernel refuses for each rule; nothing where it asks for nothing. */
static void read_rules(const struct policy *policy, struct refusal *refusals)
{
	uint32_t stopped = 0; /* occasions that an earlier rule may have ended */

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		refusals[i].asked =
			!(rule->on & stopped) && is_for_the_kernel(policy, rule, &refusals[i]);
		stopped |= rule->stop ? rule->on : 0;
		/* Who opens for reading opens: a rule on one keeps one on the other. */
		if (stopped & OCCASIONS_OF_FILES)
			stopped |= OCCASIONS_OF_FILES;
	}
}

int denials_of(const struct policy *policy, const struct targets *targets,
	       struct kernel_deny_entry **ret_entries, size_t *ret_count)
{
	_cleanup_(freep) struct refusal *refusals =
		calloc(policy->rule_count + 1, sizeof(*refusals));
	_cleanup_(freep) struct kernel_deny_entry *entries = NULL;
	size_t count = 0;
	int r = refusals ? 0 : -ENOMEM;

	if (r >= 0)
		read_rules(policy, refusals);
	for (size_t i = 0; i < targets->count && r >= 0; i++) {
		const struct rule_target *target = &targets->items[i];
		const struct refusal *refusal = &refusals[target->rule];

		if (refusal->asked)
			r = add_target(target, refusal, policy->rules[target->rule].on, &entries,
				       &count);
	}
	if (r < 0)
		return r;
	*ret_entries = TAKE_PTR(entries);
	*ret_count = count;
	return 0;
}
