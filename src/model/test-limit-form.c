// SPDX-License-Identifier: MIT
#include "model/limit-form.h"

#include "test/unit.h"

static void test_forms(void **state)
{
	assert_int_equal(limit_form(LIMIT_RAM), LIMIT_FORM_PLAIN);
	assert_int_equal(limit_form(LIMIT_CPUS), LIMIT_FORM_TEXT);
	assert_int_equal(limit_form(LIMIT_FREEZE), LIMIT_FORM_BOOL);
	assert_int_equal(limit_form(LIMIT_RAW), LIMIT_FORM_PAIR);
	assert_int_equal(limit_form(LIMIT_IO), LIMIT_FORM_IO);
}

static void test_numbers(void **state)
{
	uint64_t number;

	assert_true(limit_word_number("9223372036854775807", &number));
	assert_int_equal(number, INT64_MAX);
	assert_false(limit_word_number("9223372036854775808", &number));
	assert_false(limit_word_number("-1", &number));
	assert_false(limit_word_number("", &number));
	assert_false(limit_word_number("1G", &number));
}

static void test_yes_and_no(void **state)
{
	bool yes;

	assert_int_equal(limit_word_bool("on", &yes), 0);
	assert_true(yes);
	assert_int_equal(limit_word_bool("0", &yes), 0);
	assert_false(yes);
	assert_int_equal(limit_word_bool("maybe", &yes), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_yes_and_no),
	};

	return cmocka_run_group_tests_name("model/limit-form", tests, NULL, NULL);
}
