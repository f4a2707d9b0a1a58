// SPDX-License-Identifier: MIT
#include "service/exit-status.h"

#include "test/unit.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

static struct host *host;

static void test_start(void **state)
{
	uint64_t ticks = 0;
	int fd;

	assert_int_equal(process_start_ticks(host, getpid(), &ticks), 0);
	assert_int_not_equal(ticks, 0);
	fd = process_open(host, getpid(), ticks);
	assert_true(fd >= 0);
	close(fd);
	/* The same number with another start is another process. */
	assert_int_equal(process_open(host, getpid(), ticks + 1), -ESRCH);
}

static void test_end(void **state)
{
	pid_t child = fork();
	struct pollfd end = { .events = POLLIN };
	uint64_t ticks = 0, start;
	int status = 0, r;

	if (child == 0) {
		pause();
		_exit(1);
	}
	assert_int_equal(process_start_ticks(host, child, &ticks), 0);
	start = ticks;
	end.fd = process_open(host, child, ticks);
	assert_true(end.fd >= 0);
	assert_int_equal(kill(child, SIGTERM), 0);
	assert_int_equal(poll(&end, 1, -1), 1);
	/* Not reaped: it has ended all the same. */
	assert_int_equal(process_start_ticks(host, child, &ticks), -ESRCH);
	assert_int_equal(process_exit_status(host, child, start, end.fd, &status), 0);
	assert_int_equal(WTERMSIG(status), SIGTERM);
	status = 0;
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(process_start_ticks(host, child, &ticks), -ESRCH);
	r = process_exit_status(host, child, start, end.fd, &status);
	if (r == 0)
		assert_int_equal(WTERMSIG(status), SIGTERM);
	else
		assert_int_equal(r, -EOPNOTSUPP);
	close(end.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_end),
	};

	if (host_new(&host, NULL) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
