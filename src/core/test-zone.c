// SPDX-License-Identifier: MIT
#include "core/zone.h"

#include "test/unit.h"

/* Central Europe, without the files of zones: summer begins on 2026-03-29 and ends on 10-25. */
static void test_the_zone_changes(void **state)
{
	const char *was = getenv("TZ");
	_cleanup_(freep) char *kept = was ? strdup(was) : NULL;

	assert_int_equal(setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1), 0);
	tzset();
	assert_int_equal(zone_next_change(1768953600), 1774746000);
	assert_int_equal(zone_next_change(1774745999), 1774746000);
	assert_int_equal(zone_next_change(1774746000), 1792890000);
	assert_int_equal(setenv("TZ", "UTC0", 1), 0);
	tzset();
	assert_int_equal(zone_next_change(1768953600), 0);
	if (kept)
		(void)setenv("TZ", kept, 1);
	else
		(void)unsetenv("TZ");
	tzset();
}

static void test_the_offset(void **state)
{
	assert_int_equal(setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1), 0);
	assert_int_equal(zone_offset(1768953600), 3600);
	assert_int_equal(zone_offset(1774746000), 7200);
	assert_int_equal(unsetenv("TZ"), 0);
	(void)zone_offset(1768953600);
	/* It is as it was. */
	assert_null(getenv("TZ"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_zone_changes),
		cmocka_unit_test(test_the_offset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
