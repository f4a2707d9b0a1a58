// SPDX-License-Identifier: MIT
/*
 * Days are counted from the first of March of the year 0, so that a leap day is the last of its
 * year, in eras of 400 years, which are all alike.
 */
#include "util/civil.h"

void civil_time(int64_t seconds, struct tm *ret_time)
{
	int64_t days = seconds / 86400, left = seconds % 86400, era, of_era, of_year, year, month;

	if (left < 0) {
		left += 86400;
		days--;
	}
	*ret_time = (struct tm){
		.tm_hour = (int)(left / 3600),
		.tm_min = (int)(left / 60 % 60),
		.tm_sec = (int)(left % 60),
		.tm_wday = (int)(((days + 4) % 7 + 7) % 7),
	};
	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	of_era = days - era * 146097;
	year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	of_year = of_era - (365 * year + year / 4 - year / 100);
	month = (5 * of_year + 2) / 153;
	ret_time->tm_mday = (int)(of_year - (153 * month + 2) / 5 + 1);
	ret_time->tm_mon = (int)(month < 10 ? month + 2 : month - 10);
	ret_time->tm_year = (int)(year + era * 400 + (month >= 10) - 1900);
}
