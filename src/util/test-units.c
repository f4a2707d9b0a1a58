// SPDX-License-Identifier: MIT
#include "util/units.h"

#include "test/unit.h"

#include <inttypes.h>

#define KIB    (UINT64_C(1) << 10)
#define MIB    (UINT64_C(1) << 20)
#define GIB    (UINT64_C(1) << 30)
#define SECOND UINT64_C(1000000000)

struct sample {
	const char *text;
	uint64_t unit; /* or scale */
	int result;
	uint64_t value;
};

static int parse_plain(const char *text, uint64_t unit, uint64_t *ret_value)
{
	return parse_u64(text, ret_value);
}

/* Runs all samples; a refused one must leave the value alone. */
static void assert_samples(int (*parse)(const char *, uint64_t, uint64_t *),
			   const struct sample *samples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t value = 12345678, wanted = samples[i].value;
		int r = parse(samples[i].text, samples[i].unit, &value);

		if (r < 0)
			wanted = 12345678;
		if (r != samples[i].result || value != wanted)
			fail_msg("\"%s\": result %d, value %" PRIu64 "; not %d, %" PRIu64,
				 samples[i].text, r, value, samples[i].result, wanted);
	}
}

static void test_whole_numbers(void **state)
{
	static const struct sample samples[] = {
		{ "0", 0, 0, 0 },
		{ "007", 0, 0, 7 },
		{ "010", 0, 0, 10 }, /* not octal */
		{ "18446744073709551615", 0, 0, UINT64_MAX },
		{ "0xff", 0, 0, 255 },
		{ "0XFF", 0, 0, 255 },
		{ "0xffffffffffffffff", 0, 0, UINT64_MAX },
		{ "18446744073709551616", 0, -ERANGE, 0 },
		{ "0x10000000000000000", 0, -ERANGE, 0 },
		{ "-1", 0, -ERANGE, 0 },
		{ "99999999999999999999x", 0, -EINVAL, 0 },
		{ "", 0, -EINVAL, 0 },
		{ "-", 0, -EINVAL, 0 },
		{ "-x", 0, -EINVAL, 0 },
		{ "+1", 0, -EINVAL, 0 },
		{ " 1", 0, -EINVAL, 0 },
		{ "1 ", 0, -EINVAL, 0 },
		{ "1.0", 0, -EINVAL, 0 },
		{ "1e99", 0, -EINVAL, 0 },
		{ "0x", 0, -EINVAL, 0 },
		{ "0x-1", 0, -EINVAL, 0 },
		{ "x1", 0, -EINVAL, 0 },
		{ "max", 0, -EINVAL, 0 },
	};

	assert_samples(parse_plain, samples, ARRAY_SIZE(samples));
}

static void test_bytes(void **state)
{
	static const struct sample samples[] = {
		{ "0", 1, 0, 0 },
		{ "4500", MIB, 0, 4500 * MIB },
		{ "4500", 1, 0, 4500 },
		{ "4.5", MIB, 0, 4 * MIB + 512 * KIB },
		{ "4.5G", 1, 0, 4 * GIB + 512 * MIB },
		{ "4.5g", MIB, 0, 4 * GIB + 512 * MIB },
		{ "1KiB", MIB, 0, KIB },
		{ "1 kb", MIB, 0, KIB },
		{ "1   K", MIB, 0, KIB },
		{ "17B", MIB, 0, 17 },
		{ "2TiB", 1, 0, 2048 * GIB },
		{ "3PB", 1, 0, 3 * 1024 * 1024 * GIB },
		{ "0.0009765625M", 1, 0, KIB },
		{ "0.1K", 1, 0, 102 },
		{ "0.9999999999999999999999K", 1, 0, 1024 }, /* rounded */
		{ "max", 1, 0, UNITS_MAX },
		{ "MAX", 1, 0, UNITS_MAX },
		{ "infinity", 1, 0, UNITS_MAX },
		{ "16383P", 1, 0, UINT64_C(16383) << 50 },
		{ "16384P", 1, -ERANGE, 0 },
		{ "18446744073709551614", 1, 0, UINT64_MAX - 1 },
		{ "18446744073709551615", 1, -ERANGE, 0 }, /* would be "max" */
		{ "18446744073709551615", MIB, -ERANGE, 0 },
		{ "99999999999999999999999999999999999999999999", 1, -ERANGE, 0 },
		{ "-1", 1, -ERANGE, 0 },
		{ "-1G", 1, -ERANGE, 0 },
		{ "1.5", 1, -EINVAL, 0 }, /* half a byte */
		{ "1.5B", MIB, -EINVAL, 0 },
		{ "", 1, -EINVAL, 0 },
		{ "G", 1, -EINVAL, 0 },
		{ "1.G", 1, -EINVAL, 0 },
		{ ".5G", 1, -EINVAL, 0 },
		{ "1.5.5G", 1, -EINVAL, 0 },
		{ "1e3", 1, -EINVAL, 0 },
		{ "1GG", 1, -EINVAL, 0 },
		{ "1G ", 1, -EINVAL, 0 },
		{ "1 ", 1, -EINVAL, 0 },
		{ " 1", 1, -EINVAL, 0 },
		{ "1\tG", 1, -EINVAL, 0 },
		{ "0x10", 1, -EINVAL, 0 },
		{ "-", 1, -EINVAL, 0 },
		{ "-x", 1, -EINVAL, 0 },
		{ "50%", 1, -EINVAL, 0 },
	};

	assert_samples(parse_bytes, samples, ARRAY_SIZE(samples));
}

static void test_durations(void **state)
{
	static const struct sample samples[] = {
		{ "0", SECOND, 0, 0 },
		{ "5", SECOND, 0, 5 * SECOND },
		{ "5", 1000, 0, 5000 },
		{ "1.5s", 1, 0, SECOND + SECOND / 2 },
		{ "250ms", 1, 0, SECOND / 4 },
		{ "10 us", 1, 0, 10000 },
		{ "7ns", SECOND, 0, 7 },
		{ "2m", 1, 0, 120 * SECOND },
		{ "2min", 1, 0, 120 * SECOND },
		{ "1.5H", 1, 0, 5400 * SECOND },
		{ "1d", 1, 0, 86400 * SECOND },
		{ "213503d", 1, 0, UINT64_C(213503) * 86400 * SECOND },
		{ "213504d", 1, -ERANGE, 0 },
		{ "1.5ns", 1, -EINVAL, 0 },
		{ "-1s", 1, -ERANGE, 0 },
		{ "1 week", 1, -EINVAL, 0 },
		{ "1h 2min", 1, -EINVAL, 0 },
		{ "max", 1, -EINVAL, 0 },
		{ "s", 1, -EINVAL, 0 },
		{ "", 1, -EINVAL, 0 },
	};

	assert_samples(parse_duration, samples, ARRAY_SIZE(samples));
}

static void test_decimals(void **state)
{
	static const struct sample samples[] = {
		{ "12.5", 1000, 0, 12500 },
		{ "90", 1000000, 0, 90000000 },
		{ "0.0000005", 1000000, 0, 1 }, /* half is rounded up */
		{ "0.0000004", 1000000, 0, 0 },
		{ "33.333333", 1000000, 0, 33333333 },
		{ "18446744073709551615", 1, 0, UINT64_MAX },
		{ "18446744073709551615.5", 1, -ERANGE, 0 },
		{ "18446744073709552", 1000, -ERANGE, 0 },
		{ "-0.5", 1000, -ERANGE, 0 },
		{ "12.5%", 1000, -EINVAL, 0 },
		{ "12,5", 1000, -EINVAL, 0 },
		{ "12.", 1000, -EINVAL, 0 },
		{ ".5", 1000, -EINVAL, 0 },
		{ "nan", 1000, -EINVAL, 0 },
		{ "", 1000, -EINVAL, 0 },
	};

	assert_samples(parse_decimal, samples, ARRAY_SIZE(samples));
}

static void test_printing_bytes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} samples[] = {
		{ 0, "0" },
		{ 1023, "1023" },
		{ KIB, "1K" },
		{ KIB + 1, "1.0K" },
		{ 1536, "1.5K" },
		{ 512 * MIB, "512M" },
		{ GIB - 1, "1023.9M" },
		{ GIB + 512 * MIB, "1.5G" },
		{ UINT64_MAX, "max" },
		{ UINT64_MAX - 1, "16383.9P" },
	};
	char buffer[32];

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		assert_string_equal(format_bytes(samples[i].bytes, buffer, sizeof(buffer)),
				    samples[i].text);
}

static void test_printing_durations(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} samples[] = {
		{ 0, "0us" },
		{ 999, "0us" },
		{ 40000, "40us" },
		{ 999999, "999us" },
		{ 15000000, "15ms" },
		{ SECOND - 1, "999ms" },
		{ 3 * SECOND + SECOND / 5, "3.2s" },
		{ 60 * SECOND - 1, "59.9s" },
		{ 61 * SECOND, "1min 1s" },
		{ 3720 * SECOND, "1h 2min" },
		{ 90000 * SECOND, "1d 1h" },
	};
	char buffer[32];

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		assert_string_equal(format_duration(samples[i].ns, buffer, sizeof(buffer)),
				    samples[i].text);
}

static void test_a_small_buffer_is_not_overrun(void **state)
{
	char buffer[4] = "xyz";

	format_bytes(UINT64_MAX - 1, buffer, sizeof(buffer));
	assert_string_equal(buffer, "163");
	format_duration(UINT64_MAX, buffer, sizeof(buffer));
	assert_string_equal(buffer, "213");
}

static void test_rates(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t count, interval;
	} samples[] = {
		{ "10/s", 0, 10, UINT64_C(1000000000) },
		{ "5/min", 0, 5, UINT64_C(60000000000) },
		{ "5/m", 0, 5, UINT64_C(60000000000) },
		{ "100/h", 0, 100, UINT64_C(3600000000000) },
		{ "3/10s", 0, 3, UINT64_C(10000000000) },
		{ "1/1.5 s", 0, 1, UINT64_C(1500000000) },
		{ "7/20ms", 0, 7, 20000000 },
		{ "", -EINVAL, 0, 0 },
		{ "10", -EINVAL, 0, 0 },
		{ "/s", -EINVAL, 0, 0 },
		{ "10/", -EINVAL, 0, 0 },
		{ "10/5", -EINVAL, 0, 0 },
		{ "10/x", -EINVAL, 0, 0 },
		{ "1.5/s", -EINVAL, 0, 0 },
		{ "10/s/s", -EINVAL, 0, 0 },
		{ "10/aaaaaaaaaaaaaaaaaaaaaa", -EINVAL, 0, 0 },
		{ "111111111111111111111111/s", -EINVAL, 0, 0 },
		{ "0/s", -ERANGE, 0, 0 },
		{ "-1/s", -ERANGE, 0, 0 },
		{ "10/0s", -ERANGE, 0, 0 },
		{ "99999999999999999999/s", -ERANGE, 0, 0 },
		{ "1/99999999999999d", -ERANGE, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		uint64_t count = 0, interval = 0;

		if (parse_rate(samples[i].text, &count, &interval) != samples[i].result ||
		    count != samples[i].count || interval != samples[i].interval)
			fail_msg("\"%s\": %llu in %llu", samples[i].text, (unsigned long long)count,
				 (unsigned long long)interval);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_numbers),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_decimals),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_printing_bytes),
		cmocka_unit_test(test_printing_durations),
		cmocka_unit_test(test_a_small_buffer_is_not_overrun),
	};

	return cmocka_run_group_tests_name("units", tests, NULL, NULL);
}
