// SPDX-License-Identifier: MIT
#include "core/urgency.h"

#include "test/unit.h"

#include <sched.h>
#include <sys/wait.h>

#define MS UINT64_C(1000000)

static int policy(void)
{
	return sched_getscheduler(0) & ~SCHED_RESET_ON_FORK;
}

static void raised_for_what_is_meant(void **state)
{
	struct urgency urgency;

	urgency_init(&urgency, 0);
	urgency_sleep(&urgency, 0);
	if (urgency.refused) {
		assert_int_equal(policy(), SCHED_OTHER);
		return;
	}
	assert_int_equal(policy(), SCHED_FIFO);
	urgency_wake(&urgency, false, MS);
	assert_int_equal(policy(), SCHED_OTHER);
	urgency_end(&urgency, 3 * MS);
	assert_int_equal(urgency.turns, 0);
	urgency_sleep(&urgency, 4 * MS);
	urgency_wake(&urgency, true, 5 * MS);
	assert_int_equal(policy(), SCHED_FIFO);
	assert_int_equal(urgency.turns, 1);
	urgency_end(&urgency, 6 * MS);
	assert_int_equal(policy(), SCHED_OTHER);
}

/* A tenth of the time, and no more. */
static void bounded(void **state)
{
	struct urgency urgency;

	urgency_init(&urgency, 0);
	urgency_sleep(&urgency, 0);
	if (urgency.refused)
		return;
	urgency_wake(&urgency, true, 0);
	urgency_end(&urgency, 50 * MS);
	urgency_sleep(&urgency, 51 * MS);
	assert_int_equal(policy(), SCHED_OTHER);
	assert_int_equal(urgency.exhausted, 1);
	urgency_wake(&urgency, true, 52 * MS);
	urgency_end(&urgency, 53 * MS);
	assert_int_equal(urgency.turns, 1);
	urgency_sleep(&urgency, 62 * MS);
	assert_int_equal(policy(), SCHED_FIFO);
	urgency_wake(&urgency, true, 62 * MS);
	urgency_end(&urgency, 62 * MS);
	assert_int_equal(urgency.turns, 2);
}

static void children_are_like_everybody(void **state)
{
	struct urgency urgency;
	int status;
	pid_t pid;

	urgency_init(&urgency, 0);
	urgency_sleep(&urgency, 0);
	urgency_wake(&urgency, true, 0);
	pid = fork();
	if (pid == 0)
		_exit(sched_getscheduler(0));
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, SCHED_OTHER << 8);
	urgency_end(&urgency, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(raised_for_what_is_meant),
		cmocka_unit_test(bounded),
		cmocka_unit_test(children_are_like_everybody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
