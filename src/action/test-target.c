// SPDX-License-Identifier: MIT
#include "action/target.h"

#include "test/unit.h"

#include <signal.h>
#include <sys/wait.h>

static struct host *real_host(void)
{
	struct host *host;

	assert_int_equal(host_new(&host, NULL), 0);
	return host;
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		pause();
		_exit(0);
	}
	return pid;
}

static void test_signal_reaches_it(void **state)
{
	_cleanup_(host_freep) struct host *host = real_host();
	_cleanup_(target_done) struct target target = TARGET_INIT;
	pid_t pid = sleeper();
	int status;

	assert_int_equal(target_open(host, pid, 0, &target), 0);
	assert_int_equal(target.pid, pid);
	assert_true(target.start > 0);
	assert_true(target_is_alive(&target));
	assert_int_equal(target_signal(&target, SIGTERM), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	assert_false(target_is_alive(&target));
	assert_int_equal(target_signal(&target, SIGTERM), -ESRCH);
	assert_int_equal(target_open(host, pid, 0, &target), -ESRCH);
}

/* A zombie still has its number, and nothing can be done to it. */
static void test_zombie(void **state)
{
	_cleanup_(host_freep) struct host *host = real_host();
	_cleanup_(target_done) struct target target = TARGET_INIT;
	pid_t pid = sleeper();
	siginfo_t info;

	assert_int_equal(target_open(host, pid, 0, &target), 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(target_signal(&target, SIGTERM), -ESRCH);
	target_done(&target);
	assert_int_equal(target_open(host, pid, 0, &target), -ESRCH);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_another_start(void **state)
{
	_cleanup_(host_freep) struct host *host = real_host();
	_cleanup_(target_done) struct target target = TARGET_INIT;
	uint64_t start;

	assert_int_equal(target_open(host, getpid(), 0, &target), 0);
	start = target.start;
	target_done(&target);
	assert_int_equal(target_open(host, getpid(), start, &target), 0);
	target_done(&target);
	assert_int_equal(target_open(host, getpid(), start + 1, &target), -ESRCH);
	assert_int_equal(target.pidfd, -1);
	assert_int_equal(target_open(host, 0, 0, &target), -ESRCH);
	assert_int_equal(target_open(host, -1, 0, &target), -ESRCH);
}

static void test_protection(void **state)
{
	_cleanup_(host_freep) struct host *host = real_host();
	const pid_t own[] = { getpid(), 0 };

	assert_int_equal(target_protection(host, 1, own), TARGET_INIT_PROCESS);
	assert_int_equal(target_protection(host, 0, own), TARGET_FOREIGN_NUMBER);
	assert_int_equal(target_protection(host, -1, NULL), TARGET_FOREIGN_NUMBER);
	assert_int_equal(target_protection(host, getpid(), own), TARGET_REEVE);
	assert_int_equal(target_protection(host, getpid(), NULL), TARGET_FREE);
	for (int i = TARGET_FREE; i <= TARGET_FOREIGN_NUMBER; i++)
		assert_non_null(target_protection_text((enum target_protection)i));
}

/* The flags are those of a real kernel thread: taken from a made-up /proc. */
static void test_kernel_thread(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(host_freep) struct host *host = NULL;

	unit_write(folder, "proc/2/stat",
		   "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 12 0 0 0 0 0 0 0 0 "
		   "0 0 0 0 0 0 0 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
	assert_int_equal(host_new_at(folder, 1, &host, NULL), 0);
	assert_int_equal(target_protection(host, 2, NULL), TARGET_KERNEL_THREAD);
	assert_int_equal(target_protection(host, 3, NULL), TARGET_FREE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signal_reaches_it), cmocka_unit_test(test_zombie),
		cmocka_unit_test(test_another_start),	  cmocka_unit_test(test_protection),
		cmocka_unit_test(test_kernel_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
