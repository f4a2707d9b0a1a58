// SPDX-License-Identifier: MIT
#include "core/rule-stats.h"

#include "test/unit.h"

static void test_quantiles(void **state)
{
	struct rule_stat *stats = rule_stats_new(1);

	assert_non_null(stats);
	assert_int_equal(rule_stat_quantile(stats, 0.5), 0);
	for (int i = 0; i < 98; i++)
		rule_stat_took(stats, 10000);
	rule_stat_took(stats, 5000000);
	rule_stat_took(stats, 5000000);
	/* 10 µs lie in [8, 12); 5 ms in [4096, 6144) µs. */
	assert_int_equal(rule_stat_quantile(stats, 0.5), 12000);
	assert_int_equal(rule_stat_quantile(stats, 0.99), 6144000);
	/* The same, by bounds. */
	{
		static const uint64_t bounds[] = { 8000, 12000, 6000000, 7000000 };
		uint64_t counts[5];

		rule_stat_spread(stats, bounds, 4, counts);
		assert_int_equal(counts[0], 0);
		assert_int_equal(counts[1], 98);
		assert_int_equal(counts[2], 0);
		assert_int_equal(counts[3], 2);
		assert_int_equal(counts[4], 0);
		assert_int_equal(atomic_load(&stats[0].took_ns), 98 * 10000 + 2 * 5000000);
	}
	rule_stats_free(stats, 1);
}

static void test_bounds(void **state)
{
	struct rule_stat *stats = rule_stats_new(1);

	rule_stat_took(stats, 0);
	assert_int_equal(rule_stat_quantile(stats, 0.5), 2000);
	rule_stat_took(stats, UINT64_MAX);
	assert_true(rule_stat_quantile(stats, 1) > UINT64_C(60000000000));
	rule_stats_free(stats, 1);
}

static void test_failures(void **state)
{
	struct rule_stat *stats = rule_stats_new(1);

	rule_stat_effect(stats, EFFECT_NICE, RESULT_DONE, 0);
	rule_stat_effect(stats, EFFECT_NICE, RESULT_FAILED, EPERM);
	rule_stat_effect(stats, EFFECT_KILL, RESULT_SPARED, 0);
	assert_int_equal(atomic_load(&stats->done), 1);
	assert_int_equal(atomic_load(&stats->failed), 1);
	assert_int_equal(atomic_load(&stats->spared), 1);
	assert_int_equal(atomic_load(&stats->last_failure), EFFECT_NICE << 16 | EPERM);
	rule_stats_free(stats, 1);
}

static void test_inherit(void **state)
{
	static char a[] = "a", b[] = "b", c[] = "c";
	struct policy_rule before[] = { { .name = a }, { .name = b } };
	struct policy_rule after[] = { { .name = c }, { .name = b } };
	const struct policy old = { .rules = before, .rule_count = 2 };
	const struct policy new = { .rules = after, .rule_count = 2 };
	struct rule_stat *was = rule_stats_new(2), *now = rule_stats_new(2);

	rule_stat_add(&was[0].matched);
	for (int i = 0; i < 3; i++)
		rule_stat_add(&was[1].matched);
	rule_stat_took(&was[1], 20000);
	assert_int_equal(rule_stats_inherit(now, &new, was, &old), 0);
	assert_int_equal(atomic_load(&now[0].matched), 0);
	assert_int_equal(atomic_load(&now[1].matched), 3);
	assert_int_equal(rule_stat_quantile(&now[1], 0.5), 24000);
	rule_stats_free(was, 2);
	rule_stats_free(now, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quantiles),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_inherit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
