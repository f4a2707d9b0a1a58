// SPDX-License-Identifier: MIT
#include "fleet/keys.h"

#include "test/unit.h"

static void test_scopes(void **state)
{
	static const char *const good[] = { "all", "label/web", "host/web-1.example.com" };
	static const char *const bad[] = { "",		"al",	   "all/x",   "label/",
					   "label/a/b", "host/..", "host/ x", "labels/web" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(fleet_scope_is_good(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(fleet_scope_is_good(bad[i]));
}

/* These numbers are a promise: another version must choose the same hosts. */
static void test_percent_is_kept(void **state)
{
	assert_int_equal(fleet_percent_of("web-1"), 11);
	assert_int_equal(fleet_percent_of("web-2"), 42);
	assert_int_equal(fleet_percent_of("localhost"), 77);
}

static void test_percent_is_even(void **state)
{
	unsigned count[100] = { 0 };
	char name[32];

	for (unsigned i = 0; i < 100000; i++) {
		unsigned number;

		snprintf(name, sizeof(name), "web-%u.example", i);
		number = fleet_percent_of(name);
		assert_true(number < 100);
		count[number]++;
	}
	for (size_t i = 0; i < ARRAY_SIZE(count); i++)
		assert_true(count[i] > 800 && count[i] < 1200);
}

static void test_percent_words(void **state)
{
	assert_int_equal(fleet_percent_parse("1", 1), 1);
	assert_int_equal(fleet_percent_parse("99", 2), 99);
	assert_int_equal(fleet_percent_parse("0", 1), -EINVAL);
	assert_int_equal(fleet_percent_parse("05", 2), -EINVAL);
	assert_int_equal(fleet_percent_parse("100", 3), -EINVAL);
	assert_int_equal(fleet_percent_parse("1x", 2), -EINVAL);
	assert_int_equal(fleet_percent_parse("", 0), -EINVAL);
}

static void test_rest(void **state)
{
	static const char zero[] = "/reeve/live/a\0b";

	assert_string_equal(fleet_key_rest("/reeve/live/a", 13, "/reeve", "live"), "a");
	assert_string_equal(fleet_key_rest("/r/services/all/x", 17, "/r", "services/all"), "x");
	assert_null(fleet_key_rest("/reeve/live", 11, "/reeve", "live"));
	assert_null(fleet_key_rest("/reeve2/live/a", 14, "/reeve", "live"));
	assert_null(fleet_key_rest("/reeve/life/a", 13, "/reeve", "live"));
	assert_null(fleet_key_rest(zero, sizeof(zero) - 1, "/reeve", "live"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_percent_is_kept),
		cmocka_unit_test(test_percent_is_even),
		cmocka_unit_test(test_percent_words),
		cmocka_unit_test(test_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
