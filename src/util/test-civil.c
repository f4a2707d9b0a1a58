// SPDX-License-Identifier: MIT
#include "util/civil.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void check(int64_t seconds)
{
	time_t time = (time_t)seconds;
	struct tm wanted, got;

	assert_non_null(gmtime_r(&time, &wanted));
	civil_time(seconds, &got);
	if (got.tm_year != wanted.tm_year || got.tm_mon != wanted.tm_mon ||
	    got.tm_mday != wanted.tm_mday || got.tm_wday != wanted.tm_wday ||
	    got.tm_hour != wanted.tm_hour || got.tm_min != wanted.tm_min ||
	    got.tm_sec != wanted.tm_sec)
		fail_msg("%lld", (long long)seconds);
}

/* Each day from 1600 to 2400, which has every kind of century, at changing times of day. */
static void as_the_c_library_says(void **state)
{
	int64_t day = -135140;

	for (; day < 157055; day++)
		check(day * 86400 + (day & 0xffff));
	check(0);
	check(-1);
	check(86399);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_c_library_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
