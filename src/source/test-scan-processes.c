// SPDX-License-Identifier: MIT
#include "source/scan-processes.h"

#include "source/test-child.h"

struct seen {
	pid_t wanted;
	unsigned all, ours;
	bool has_argv, has_times;
	enum event_type type;
};

static void take(struct event *event, void *userdata)
{
	struct seen *seen = userdata;

	seen->all++;
	if (event->pid != (uint32_t)seen->wanted)
		return;
	seen->ours++;
	seen->type = event->type;
	seen->has_argv = event_knows(event, FIELD_ARGV);
	seen->has_times = event_knows(event, FIELD_TIME) && event_knows(event, FIELD_BOOTTIME);
}

static void test_everything_once(void **state)
{
	_cleanup_(host_freep) struct host *host = NULL;
	struct seen seen = { .wanted = getpid() };
	struct process_scan_options options = { .sink = { take, &seen } };
	struct process_scan_result result;

	assert_int_equal(host_new(&host, NULL), 0);
	options.host = host;
	assert_int_equal(scan_processes(&options, &result, NULL), 0);
	assert_int_equal(result.found, seen.all);
	assert_int_equal(seen.ours, 1);
	assert_int_equal(seen.type, EVENT_RUNNING);
	assert_true(seen.has_argv);
	assert_true(seen.has_times);

	options.brief = true;
	assert_int_equal(scan_processes(&options, &result, NULL), 0);
	assert_int_equal(seen.ours, 2);
	assert_false(seen.has_argv);
}

static void test_one(void **state)
{
	_cleanup_(host_freep) struct host *host = NULL;
	struct seen seen = { 0 };
	struct process_scan_options options = { .sink = { take, &seen } };
	siginfo_t info;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	assert_int_equal(host_new(&host, NULL), 0);
	options.host = host;
	seen.wanted = getpid();
	assert_int_equal(scan_one_process(&options, getpid()), 0);
	assert_int_equal(seen.ours, 1);
	/* One that has ended is none. */
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(scan_one_process(&options, pid), -ESRCH);
	waitpid(pid, NULL, 0);
	assert_int_equal(scan_one_process(&options, pid), -ESRCH);
	assert_int_equal(seen.all, 1);
}

static void test_those_that_vanish(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(host_freep) struct host *host = NULL;
	struct seen seen = { .wanted = 5 };
	struct process_scan_options options = { .sink = { take, &seen } };
	struct process_scan_result result;

	unit_write(folder, "proc/sys/kernel/random/boot_id",
		   "3f2a9c10-89ab-cdef-0123-456789abcdef\n");
	unit_write(folder, "proc/5/stat",
		   "5 (x) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0 0 100 200 300\n");
	unit_write(folder, "proc/6/stat",
		   "6 (x) Z 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0 0 0 0 0\n");
	unit_write(folder, "proc/5/status", "");
	unit_write(folder, "proc/6/status", "");
	unit_write(folder, "proc/7/cmdline", "gone");
	assert_int_equal(host_new_at(folder, 1, &host, NULL), 0);
	options.host = host;
	assert_int_equal(scan_processes(&options, &result, NULL), 0);
	assert_int_equal(result.found, 1);
	assert_int_equal(result.vanished, 1);
	assert_int_equal(seen.ours, 1);
}

static void test_no_proc(void **state)
{
	_cleanup_(host_freep) struct host *host = NULL;
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct process_scan_options options = { 0 };
	struct process_scan_result result;

	assert_int_equal(host_new(&host, NULL), 0);
	close(host->proc_fd);
	host->proc_fd = -1;
	options.host = host;
	assert_int_equal(scan_processes(&options, &result, &err), -EBADF);
	assert_true(strlen(error_text(&err)) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything_once),
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_those_that_vanish),
		cmocka_unit_test(test_no_proc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
