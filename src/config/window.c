// SPDX-License-Identifier: MIT
/*
 * A window is kept as sets of bits, so that asking is a few tests, whatever it was written as. What
 * a gate thread needs of the local time is its caller's business: the zone is a file.
 */
#include "config/window.h"

#include <ctype.h>
#include <strings.h>

enum { DAY_MINUTES = 24 * 60, ALL_DAYS = 0x7f };

static const char *const day_names[] = { "sunday",   "monday", "tuesday", "wednesday",
					 "thursday", "friday", "saturday" };
static const char *const month_names[] = { "january",	"february", "march",	"april",
					   "may",	"june",	    "july",	"august",
					   "september", "october",  "november", "december" };

struct scan {
	const char *at;
	struct error *err;
};

static bool accept(struct scan *scan, char c)
{
	if (*scan->at != c)
		return false;
	scan->at++;
	return true;
}

static void skip_blanks(struct scan *scan)
{
	scan->at += strspn(scan->at, " \t");
}

/* Says what is wrong at `at`. */
static int refuse(struct scan *scan, const char *at, const char *what)
{
	scan->at = at;
	return error_set(scan->err, -EINVAL, "%s", what);
}

/* The index of a name of which at least three letters are written, or -1; read on success. */
static int scan_name(struct scan *scan, const char *const *names, size_t count)
{
	size_t size = 0;

	while (isalpha((unsigned char)scan->at[size]))
		size++;
	for (size_t i = 0; i < count && size >= 3; i++) {
		if (size <= strlen(names[i]) && strncasecmp(scan->at, names[i], size) == 0) {
			scan->at += size;
			return (int)i;
		}
	}
	return -1;
}

/* A whole number of at most four digits, or -1. */
static int scan_number(struct scan *scan)
{
	int number = 0;
	size_t size = 0;

	while (isdigit((unsigned char)scan->at[size]) && size < 5)
		number = number * 10 + (scan->at[size++] - '0');
	if (size == 0 || size == 5)
		return -1;
	scan->at += size;
	return number;
}

/* ---- days and times ---- */

static int scan_day(struct scan *scan, int *ret_day)
{
	*ret_day = scan_name(scan, day_names, ARRAY_SIZE(day_names));
	if (*ret_day < 0)
		return refuse(scan, scan->at,
			      "a day is one of mon, tue, wed, thu, fri, sat and sun");
	return 0;
}

/* "mon-fri,sun" */
static int scan_days(struct scan *scan, uint8_t *ret_days)
{
	*ret_days = 0;
	do {
		int first, last, r = scan_day(scan, &first);

		if (r < 0)
			return r;
		last = first;
		if (accept(scan, '-')) {
			r = scan_day(scan, &last);
			if (r < 0)
				return r;
		}
		for (int day = first;; day = (day + 1) % 7) {
			*ret_days |= (uint8_t)(1 << day);
			if (day == last)
				break;
		}
	} while (accept(scan, ','));
	return 0;
}

/* "22:00" as minutes from midnight */
static int scan_clock(struct scan *scan, uint16_t *ret_minutes)
{
	const char *start = scan->at;
	int hour = scan_number(scan), minute = -1;

	if (hour >= 0 && accept(scan, ':') && isdigit((unsigned char)scan->at[0]) &&
	    isdigit((unsigned char)scan->at[1]))
		minute = scan_number(scan);
	if (hour < 0 || hour > 24 || minute < 0 || minute > 59 || (hour == 24 && minute > 0))
		return refuse(scan, start, "a time is written as 08:30, from 00:00 to 24:00");
	*ret_minutes = (uint16_t)(hour * 60 + minute);
	return 0;
}

static int scan_times(struct scan *scan, struct policy_window *window)
{
	const char *start = scan->at;
	int r = scan_clock(scan, &window->start);

	if (r < 0)
		return r;
	if (!accept(scan, '-'))
		return refuse(scan, scan->at, "two times are wanted, as 08:00-18:00");
	r = scan_clock(scan, &window->end);
	if (r < 0)
		return r;
	if (window->start == DAY_MINUTES || window->start == window->end)
		return refuse(scan, start, "nothing is between these two times");
	/* Midnight as an end is that of the day itself: "22:00-00:00" is two hours. */
	if (window->end == 0)
		window->end = DAY_MINUTES;
	if (window->start == 0 && window->end == DAY_MINUTES)
		window->end = 0;
	return 0;
}

static int parse_plain(struct scan *scan, struct policy_window *window)
{
	int r = 0;

	window->days = ALL_DAYS;
	if (!isdigit((unsigned char)*scan->at)) {
		r = scan_days(scan, &window->days);
		if (r == 0 && *scan->at != '\0' && !isblank((unsigned char)*scan->at))
			r = refuse(scan, scan->at, "a blank stands between days and times");
	}
	if (r < 0)
		return r;
	skip_blanks(scan);
	if (*scan->at != '\0')
		r = scan_times(scan, window);
	if (r < 0)
		return r;
	skip_blanks(scan);
	return *scan->at ? refuse(scan, scan->at, "nothing can stand behind it") : 0;
}

/* ---- cron's fields ---- */

struct cron_field {
	const char *what;
	int least, most;
	const char *const *names;
	size_t name_count;
	int first_name; /* the number of names[0] */
};

static const struct cron_field cron_fields[] = {
	{ "minute", 0, 59, NULL, 0, 0 },
	{ "hour", 0, 23, NULL, 0, 0 },
	{ "day of the month", 1, 31, NULL, 0, 0 },
	{ "month", 1, 12, month_names, ARRAY_SIZE(month_names), 1 },
	{ "day of the week", 0, 7, day_names, ARRAY_SIZE(day_names), 0 },
};
enum { CRON_FIELDS = ARRAY_SIZE(cron_fields) };

static int scan_value(struct scan *scan, const struct cron_field *field, int *ret_value)
{
	const char *start = scan->at;
	int value = field->names ? scan_name(scan, field->names, field->name_count) : -1;

	value = value >= 0 ? value + field->first_name : scan_number(scan);
	if (value < field->least || value > field->most) {
		scan->at = start;
		return error_set(scan->err, -EINVAL, "the %s is %d to %d", field->what,
				 field->least, field->most);
	}
	*ret_value = value;
	return 0;
}

/* "5", "1-5" or a star. */
static int scan_range(struct scan *scan, const struct cron_field *field, int *ret_first,
		      int *ret_last)
{
	const char *start = scan->at;
	int r;

	*ret_first = field->least;
	*ret_last = field->most;
	if (accept(scan, '*'))
		return 0;
	r = scan_value(scan, field, ret_first);
	*ret_last = *ret_first;
	if (r == 0 && accept(scan, '-'))
		r = scan_value(scan, field, ret_last);
	if (r < 0)
		return r;
	return *ret_last < *ret_first ? refuse(scan, start, "a range goes up") : 0;
}

static int scan_item(struct scan *scan, const struct cron_field *field, uint64_t *bits)
{
	int first, last, step = 1, r = scan_range(scan, field, &first, &last);

	if (r < 0)
		return r;
	if (accept(scan, '/')) {
		const char *start = scan->at;

		step = scan_number(scan);
		if (step < 1 || step > field->most) {
			scan->at = start;
			return error_set(scan->err, -EINVAL, "a step of the %s is 1 to %d",
					 field->what, field->most);
		}
		/* As cron has it: "5/15" begins at 5 and goes on. */
		if (last == first)
			last = field->most;
	}
	for (int value = first; value <= last; value += step)
		*bits |= UINT64_C(1) << value;
	return 0;
}

/* *ret_star: it begins with one, so it does not choose. */
static int scan_field(struct scan *scan, const struct cron_field *field, uint64_t *ret_bits,
		      bool *ret_star)
{
	*ret_bits = 0;
	*ret_star = *scan->at == '*';
	do {
		int r = scan_item(scan, field, ret_bits);

		if (r < 0)
			return r;
	} while (accept(scan, ','));
	if (*scan->at != '\0' && !isblank((unsigned char)*scan->at))
		return error_set(scan->err, -EINVAL, "this is no %s", field->what);
	skip_blanks(scan);
	return 0;
}

static int parse_cron(struct scan *scan, struct policy_window *window)
{
	uint64_t bits[CRON_FIELDS];
	bool star[CRON_FIELDS];

	for (size_t i = 0; i < CRON_FIELDS; i++) {
		int r = scan_field(scan, &cron_fields[i], &bits[i], &star[i]);

		if (r < 0)
			return r;
	}
	window->minutes = bits[0];
	window->hours = (uint32_t)bits[1];
	window->month_days = (uint32_t)bits[2];
	window->months = (uint16_t)bits[3];
	/* Sunday is 0 and 7. */
	window->days = (uint8_t)((bits[4] | bits[4] >> 7) & ALL_DAYS);
	window->either = !star[2] && !star[4];
	return 0;
}

static size_t count_fields(const char *text)
{
	size_t count = 0;

	for (;;) {
		text += strspn(text, " \t");
		if (*text == '\0')
			return count;
		text += strcspn(text, " \t");
		count++;
	}
}

int window_parse(const char *text, struct policy_window *ret_window, size_t *ret_offset,
		 struct error *err)
{
	struct scan scan = { .at = text, .err = err };
	struct policy_window window = { 0 };
	int r;

	skip_blanks(&scan);
	if (*scan.at == '\0')
		r = refuse(&scan, scan.at, "it is empty");
	else if (count_fields(text) == CRON_FIELDS)
		r = parse_cron(&scan, &window);
	else
		r = parse_plain(&scan, &window);
	*ret_offset = (size_t)(scan.at - text);
	if (r == 0)
		*ret_window = window;
	return r;
}

/* ---- asking ---- */

static bool is_in(uint64_t set, int bit)
{
	return set == 0 || (set >> bit & 1) != 0;
}

static bool is_on_day(const struct policy_window *window, const struct tm *local, int week_day)
{
	bool week = (window->days >> week_day & 1) != 0;
	bool month = is_in(window->month_days, local->tm_mday);

	return window->either ? week || month : week && month;
}

bool window_holds(const struct policy_window *window, const struct tm *local)
{
	int minute = local->tm_hour * 60 + local->tm_min, yesterday = (local->tm_wday + 6) % 7;

	if (!is_in(window->months, local->tm_mon + 1) || !is_in(window->hours, local->tm_hour) ||
	    !is_in(window->minutes, local->tm_min))
		return false;
	if (window->start < window->end)
		return minute >= window->start && minute < window->end &&
		       is_on_day(window, local, local->tm_wday);
	if (window->start == window->end)
		return is_on_day(window, local, local->tm_wday);
	return (minute >= window->start && is_on_day(window, local, local->tm_wday)) ||
	       (minute < window->end && is_on_day(window, local, yesterday));
}
