// SPDX-License-Identifier: MIT
#include "rules/cost.h"

#include "rules/facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define PART(part) (UINT32_C(1) << (part))

static char passwd[] = "/etc/passwd", opt[] = "/opt", glob[] = "/opt/*/x", text[] = "x*";

static struct policy_path exact = { .text = passwd };
static struct policy_path folder = { .text = opt, .folder = true };
static struct policy_path pattern[] = { { .text = opt, .folder = true }, { .text = glob } };
static struct policy_word user = { .form = WORD_NUMBER, .text = text, .least = 5, .most = 5 };
static struct policy_word argument = { .form = WORD_GLOB, .text = text };
static struct policy_condition by_user = { .kind = CONDITION_USER,
					   .words = &user,
					   .word_count = 1 };
static struct policy_condition user_and_args[] = {
	{ .kind = CONDITION_USER, .words = &user, .word_count = 1 },
	{ .kind = CONDITION_ARGS, .words = &argument, .word_count = 1 },
};
static struct policy_condition not_user = { .kind = CONDITION_NOT,
					    .inner = &by_user,
					    .inner_count = 1 };
static struct policy_effect deny = { .kind = EFFECT_DENY, .deny = EPERM };

static struct policy_rule rules[] = {
	{ .paths = &exact,
	  .path_count = 1,
	  .on = OCCASION_BIT(ON_WRITE),
	  .effects = &deny,
	  .effect_count = 1 },
	{ .paths = &exact,
	  .path_count = 1,
	  .on = OCCASION_BIT(ON_WRITE),
	  .conditions = &not_user,
	  .condition_count = 1,
	  .effects = &deny,
	  .effect_count = 1 },
	{ .paths = &folder, .path_count = 1, .on = OCCASION_BIT(ON_EXECUTE) },
	{ .paths = pattern,
	  .path_count = 2,
	  .on = OCCASION_BIT(ON_EXECUTE) | OCCASION_BIT(ON_EXIT) },
	{ .on = OCCASION_BIT(ON_EXECUTE), .conditions = user_and_args, .condition_count = 2 },
	{ .on = OCCASION_BIT(ON_FORK), .conditions = &not_user, .condition_count = 1 },
};

static void costs_of_rules(void **state)
{
	struct policy policy = { .rules = rules, .rule_count = ARRAY_SIZE(rules) };
	_cleanup_(freep) struct rule_cost *costs = NULL;

	assert_int_equal(ruleset_cost(&policy, &costs), 0);
	/* by the file alone */
	assert_int_equal(costs[0].way, COST_BY_NAME);
	assert_int_equal(costs[0].before, OCCASION_BIT(ON_WRITE));
	assert_int_equal(costs[0].kernel, OCCASION_BIT(ON_WRITE));
	assert_true(costs[0].by_inode);
	assert_int_equal(costs[0].facts_ns, 0);
	/* a `not` is asked in full, and no table of the kernel's says it */
	assert_int_equal(costs[1].kernel, 0);
	assert_false(costs[1].by_inode);
	assert_int_equal(costs[1].parts, PART(FACT_IDS));
	assert_int_equal(costs[1].always_parts, 0);
	assert_int_equal(costs[1].facts_ns, cost_of_part(FACT_IDS));
	assert_int_equal(costs[2].way, COST_BY_FOLDER);
	assert_false(costs[2].by_inode);
	assert_int_equal(costs[3].way, COST_BY_GLOB);
	assert_int_equal(costs[3].before, OCCASION_BIT(ON_EXECUTE));
	assert_int_equal(costs[3].after, OCCASION_BIT(ON_EXIT));
	/* found by the user; arguments only of his processes */
	assert_int_equal(costs[4].way, COST_BY_CONDITION);
	assert_ptr_equal(costs[4].condition, &user_and_args[0]);
	assert_int_equal(costs[4].always_parts, PART(FACT_IDS));
	assert_int_equal(costs[4].parts, PART(FACT_IDS) | PART(FACT_ARGUMENTS));
	assert_true(costs[4].blocks_forgetting);
	assert_int_equal(costs[5].way, COST_ALWAYS);
	assert_false(costs[5].blocks_forgetting);
	for (unsigned part = 0; part < FACT_PARTS; part++) {
		assert_true(cost_of_part(part) > 0);
		assert_non_null(cost_part_name(part));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(costs_of_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
