// SPDX-License-Identifier: MIT
/* covers: plan.c rate-key.c */
#include "core/plan.h"

#include "core/rate-key.h"
#include "test/unit.h"

#include <signal.h>

static struct policy_effect nice_of(int nice)
{
	return (struct policy_effect){ .kind = EFFECT_NICE, .nice = nice };
}

static struct policy_effect group_of(int index)
{
	return (struct policy_effect){ .kind = EFFECT_GROUP, .group.index = index };
}

static const struct policy_effect log_effect = { .kind = EFFECT_LOG };
static const struct policy_effect kill_effect = {
	.kind = EFFECT_KILL,
	.signal = { .number = SIGKILL },
};

static struct verdict verdict_of(unsigned count)
{
	struct verdict verdict;

	verdict_init(&verdict);
	for (verdict.count = 0; verdict.count < count; verdict.count++)
		verdict.rules[verdict.count] = verdict.count;
	return verdict;
}

/* The first says the group and the niceness; every message counts; a kill comes last. */
static void test_order_and_first(void **state)
{
	struct policy_effect first[] = { nice_of(1), log_effect, kill_effect };
	struct policy_effect second[] = { group_of(4), nice_of(2), log_effect };
	struct policy_effect third[] = { group_of(5), { .kind = EFFECT_OOM_SCORE_ADJ } };
	struct policy_rule rules[] = {
		{ .effects = first, .effect_count = 3 },
		{ .effects = second, .effect_count = 3 },
		{ .effects = third, .effect_count = 2 },
	};
	const struct policy policy = { .rules = rules, .rule_count = 3 };
	const struct verdict verdict = verdict_of(3);
	const enum effect_kind wanted[] = {
		EFFECT_GROUP, EFFECT_NICE, EFFECT_OOM_SCORE_ADJ,
		EFFECT_LOG,   EFFECT_LOG,  EFFECT_KILL,
	};
	struct plan plan;

	plan_make(&policy, &verdict, NULL, NULL, false, &plan);
	assert_int_equal(plan.count, ARRAY_SIZE(wanted));
	for (size_t i = 0; i < plan.count; i++)
		assert_int_equal(plan.steps[i].effect->kind, wanted[i]);
	assert_int_equal(plan_find(&plan, EFFECT_GROUP)->effect->group.index, 4);
	assert_int_equal(plan_find(&plan, EFFECT_GROUP)->rule, 1);
	assert_int_equal(plan_find(&plan, EFFECT_NICE)->effect->nice, 1);
	plan_drop(&plan, EFFECTS_OF_THE_START);
	assert_int_equal(plan.count, 3);
	assert_null(plan_find(&plan, EFFECT_GROUP));
}

static bool is_over(uint32_t rule, void *userdata)
{
	return *(bool *)userdata;
}

/* Below its rate a rule that says nothing else leaves no record. */
static void test_only_counts(void **state)
{
	struct policy_effect message[] = { log_effect };
	struct policy_rule rules[] = {
		{ .rate = { .max = 5, .then = message, .then_count = 1 } },
		{ .rate = { .max = 5 }, .effects = message, .effect_count = 1 },
	};
	const struct policy policy = { .rules = rules, .rule_count = 2 };
	const struct verdict one = verdict_of(1), both = verdict_of(2);
	bool over = false;
	struct plan plan;

	plan_make(&policy, &one, is_over, &over, false, &plan);
	assert_true(plan_only_counts(&plan, &policy, &one));
	plan_make(&policy, &both, is_over, &over, false, &plan);
	assert_false(plan_only_counts(&plan, &policy, &both));
	over = true;
	plan_make(&policy, &one, is_over, &over, false, &plan);
	assert_false(plan_only_counts(&plan, &policy, &one));
}

/* What a rule in a dry run says decides nothing for those behind it. */
static void test_dry(void **state)
{
	struct policy_effect first[] = { group_of(1) }, second[] = { group_of(2) };
	struct policy_rule rules[] = {
		{ .effects = first, .effect_count = 1, .dry_run = true },
		{ .effects = second, .effect_count = 1 },
	};
	struct policy policy = { .rules = rules, .rule_count = 2 };
	const struct verdict verdict = verdict_of(2);
	struct plan plan;

	plan_make(&policy, &verdict, NULL, NULL, false, &plan);
	assert_int_equal(plan.count, 2);
	assert_true(plan.steps[0].dry);
	assert_int_equal(plan_find(&plan, EFFECT_GROUP)->effect->group.index, 2);
	plan_make(&policy, &verdict, NULL, NULL, true, &plan);
	assert_null(plan_find(&plan, EFFECT_GROUP));
	assert_true(plan_has(&plan, UINT32_C(1) << EFFECT_GROUP));
	policy.dry_run = true;
	plan_make(&policy, &verdict, NULL, NULL, false, &plan);
	assert_int_equal(plan.kinds, 0);
}

/* However many messages there are, the kill is in. */
static void test_room(void **state)
{
	struct policy_effect many[40], last[] = { kill_effect };
	struct policy_rule rules[32];
	const struct policy policy = { .rules = rules, .rule_count = 32 };
	const struct verdict verdict = verdict_of(32);
	struct plan plan;

	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = log_effect;
	for (size_t i = 0; i < 32; i++)
		rules[i] = (struct policy_rule){ .effects = many, .effect_count = 40 };
	rules[31] = (struct policy_rule){ .effects = last, .effect_count = 1 };
	plan_make(&policy, &verdict, NULL, NULL, false, &plan);
	assert_true(plan.truncated);
	assert_non_null(plan_find(&plan, EFFECT_KILL));
	assert_true(plan.count <= PLAN_STEPS);
}

/* More rules match than are listed. */
static void test_truncated_verdict(void **state)
{
	struct policy_effect group[] = { group_of(3) };
	struct policy_rule rules[40] = { 0 };
	const struct policy policy = { .rules = rules, .rule_count = 40 };
	struct verdict verdict = verdict_of(VERDICT_RULES);
	struct plan plan;

	rules[38] = (struct policy_rule){ .effects = group, .effect_count = 1 };
	verdict.truncated = verdict.kill = true;
	verdict.group_rule = 38;
	plan_make(&policy, &verdict, NULL, NULL, false, &plan);
	assert_int_equal(plan_find(&plan, EFFECT_GROUP)->rule, 38);
	assert_int_equal(plan_find(&plan, EFFECT_KILL)->effect->signal.number, SIGKILL);
}

static void test_verdicts_as_one(void **state)
{
	struct verdict all, more = verdict_of(3);

	verdict_init(&all);
	more.rules[0] = 7;
	more.rules[1] = 2;
	verdict_add(&all, &more);
	more = verdict_of(3);
	more.group_rule = 1;
	more.group = 5;
	verdict_add(&all, &more);
	assert_int_equal(all.count, 4);
	assert_int_equal(all.rules[0], 7);
	assert_int_equal(all.rules[1], 2);
	assert_int_equal(all.rules[3], 1);
	assert_int_equal(all.group, 5);
}

/* Three in a second for each user; what is above has other effects. */
static void test_rates(void **state)
{
	static char name[] = "busy";
	struct policy_effect usual[] = { nice_of(1) }, above[] = { kill_effect };
	struct policy_rule rules[] = { {
		.name = name,
		.effects = usual,
		.effect_count = 1,
		.rate = { .per = RATE_PER_USER,
			  .max = 3,
			  .interval_ns = 1000000000,
			  .then = above,
			  .then_count = 1 },
	} };
	const struct policy policy = { .rules = rules, .rule_count = 1 };
	const struct verdict verdict = verdict_of(1);
	_cleanup_(rate_table_freep) struct rate_table *table = NULL;
	struct facts facts = { .known = UINT32_MAX, .uid = 1000 };
	struct rate_question question = { .policy = &policy,
					  .facts = &facts,
					  .now_ns = 5000000000 };
	struct plan plan;

	assert_int_equal(rate_table_new(64, &table), 0);
	question.table = table;
	for (int i = 0; i < 3; i++) {
		plan_make(&policy, &verdict, rate_is_over, &question, false, &plan);
		assert_non_null(plan_find(&plan, EFFECT_NICE));
	}
	plan_make(&policy, &verdict, rate_is_over, &question, false, &plan);
	assert_null(plan_find(&plan, EFFECT_NICE));
	assert_non_null(plan_find(&plan, EFFECT_KILL));
	assert_int_equal(plan.over, 1);
	assert_int_equal(question.over, 1);
	facts.uid = 1001;
	plan_make(&policy, &verdict, rate_is_over, &question, false, &plan);
	assert_non_null(plan_find(&plan, EFFECT_NICE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_first),
		cmocka_unit_test(test_dry),
		cmocka_unit_test(test_only_counts),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_truncated_verdict),
		cmocka_unit_test(test_verdicts_as_one),
		cmocka_unit_test(test_rates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
