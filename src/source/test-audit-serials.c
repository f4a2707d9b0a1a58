// SPDX-License-Identifier: MIT
#include "source/audit-serials.h"

#include "test/unit.h"

static struct audit_serials serials;

static int setup(void **state)
{
	audit_serials_begin(&serials);
	return 0;
}

static void see(uint32_t from, uint32_t to)
{
	for (uint32_t serial = from; serial != to + 1; serial++)
		audit_serials_see(&serials, serial);
}

static void test_nothing_lost(void **state)
{
	assert_int_equal(audit_serials_settle(&serials, 5), 0);
	see(100, 200);
	see(150, 160); /* more records of the same events */
	assert_int_equal(audit_serials_settle(&serials, serials.highest), 0);
	see(201, 100000);
	assert_int_equal(audit_serials_settle(&serials, serials.highest), 0);
}

static void test_out_of_order(void **state)
{
	see(10, 10);
	see(12, 13);
	see(11, 11);
	assert_int_equal(audit_serials_settle(&serials, serials.highest), 0);
	/* Older than the first that was ever seen. */
	see(9, 9);
	assert_int_equal(audit_serials_settle(&serials, serials.highest), 0);
}

static void test_holes_count_once(void **state)
{
	see(1, 10);
	see(14, 20);
	/* Not yet old enough. */
	assert_int_equal(audit_serials_settle(&serials, 10), 0);
	assert_int_equal(audit_serials_settle(&serials, 20), 3);
	assert_int_equal(audit_serials_settle(&serials, 20), 0);
	/* Not seen yet: cannot be settled. */
	assert_int_equal(audit_serials_settle(&serials, 30), 0);
	see(31, 31);
	assert_int_equal(audit_serials_settle(&serials, 31), 10);
	/* Too late; it was counted. */
	see(25, 25);
	see(32, 32);
	assert_int_equal(audit_serials_settle(&serials, 32), 0);
}

static void test_a_large_hole(void **state)
{
	see(1, 10);
	see(1000001, 1000001);
	assert_int_equal(audit_serials_settle(&serials, serials.highest), 1000001 - 11);
	see(1000002, 1000002 + 3 * AUDIT_SERIALS_WINDOW);
	assert_int_equal(audit_serials_settle(&serials, serials.highest), 0);
}

static void test_the_numbers_wrap(void **state)
{
	see(UINT32_MAX - 5, UINT32_MAX);
	see(3, 8);
	assert_int_equal(audit_serials_settle(&serials, serials.highest), 3);
	assert_int_equal(serials.highest, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_nothing_lost, setup),
		cmocka_unit_test_setup(test_out_of_order, setup),
		cmocka_unit_test_setup(test_holes_count_once, setup),
		cmocka_unit_test_setup(test_a_large_hole, setup),
		cmocka_unit_test_setup(test_the_numbers_wrap, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
