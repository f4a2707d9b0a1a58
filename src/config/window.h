/* SPDX-License-Identifier: MIT */
/* When a rule holds: times of the day and of the week, in local time. */
#pragma once

#include "config/policy.h"

#include <time.h>

/*
 * Reads one of
 *
 *	[DAYS] HH:MM-HH:MM	"mon-fri 22:00-06:00", "08:00-18:00"
 *	DAYS			"sat,sun"
 *	five fields of cron	"* 8-18 * * 1-5": minute, hour, day, month, day of the week
 *
 * DAYS is a list of days and ranges of days in English, of which three letters are enough. An end
 * before its start is on the next day; 24:00 is the end of a day. As in cron, of the day of the
 * month and that of the week one is enough where neither is "*".
 *
 * Returns 0, or -EINVAL with the reason in `err` and the offending byte's offset in *ret_offset.
 */
int window_parse(const char *text, struct policy_window *ret_window, size_t *ret_offset,
		 struct error *err);

/* Whether it holds at that local time (as localtime_r() fills it in). */
bool window_holds(const struct policy_window *window, const struct tm *local);
