// SPDX-License-Identifier: MIT
/* Processes to be entered. */
#include "launch/neighbour.h"

#include "test/unit.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

static int proc_fd(void)
{
	int fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* A child that has said that it is ready, in new namespaces. */
static pid_t child_in(int flags)
{
	int pipes[2];
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		if (unshare(flags) == 0 && write(pipes[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	close(pipes[1]);
	if (read(pipes[0], &byte, 1) != 1)
		pid = -pid;
	close(pipes[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_oneself_has_nothing_else(void **state)
{
	_cleanup_(closep) int proc = proc_fd();
	struct neighbour neighbour;
	struct launch_join join;

	assert_int_equal(neighbour_open(proc, getpid(), &neighbour, NULL), 0);
	assert_int_equal(neighbour.namespaces, 0);
	assert_false(neighbour_join(&neighbour, &join));
	neighbour_done(&neighbour);
	assert_int_equal(neighbour.pidfd, -1);
}

static void test_what_another_has(void **state)
{
	_cleanup_(closep) int proc = proc_fd();
	struct neighbour neighbour;
	struct launch_join join;
	pid_t pid = child_in(CLONE_NEWUTS | CLONE_NEWIPC);

	if (pid < 0) {
		assert_int_equal(waitpid(-pid, NULL, 0), -pid);
		skip();
	}
	assert_int_equal(neighbour_open(proc, pid, &neighbour, NULL), 0);
	assert_true(neighbour_join(&neighbour, &join));
	assert_int_equal(join.flags, CLONE_NEWUTS | CLONE_NEWIPC);
	assert_int_equal(join.fd, neighbour.pidfd);
	neighbour_done(&neighbour);
	end(pid);
}

static void test_nobody(void **state)
{
	_cleanup_(closep) int proc = proc_fd();
	struct error err = ERROR_INIT;
	struct neighbour neighbour;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(neighbour_open(proc, pid, &neighbour, &err), -ESRCH);
	assert_non_null(strstr(error_text(&err), "there is no process"));
	error_done(&err);
	assert_int_equal(neighbour_open(proc, -5, &neighbour, NULL), -ESRCH);
}

/* Nothing is to be entered where the groups are the same. */
static void test_the_same_groups(void **state)
{
	struct host *host = NULL;
	struct layout *layout = NULL;
	struct entrance entrance;
	struct neighbour neighbour;

	assert_int_equal(host_new(&host, NULL), 0);
	assert_int_equal(layout_detect(host, &layout, NULL), 0);
	assert_int_equal(neighbour_open(host->proc_fd, getpid(), &neighbour, NULL), 0);
	entrance_init(&entrance);
	assert_int_equal(neighbour_groups(&neighbour, layout, &entrance, NULL), 0);
	assert_int_equal(entrance.clone_fd, -1);
	assert_int_equal(entrance.tasks_count, 0);
	entrance_done(&entrance);
	neighbour_done(&neighbour);
	layout_free(layout);
	host_free(host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oneself_has_nothing_else),
		cmocka_unit_test(test_what_another_has),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_the_same_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
