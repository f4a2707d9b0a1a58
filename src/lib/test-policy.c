// SPDX-License-Identifier: MIT
/* Checks of policies, as users of the library make them. */
#include "reeve/policy.h"

#include "test/unit.h"

static void test_a_valid_one(void **state)
{
	static const char text[] = "rules: {}\n";
	struct reeve_check *check = NULL;

	assert_int_equal(reeve_check_policy_text("p.yaml", text, strlen(text), &check), 0);
	assert_int_equal(reeve_check_count(check), 1); /* there are no rules */
	assert_int_equal(reeve_check_severity(check, 0), REEVE_WARNING);
	reeve_check_free(check);
}

static void test_mistakes(void **state)
{
	static const char text[] =
		"rules:\n  a:\n    paths: [/bin/x]\n    action: execute\n    grup: b\n";
	_cleanup_(freep) char *json = NULL;
	struct reeve_check *check = NULL;

	assert_int_equal(reeve_check_policy_text("p.yaml", text, strlen(text), &check), -EINVAL);
	assert_true(reeve_check_count(check) >= 1);
	assert_string_equal(reeve_check_file(check, 0), "p.yaml");
	assert_int_equal(reeve_check_severity(check, 0), REEVE_ERROR);
	assert_int_equal(reeve_check_line(check, 0), 5);
	assert_int_equal(reeve_check_column(check, 0), 5);
	assert_non_null(strstr(reeve_check_message(check, 0), "grup"));
	assert_non_null(strstr(reeve_check_hint(check, 0), "group"));
	json = reeve_check_json(check);
	assert_non_null(strstr(json, "\"line\":5"));
	assert_string_equal(reeve_check_message(check, 1000), "");
	assert_int_equal(reeve_check_line(check, 1000), 0);
	reeve_check_free(check);
}

static void test_one_that_is_missing(void **state)
{
	struct reeve_check *check = NULL;

	assert_int_equal(reeve_check_policy("/nowhere/p.yaml", &check), -ENOENT);
	assert_int_equal(reeve_check_count(check), 1);
	reeve_check_free(check);
	reeve_check_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_valid_one),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_one_that_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
