// SPDX-License-Identifier: MIT
/* Becoming the caller needs a set-user-ID copy: test/e2e/port.bats has one. */
#include "port/set-user-id.h"

#include "test/unit.h"

#include <linux/capability.h>

static void test_words(void **state)
{
	char wrong[SET_USER_ID_WRONG];
	uint64_t capabilities = 0;

	assert_int_equal(set_user_id_parse("# what for\n cap_sys_chroot\tCAP_SETUID # so\n",
					   &capabilities, wrong),
			 0);
	assert_int_equal(capabilities, 1ULL << CAP_SYS_CHROOT | 1ULL << CAP_SETUID);
}

static void test_mistakes(void **state)
{
	char wrong[SET_USER_ID_WRONG];
	uint64_t capabilities = 0;

	assert_int_equal(set_user_id_parse("", &capabilities, wrong), -EINVAL);
	assert_int_equal(set_user_id_parse("# cap_setuid", &capabilities, wrong), -EINVAL);
	assert_string_equal(wrong, "no capability is named");
	assert_int_equal(set_user_id_parse("cap_setuid,cap_kill", &capabilities, wrong), -EINVAL);
	assert_string_equal(wrong, "\"cap_setuid,cap_kill\" is no capability");
	assert_int_equal(set_user_id_parse("cap_last_cap_of_all", &capabilities, wrong), -EINVAL);
	assert_int_equal(capabilities, 0);
}

static void test_who_is_the_caller(void **state)
{
	char wrong[SET_USER_ID_WRONG];

	/* nobody's rights but its own: the file is not asked for */
	assert_int_equal(set_user_id_enter("/nonexistent", false, wrong), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_who_is_the_caller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
