// SPDX-License-Identifier: MIT
/* Written like the gaps that sources tell (event-json.h), with the numbers besides. */
#include "export/gap.h"

#include <time.h>

void gap_add_time(uint64_t time, struct text *text)
{
	time_t seconds = (time_t)(time / UINT64_C(1000000000));
	char stamp[32] = "";
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		(void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	text_addf(text, "%s.%09uZ", stamp, (unsigned)(time % UINT64_C(1000000000)));
}

static void add_string(const char *string, struct text *text)
{
	for (; *string; string++)
		if (*string == '"' || *string == '\\' || (unsigned char)*string < 0x20)
			text_addf(text, "\\u%04x", (unsigned)(unsigned char)*string);
		else
			text_add_bytes(text, string, 1);
}

void gap_add_json(const struct gap *gap, struct text *text)
{
	text_add(text, "{\"type\":\"gap\",\"source\":\"reeve\",\"time\":\"");
	gap_add_time(gap->time, text);
	text_add(text, "\"");
	if (gap->first > 0)
		text_addf(text, ",\"first\":%llu,\"last\":%llu", (unsigned long long)gap->first,
			  (unsigned long long)(gap->first + gap->count - 1));
	if (!gap->unknown)
		text_addf(text, ",\"lost\":%llu", (unsigned long long)gap->count);
	text_add(text, ",\"reason\":\"");
	add_string(gap->reason, text);
	text_add(text, "\"}");
}
