// SPDX-License-Identifier: MIT
/* Fixed-point throughout: a double cannot hold 2^53 bytes and a fraction exactly. */
#include "util/units.h"

#include <ctype.h>
#include <inttypes.h>
#include <strings.h>

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit byte_units[] = {
	{ "b", 1 },
	{ "k", UINT64_C(1) << 10 },
	{ "kb", UINT64_C(1) << 10 },
	{ "kib", UINT64_C(1) << 10 },
	{ "m", UINT64_C(1) << 20 },
	{ "mb", UINT64_C(1) << 20 },
	{ "mib", UINT64_C(1) << 20 },
	{ "g", UINT64_C(1) << 30 },
	{ "gb", UINT64_C(1) << 30 },
	{ "gib", UINT64_C(1) << 30 },
	{ "t", UINT64_C(1) << 40 },
	{ "tb", UINT64_C(1) << 40 },
	{ "tib", UINT64_C(1) << 40 },
	{ "p", UINT64_C(1) << 50 },
	{ "pb", UINT64_C(1) << 50 },
	{ "pib", UINT64_C(1) << 50 },
};

static const struct unit time_units[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "ms", 1000 * 1000 },
	{ "s", UINT64_C(1000000000) },
	{ "sec", UINT64_C(1000000000) },
	{ "m", UINT64_C(60000000000) },
	{ "min", UINT64_C(60000000000) },
	{ "h", UINT64_C(3600000000000) },
	{ "d", UINT64_C(86400000000000) },
};

int parse_u64(const char *text, uint64_t *ret_value)
{
	char *end;
	unsigned long long value;

	if (*text == '-' && isdigit((unsigned char)text[1]))
		return -ERANGE;
	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, text[0] == '0' && (text[1] | 32) == 'x' ? 16 : 10);
	if (*end != '\0' || end == text)
		return -EINVAL;
	if (errno == ERANGE)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

/* Reads digits[.digits] as value = number * scale, rounded; the rest of the text is left in *at. */
static int scan_decimal(const char **at, uint64_t scale, bool *ret_fraction, uint64_t *ret_value)
{
	__extension__ unsigned __int128 whole = 0, part = 0;
	uint64_t divisor = 1;
	const char *p = *at;

	if (*p == '-' && isdigit((unsigned char)p[1]))
		return -ERANGE;
	if (!isdigit((unsigned char)*p))
		return -EINVAL;
	for (; isdigit((unsigned char)*p); p++) {
		whole = whole * 10 + (unsigned)(*p - '0');
		if (whole > UINT64_MAX)
			return -ERANGE;
	}
	*ret_fraction = *p == '.';
	if (*p == '.') {
		if (!isdigit((unsigned char)*++p))
			return -EINVAL;
		for (; isdigit((unsigned char)*p); p++) {
			if (divisor > UINT64_C(100000000000000000))
				continue; /* beyond 17 digits nothing changes */
			part = part * 10 + (unsigned)(*p - '0');
			divisor *= 10;
		}
	}
	whole = whole * scale + (part * scale + divisor / 2) / divisor;
	if (whole > UINT64_MAX)
		return -ERANGE;
	*at = p;
	*ret_value = (uint64_t)whole;
	return 0;
}

int parse_decimal(const char *text, uint64_t scale, uint64_t *ret_value)
{
	uint64_t value;
	bool fraction;
	int r = scan_decimal(&text, scale, &fraction, &value);

	if (r < 0)
		return r;
	if (*text != '\0')
		return -EINVAL;
	*ret_value = value;
	return 0;
}

static int parse_with_units(const char *text, const struct unit *units, size_t count, uint64_t unit,
			    uint64_t *ret_value)
{
	const char *at = text;
	uint64_t factor = 0, ignored;
	bool fraction;
	int r = scan_decimal(&at, 1, &fraction, &ignored);

	if (r < 0)
		return r;
	if (*at == '\0')
		factor = unit;
	while (*at == ' ')
		at++;
	for (size_t i = 0; factor == 0 && i < count; i++)
		if (strcasecmp(at, units[i].name) == 0)
			factor = units[i].factor;
	if (factor == 0)
		return -EINVAL;
	/* Half a byte, or half of a plain number whose unit is one, is a mistake. */
	if (fraction && factor == 1)
		return -EINVAL;
	at = text;
	return scan_decimal(&at, factor, &fraction, ret_value);
}

int parse_bytes(const char *text, uint64_t unit, uint64_t *ret_bytes)
{
	uint64_t bytes;
	int r;

	if (strcasecmp(text, "max") == 0 || strcasecmp(text, "infinity") == 0) {
		*ret_bytes = UNITS_MAX;
		return 0;
	}
	r = parse_with_units(text, byte_units, ARRAY_SIZE(byte_units), unit, &bytes);
	if (r < 0)
		return r;
	/* The greatest number must not turn into "no limit" by accident. */
	if (bytes == UNITS_MAX)
		return -ERANGE;
	*ret_bytes = bytes;
	return 0;
}

int parse_duration(const char *text, uint64_t unit_ns, uint64_t *ret_ns)
{
	return parse_with_units(text, time_units, ARRAY_SIZE(time_units), unit_ns, ret_ns);
}

int parse_rate(const char *text, uint64_t *ret_count, uint64_t *ret_interval_ns)
{
	const char *slash = strchr(text, '/'), *per;
	char number[24], one[16];
	uint64_t count, interval;
	int r;

	if (!slash || (size_t)(slash - text) >= sizeof(number))
		return -EINVAL;
	memcpy(number, text, (size_t)(slash - text));
	number[slash - text] = '\0';
	per = slash + 1;
	/* "/s" is "/1s" */
	if (isalpha((unsigned char)*per)) {
		if ((size_t)snprintf(one, sizeof(one), "1%s", per) >= sizeof(one))
			return -EINVAL;
		per = one;
	}
	r = parse_u64(number, &count);
	if (r == 0)
		r = parse_with_units(per, time_units, ARRAY_SIZE(time_units), 0, &interval);
	if (r < 0)
		return r;
	if (count == 0 || interval == 0)
		return -ERANGE;
	*ret_count = count;
	*ret_interval_ns = interval;
	return 0;
}

const char *format_bytes(uint64_t bytes, char *buffer, size_t size)
{
	static const char letters[] = "KMGTP";

	if (bytes == UNITS_MAX) {
		snprintf(buffer, size, "max");
		return buffer;
	}
	for (int i = 4; i >= 0; i--) {
		uint64_t factor = UINT64_C(1) << (10 * (i + 1));

		if (bytes < factor)
			continue;
		/* Cut, not rounded: 1 byte less than 1G is not "1024.0M". */
		if (bytes % factor == 0)
			snprintf(buffer, size, "%" PRIu64 "%c", bytes / factor, letters[i]);
		else
			snprintf(buffer, size, "%" PRIu64 ".%u%c", bytes / factor,
				 (unsigned)(bytes % factor * 10 / factor), letters[i]);
		return buffer;
	}
	snprintf(buffer, size, "%" PRIu64, bytes);
	return buffer;
}

const char *format_duration(uint64_t ns, char *buffer, size_t size)
{
	uint64_t seconds = ns / UINT64_C(1000000000);

	if (ns < UINT64_C(1000000))
		snprintf(buffer, size, "%" PRIu64 "us", ns / 1000);
	else if (ns < UINT64_C(1000000000))
		snprintf(buffer, size, "%" PRIu64 "ms", ns / 1000000);
	else if (seconds < 60)
		snprintf(buffer, size, "%" PRIu64 ".%us", seconds,
			 (unsigned)(ns / UINT64_C(100000000) % 10));
	else if (seconds < 3600)
		snprintf(buffer, size, "%" PRIu64 "min %" PRIu64 "s", seconds / 60, seconds % 60);
	else if (seconds < 86400)
		snprintf(buffer, size, "%" PRIu64 "h %" PRIu64 "min", seconds / 3600,
			 seconds / 60 % 60);
	else
		snprintf(buffer, size, "%" PRIu64 "d %" PRIu64 "h", seconds / 86400,
			 seconds / 3600 % 24);
	return buffer;
}
