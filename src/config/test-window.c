// SPDX-License-Identifier: MIT
#include "config/window.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Local times as "2026-03-01 22:30", a Sunday; the weeks from then on. */
static bool holds(const char *window, const char *when)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct policy_window parsed;
	struct tm local = { 0 };
	size_t offset;

	if (window_parse(window, &parsed, &offset, &err) < 0)
		fail_msg("%s: %zu: %s", window, offset, error_text(&err));
	assert_non_null(strptime(when, "%Y-%m-%d %H:%M", &local));
	return window_holds(&parsed, &local);
}

static void refused(const char *window, size_t at, const char *reason)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct policy_window parsed = { .start = 77 };
	size_t offset = 99;

	assert_int_equal(window_parse(window, &parsed, &offset, &err), -EINVAL);
	assert_string_equal(error_text(&err), reason);
	assert_int_equal(offset, at);
	assert_int_equal(parsed.start, 77);
}

#define SUNDAY	 "2026-03-01 "
#define MONDAY	 "2026-03-02 "
#define FRIDAY	 "2026-03-06 "
#define SATURDAY "2026-03-07 "

static void times(void **state)
{
	assert_true(holds("08:00-18:00", MONDAY "08:00"));
	assert_true(holds("08:00-18:00", SUNDAY "17:59"));
	assert_false(holds("08:00-18:00", MONDAY "07:59"));
	assert_false(holds("08:00-18:00", MONDAY "18:00"));
	assert_true(holds("22:00-24:00", MONDAY "23:59"));
	assert_false(holds("22:00-24:00", MONDAY "00:00"));
	assert_true(holds("22:00-00:00", MONDAY "23:59"));
	assert_false(holds("22:00-00:00", MONDAY "00:00"));
	assert_true(holds("0:00-24:00", MONDAY "00:00"));
	assert_true(holds("00:00-24:00", MONDAY "23:59"));
	assert_true(holds("00:00-00:01", MONDAY "00:00"));
	assert_false(holds("00:00-00:01", MONDAY "00:01"));
}

static void days(void **state)
{
	assert_true(holds("sat,sun", SATURDAY "00:00"));
	assert_true(holds("Saturday,sund", SUNDAY "23:59"));
	assert_false(holds("sat,sun", MONDAY "00:00"));
	assert_true(holds("fri-mon", SUNDAY "12:00"));
	assert_false(holds("fri-mon", "2026-03-03 12:00"));
	assert_true(holds(" mon-fri\t09:00-10:00 ", FRIDAY "09:30"));
	assert_false(holds("mon-fri 09:00-10:00", SATURDAY "09:30"));
}

/* The night that begins on Friday is over on Saturday, which is none of the days. */
static void nights(void **state)
{
	const char *night = "mon-fri 22:00-06:00";

	assert_true(holds(night, FRIDAY "22:00"));
	assert_true(holds(night, SATURDAY "05:59"));
	assert_false(holds(night, SATURDAY "06:00"));
	assert_false(holds(night, SATURDAY "22:00"));
	assert_false(holds(night, SUNDAY "03:00"));
	assert_false(holds(night, MONDAY "03:00"));
	assert_true(holds(night, MONDAY "23:00"));
	assert_false(holds(night, MONDAY "12:00"));
}

static void cron(void **state)
{
	assert_true(holds("* 8-18 * * 1-5", MONDAY "18:59"));
	assert_false(holds("* 8-18 * * 1-5", MONDAY "19:00"));
	assert_false(holds("* 8-18 * * 1-5", SUNDAY "12:00"));
	assert_true(holds("*/15 * * * *", MONDAY "10:45"));
	assert_false(holds("*/15 * * * *", MONDAY "10:46"));
	assert_true(holds("5/20 * * * *", MONDAY "10:45"));
	assert_true(holds("1,3-5,50-59/3 * * * *", MONDAY "10:53"));
	assert_false(holds("1,3-5,50-59/3 * * * *", MONDAY "10:54"));
	assert_true(holds("* * * mar *", MONDAY "10:00"));
	assert_false(holds("* * * apr-dec *", MONDAY "10:00"));
	assert_true(holds("* * * * 7", SUNDAY "10:00"));
	assert_true(holds("* * * * 0", SUNDAY "10:00"));
	assert_true(holds("* * * * fri-sat", SATURDAY "10:00"));
	/* Either day is enough where both are chosen. */
	assert_true(holds("* * 2 * 5", MONDAY "10:00"));
	assert_true(holds("* * 2 * 5", FRIDAY "10:00"));
	assert_false(holds("* * 2 * 5", SATURDAY "10:00"));
	assert_true(holds("* * 2 * *", MONDAY "10:00"));
	assert_false(holds("* * 2 * *", FRIDAY "10:00"));
	assert_true(holds("0 0 31 12 *", "2026-12-31 00:00"));
}

static void mistakes(void **state)
{
	const char *clock = "a time is written as 08:30, from 00:00 to 24:00";
	const char *day = "a day is one of mon, tue, wed, thu, fri, sat and sun";

	refused("", 0, "it is empty");
	refused("  ", 2, "it is empty");
	refused("25:00-26:00", 0, clock);
	refused("8-18", 0, clock);
	refused("08:60-09:00", 0, clock);
	refused("08:0-09:00", 0, clock);
	refused("24:01-08:00", 0, clock);
	refused("08:00", 5, "two times are wanted, as 08:00-18:00");
	refused("08:00-", 6, clock);
	refused("08:00-08:00", 0, "nothing is between these two times");
	refused("24:00-08:00", 0, "nothing is between these two times");
	refused("08:00-09:00 x", 12, "nothing can stand behind it");
	refused("monday-fryday", 7, day);
	refused("mo", 0, day);
	refused("mon,", 4, day);
	refused("mon08:00-09:00", 3, "a blank stands between days and times");
	refused("60 * * * *", 0, "the minute is 0 to 59");
	refused("* 24 * * *", 2, "the hour is 0 to 23");
	refused("* * 0 * *", 4, "the day of the month is 1 to 31");
	refused("* * * 13 *", 6, "the month is 1 to 12");
	refused("* * * * 8", 8, "the day of the week is 0 to 7");
	refused("* * * * monn", 8, "the day of the week is 0 to 7");
	refused("5-1 * * * *", 0, "a range goes up");
	refused("*/0 * * * *", 2, "a step of the minute is 1 to 59");
	refused("*x * * * *", 1, "this is no minute");
	refused("* * * *", 0, day);
	refused("99999999999 * * * *", 0, "the minute is 0 to 59");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times), cmocka_unit_test(days),     cmocka_unit_test(nights),
		cmocka_unit_test(cron),	 cmocka_unit_test(mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
