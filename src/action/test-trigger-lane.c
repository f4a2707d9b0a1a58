// SPDX-License-Identifier: MIT
#include "action/trigger-lane.h"

#include "test/unit.h"

#define MS UINT64_C(1000000)
#define S  (1000 * MS)

/* Asks every millisecond for `time`, each ends at once; returns how many were started. */
static unsigned ask(struct trigger_lane *lane, uint64_t from, uint64_t time)
{
	unsigned started = 0;

	for (uint64_t now = from; now < from + time; now += MS) {
		if (trigger_lane_bound(lane, now) != TRIGGER_FREE)
			continue;
		trigger_lane_take(lane, now);
		lane->running--;
		started++;
	}
	return started;
}

static void test_rates(void **state)
{
	struct trigger_lane lane = { .limits = { .rate = 10, .rate_interval_ns = S } };

	/* Ten at once, then one each tenth of a second. */
	assert_int_equal(ask(&lane, 5 * S, 50 * MS), 10);
	assert_int_equal(ask(&lane, 5 * S + 50 * MS, 950 * MS), 9);
	for (int i = 6; i < 20; i++)
		assert_int_equal(ask(&lane, i * S, S), 10);
	/* After a rest, as at first and no more. */
	assert_int_equal(ask(&lane, 1000 * S, 50 * MS), 10);
}

static void test_slow_rates(void **state)
{
	struct trigger_lane lane = { .limits = { .rate = 2, .rate_interval_ns = 3600 * S } };

	assert_int_equal(ask(&lane, S, S), 2);
	assert_int_equal(trigger_lane_next(&lane, 2 * S), 1801 * S);
	assert_int_equal(ask(&lane, 2 * S, 1798 * S), 0);
	assert_int_equal(ask(&lane, 1801 * S, S), 1);
}

static void test_no_rate(void **state)
{
	struct trigger_lane lane = { .limits = { .rate = 0 } };

	assert_int_equal(ask(&lane, S, S), 1000);
	assert_int_equal(trigger_lane_next(&lane, 7), 7);
}

/* More in an interval than it has nanoseconds. */
static void test_a_rate_without_sense(void **state)
{
	struct trigger_lane lane = { .limits = { .rate = UINT64_C(1) << 32,
						 .rate_interval_ns = 1 } };

	assert_int_equal(ask(&lane, S, S), 1000);
}

static void test_concurrency(void **state)
{
	struct trigger_lane lane = { .limits = {
					     .concurrency = 2, .rate = 3, .rate_interval_ns = S } };

	trigger_lane_take(&lane, S);
	assert_int_equal(trigger_lane_bound(&lane, S), TRIGGER_FREE);
	trigger_lane_take(&lane, S);
	assert_int_equal(trigger_lane_bound(&lane, S), TRIGGER_BY_CONCURRENCY);
	lane.running--;
	assert_int_equal(trigger_lane_bound(&lane, S), TRIGGER_FREE);
	trigger_lane_take(&lane, S);
	lane.running--;
	assert_int_equal(trigger_lane_bound(&lane, S), TRIGGER_BY_RATE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rates),	    cmocka_unit_test(test_slow_rates),
		cmocka_unit_test(test_no_rate),	    cmocka_unit_test(test_a_rate_without_sense),
		cmocka_unit_test(test_concurrency),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
