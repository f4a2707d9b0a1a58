// SPDX-License-Identifier: MIT
#include "launch/own-group.h"

#include "test/unit.h"

static void said(enum own_group_news news, uint64_t count, const char *wanted)
{
	_cleanup_(freep) char *text = own_group_sentence(news, "g", count);

	assert_string_equal(text, wanted);
}

static void test_sentences(void **state)
{
	said(OWN_GROUP_KILLS, 2,
	     "the kernel killed 2 of the group's processes: its memory was at its limit");
	said(OWN_GROUP_FORKS, 1,
	     "the kernel refused new processes or threads 1 time: the group was at its limit of "
	     "tasks (pids)");
	said(OWN_GROUP_FORKS, 7,
	     "the kernel refused new processes or threads 7 times: the group was at its limit of "
	     "tasks (pids)");
	said(OWN_GROUP_STAYS, 0,
	     "the group \"g\" stays, for processes that the program left behind are in it (reeve "
	     "group kill g, reeve group delete g)");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_sentences) };

	return cmocka_run_group_tests_name("launch/own-group", tests, NULL, NULL);
}
