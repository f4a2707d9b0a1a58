// SPDX-License-Identifier: MIT
/*
 * The C library reads /etc/localtime once, and again only after another zone has been in force: so
 * there is one for a moment. Where TZ is set, it says the zone.
 */
#include "core/zone.h"

#include "util/macros.h"

enum { DAY = 86400, DAYS_MOST = 400 };

static int32_t offset_at(time_t when)
{
	struct tm tm;

	return localtime_r(&when, &tm) ? (int32_t)tm.tm_gmtoff : 0;
}

int32_t zone_offset(time_t when)
{
	if (!getenv("TZ")) {
		(void)setenv("TZ", "UTC0", 1);
		tzset();
		(void)unsetenv("TZ");
	}
	tzset();
	return offset_at(when);
}

time_t zone_next_change(time_t now)
{
	const int32_t offset = offset_at(now);
	time_t from = now, to;

	for (int days = 0; days < DAYS_MOST && offset_at(from + DAY) == offset; days++)
		from += DAY;
	to = from + DAY;
	if (offset_at(to) == offset)
		return 0;
	while (to - from > 1) {
		time_t middle = from + (to - from) / 2;

		if (offset_at(middle) == offset)
			from = middle;
		else
			to = middle;
	}
	return to;
}
