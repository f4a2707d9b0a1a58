// SPDX-License-Identifier: MIT
#include "util/digits.h"

#include "test/unit.h"

#include <inttypes.h>

static const uint64_t numbers[] = {
	0,
	1,
	7,
	8,
	9,
	10,
	15,
	16,
	63,
	64,
	99,
	100,
	999,
	1000,
	9999,
	10000,
	99999,
	100000,
	1234567,
	4294967295,
	9999999999999999,
	UINT64_C(10000000000000000000),
	UINT64_MAX - 1,
	UINT64_MAX,
};

static void test_as_printf(void **state)
{
	char wanted[32], text[32];

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		memset(text, 0, sizeof(text));
		snprintf(wanted, sizeof(wanted), "%" PRIu64, numbers[i]);
		assert_int_equal(digits_decimal(numbers[i], text), strlen(wanted));
		assert_string_equal(text, wanted);
		memset(text, 0, sizeof(text));
		snprintf(wanted, sizeof(wanted), "%" PRIx64, numbers[i]);
		assert_int_equal(digits_hex(numbers[i], text), strlen(wanted));
		assert_string_equal(text, wanted);
		memset(text, 0, sizeof(text));
		snprintf(wanted, sizeof(wanted), "%" PRIo64, numbers[i]);
		assert_int_equal(digits_octal(numbers[i], text), strlen(wanted));
		assert_string_equal(text, wanted);
	}
}

static void test_fixed_width(void **state)
{
	char text[] = "xxxxxxxxxx";

	digits_fixed(1234, 9, text);
	assert_string_equal(text, "000001234x");
	digits_fixed(7, 2, text);
	assert_string_equal(text, "070001234x");
	digits_fixed(1239, 1, text);
	assert_string_equal(text, "970001234x");
	digits_fixed(5, 0, text);
	assert_string_equal(text, "970001234x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_printf),
		cmocka_unit_test(test_fixed_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
