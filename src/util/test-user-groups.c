// SPDX-License-Identifier: MIT
#include "util/user-groups.h"

#include "test/unit.h"

static void test_the_first_is_its_own(void **state)
{
	_cleanup_(freep) gid_t *groups = NULL;
	bool own = false;
	size_t count;

	assert_int_equal(user_groups("root", 4242, &groups, &count), 0);
	assert_true(count >= 1);
	for (size_t i = 0; i < count; i++)
		own |= groups[i] == 4242;
	assert_true(own);
}

static void test_nobody_knows_him(void **state)
{
	_cleanup_(freep) gid_t *groups = NULL;
	size_t count;

	assert_int_equal(user_groups("no such user", 7, &groups, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(groups[0], 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_first_is_its_own),
		cmocka_unit_test(test_nobody_knows_him),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
