// SPDX-License-Identifier: MIT
/* The names of units; scopes themselves need systemd: test/e2e/cgtools-systemd.bats. */
#include "cgroup/scope.h"

#include "test/unit.h"

static void names(void **state)
{
	(void)state;
	assert_true(scope_is_name("a.scope", ".scope"));
	assert_true(scope_is_name("a-b.c.slice", ".slice"));
	assert_false(scope_is_name(".scope", ".scope"));
	assert_false(scope_is_name("a.slice", ".scope"));
	assert_false(scope_is_name("a/b.scope", ".scope"));
	assert_false(scope_is_name("-a.scope", ".scope"));
	assert_false(scope_is_name("", ".scope"));
}

static void without_systemd(void **state)
{
	const struct scope_request request = { "reeve-test.scope", NULL, "a test", 1 };
	_cleanup_(error_done) struct error err = ERROR_INIT;

	(void)state;
	if (access("/run/systemd/system", F_OK) == 0)
		return; /* it would be asked for one */
	assert_int_equal(scope_make(&request, &err), -ENODEV);
	assert_non_null(strstr(err.message, "systemd is not process 1"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(without_systemd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
