// SPDX-License-Identifier: MIT
#include "action/rate.h"

#include "test/unit.h"
#include "util/hash.h"

#include <pthread.h>
#include <stdatomic.h>

#define SECOND UINT64_C(1000000000)

static uint64_t key_of(unsigned n)
{
	return hash_bytes(&n, sizeof(n));
}

static unsigned take(struct rate_table *table, uint64_t key, unsigned tries, uint64_t now)
{
	unsigned passed = 0;

	for (unsigned i = 0; i < tries; i++)
		passed += rate_allow(table, key, 10, SECOND, now);
	return passed;
}

static void test_a_bucket(void **state)
{
	_cleanup_(rate_table_freep) struct rate_table *table = NULL;
	uint64_t now = 100 * SECOND;

	assert_int_equal(rate_table_new(64, &table), 0);
	assert_int_equal(take(table, 7, 1000, now), 10);
	assert_int_equal(take(table, 7, 1000, now + SECOND / 10), 1);
	assert_int_equal(take(table, 7, 1000, now + SECOND / 2), 4);
	assert_int_equal(take(table, 7, 1000, now + 10 * SECOND), 10);
	/* Another key has a bucket of its own; 0 is a key. */
	assert_int_equal(take(table, 0, 1000, now), 10);
	assert_int_equal(take(table, 8, 1000, now), 10);
	assert_int_equal(rate_table_forgotten(table), 0);
}

/* A storm of ten times too many for ten seconds: 10 a second, and the 10 of the full bucket. */
static void test_over_time(void **state)
{
	_cleanup_(rate_table_freep) struct rate_table *table = NULL;
	unsigned passed = 0;

	assert_int_equal(rate_table_new(64, &table), 0);
	for (uint64_t now = SECOND; now < 11 * SECOND; now += SECOND / 100)
		passed += rate_allow(table, 1, 10, SECOND, now);
	assert_in_range(passed, 105, 110);
}

static void test_odd_rates(void **state)
{
	_cleanup_(rate_table_freep) struct rate_table *table = NULL;

	assert_int_equal(rate_table_new(1, &table), 0);
	/* One a day, and more than one a nanosecond. */
	assert_true(rate_allow(table, 1, 1, 86400 * SECOND, SECOND));
	assert_false(rate_allow(table, 1, 1, 86400 * SECOND, 2 * SECOND));
	assert_true(rate_allow(table, 1, 1, 86400 * SECOND, 86402 * SECOND));
	for (int i = 0; i < 1000; i++)
		assert_true(rate_allow(table, 2, UINT64_MAX, 1, SECOND));
}

/* More keys than there is room for: the busy one among them is not the one that is forgotten. */
static void test_many_keys(void **state)
{
	_cleanup_(rate_table_freep) struct rate_table *table = NULL;
	unsigned passed = 0;

	assert_int_equal(rate_table_new(256, &table), 0);
	for (unsigned i = 0; i < 100000; i++) {
		uint64_t now = SECOND + i * 1000;

		passed += rate_allow(table, key_of(0), 10, SECOND, now);
		(void)rate_allow(table, key_of(i + 1), 10, SECOND, now);
	}
	assert_in_range(passed, 10, 12);
	assert_true(rate_table_forgotten(table) > 0);
}

struct storm {
	struct rate_table *table;
	_Atomic unsigned passed;
};

static void *storm(void *userdata)
{
	struct storm *shared = userdata;

	for (unsigned i = 0; i < 50000; i++)
		if (rate_allow(shared->table, 5, 1000, SECOND, SECOND))
			atomic_fetch_add(&shared->passed, 1);
	return NULL;
}

static void test_threads(void **state)
{
	_cleanup_(rate_table_freep) struct rate_table *table = NULL;
	struct storm shared = { 0 };
	pthread_t threads[4];

	assert_int_equal(rate_table_new(64, &table), 0);
	shared.table = table;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, storm, &shared), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(shared.passed, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_bucket),  cmocka_unit_test(test_over_time),
		cmocka_unit_test(test_odd_rates), cmocka_unit_test(test_many_keys),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
