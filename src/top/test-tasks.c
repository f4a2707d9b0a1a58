// SPDX-License-Identifier: MIT
#include "top/tasks.h"

#include "test/unit.h"

#include <sys/wait.h>

static void looks_at_processes(_unused_ void **state)
{
	_cleanup_(host_freep) struct host *host = NULL;
	json_t *pids = json_pack("[i, i, s]", (int)getpid(), -1, "x");
	struct use use = { 0 };

	assert_int_equal(host_new(&host, NULL), 0);
	assert_int_equal(tasks_look(host, &use, pids, clock_monotonic()), 0);
	assert_int_equal(use.task_count, 1);
	assert_int_equal(use.tasks[0].pid, getpid());
	assert_int_equal(use.tasks[0].state, 'R');
	assert_true(use.tasks[0].memory > 0 && use.tasks[0].threads == 1);
	assert_int_equal(strncmp(use.tasks[0].comm, "test-top-tasks", 14), 0);
	assert_int_equal(use.tasks[0].cpu, 0);
	use.tasks_ns = clock_monotonic() - UINT64_C(1000000000);
	assert_int_equal(tasks_look(host, &use, pids, clock_monotonic()), 0);
	assert_true(use.tasks[0].cpu <= 1000000);
	free(use.tasks);
	json_decref(pids);
}

static void kills_that_one_only(_unused_ void **state)
{
	_cleanup_(host_freep) struct host *host = NULL;
	struct use use = { 0 };
	struct task another;
	json_t *pids;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	assert_true(pid > 0);
	pids = json_pack("[i]", (int)pid);
	assert_int_equal(host_new(&host, NULL), 0);
	assert_int_equal(tasks_look(host, &use, pids, clock_monotonic()), 0);
	another = use.tasks[0];
	another.start++;
	assert_int_equal(task_kill(host, &another), -ESRCH);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_int_equal(task_kill(host, &use.tasks[0]), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(task_kill(host, &use.tasks[0]), -ESRCH);
	free(use.tasks);
	json_decref(pids);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looks_at_processes),
		cmocka_unit_test(kills_that_one_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
