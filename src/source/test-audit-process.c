// SPDX-License-Identifier: MIT
/* Looks at the test's own process, so it needs no root. */
#include "source/audit-process.h"

#include "test/unit.h"

#include <limits.h>
#include <sys/stat.h>

static struct {
	struct host *host;
	struct audit_process *process;
	char exe[PATH_MAX], cwd[PATH_MAX];
	struct stat st;
	struct audit_group group;
	struct audit_event made;
} test;

static int setup(void **state)
{
	ssize_t n = readlink("/proc/self/exe", test.exe, sizeof(test.exe) - 1);

	assert_true(n > 0);
	test.exe[n] = '\0';
	assert_non_null(getcwd(test.cwd, sizeof(test.cwd)));
	assert_int_equal(stat(test.exe, &test.st), 0);
	assert_int_equal(host_new(&test.host, NULL), 0);
	assert_int_equal(audit_process_new(test.host, NULL, 0, &test.process, NULL), 0);
	test.group = (struct audit_group){
		.call = AUDIT_CALL_EXEC,
		.succeeded = true,
		.known = UINT32_MAX,
		.exe = slice_of(test.exe),
		.cwd = slice_of(test.cwd),
		.item_count = 1,
	};
	test.group.stamp.time_ns = clock_realtime();
	test.group.number[AUDIT_NUMBER_PID] = getpid();
	test.group.items[0] = (struct audit_item){
		.present = true,
		.exists = true,
		.named = true,
		.name = slice_of(test.exe),
		.inode = test.st.st_ino,
		.dev = test.st.st_dev,
		.mode = test.st.st_mode,
	};
	return 0;
}

static int teardown(void **state)
{
	audit_process_free(test.process);
	host_free(test.host);
	return 0;
}

static const struct event *make(void)
{
	uint64_t boot_ns = clock_realtime() - clock_boottime();

	assert_true(audit_event_make(&test.group, boot_ns, &test.made));
	audit_process_refresh(test.process);
	audit_process_add(test.process, &test.group, &test.made);
	return &test.made.event;
}

static void assert_exe(const struct event *event, const char *exe)
{
	assert_true(event_knows(event, FIELD_EXE));
	assert_true(slice_eq(event->exe, slice_of(exe)));
}

static void test_lives(void **state)
{
	const struct event *event = make();

	assert_exe(event, test.exe);
	assert_true(event_knows(event, FIELD_CWD));
	assert_true(slice_eq(event->cwd, slice_of(test.cwd)));
	assert_true(event_knows(event, FIELD_START));
	assert_true(event_knows(event, FIELD_MNT_NS));
	assert_true(event_knows(event, FIELD_NLINK));
	assert_true(event_knows(event, FIELD_EXEC_ID));
	assert_int_equal(event->exec_id.start, event->start / 10000000);
	assert_int_not_equal(event->exec_id.exec, 0);
	assert_false(event_knows(event, FIELD_ARGV));
}

static void test_has_changed_its_folder(void **state)
{
	const struct event *event;

	test.group.cwd = slice_of("/proc");
	event = make();
	/* Our root is the host's, so the record's path is. */
	assert_true(event_knows(event, FIELD_CWD));
	assert_true(slice_eq(event->cwd, slice_of("/proc")));
}

static void test_runs_something_else_now(void **state)
{
	const struct event *event;

	test.group.exe = slice_of("/bin/no-such-program");
	event = make();
	assert_false(event_knows(event, FIELD_EXE));
	assert_false(event_knows(event, FIELD_NLINK));
	assert_true(event_knows(event, FIELD_START));
	assert_true(slice_eq(event->exe_in_root, test.group.exe));
}

static void test_id_used_again(void **state)
{
	const struct event *event;

	/* We were started later than that. */
	test.group.stamp.time_ns -= clock_boottime() / 2;
	event = make();
	assert_false(event_knows(event, FIELD_START));
	assert_false(event_knows(event, FIELD_CGROUP));
	assert_false(event_knows(event, FIELD_EXEC_ID));
	/* The file tells that the path is the host's, if the file system says its own numbers. */
	if (event_knows(event, FIELD_EXE))
		assert_exe(event, test.exe);
}

static void test_gone(void **state)
{
	const struct event *event;

	test.group.number[AUDIT_NUMBER_PID] = INT_MAX;
	event = make();
	if (!event_knows(event, FIELD_EXE))
		skip();
	assert_exe(event, test.exe);
	/* An absolute name says nothing of the folder; a relative one leads to the file. */
	assert_false(event_knows(event, FIELD_CWD));
	*strrchr(test.exe, '/') = '\0';
	test.group.cwd = slice_of(test.exe);
	test.group.items[0].name = slice_of(strrchr(test.exe, '\0') + 1);
	event = make();
	assert_true(event_knows(event, FIELD_CWD));
	/* Another file of that name: it was in a chroot, say. */
	test.group.items[0].inode++;
	event = make();
	assert_false(event_knows(event, FIELD_EXE));
	assert_false(event_knows(event, FIELD_CWD));
}

static void test_deleted(void **state)
{
	const struct event *event;
	char name[PATH_MAX + 16];

	snprintf(name, sizeof(name), "%s (deleted)", test.exe);
	test.group.exe = slice_of(name);
	test.group.number[AUDIT_NUMBER_PID] = INT_MAX;
	event = make();
	assert_true(event->flags & FLAG_DELETED);
	assert_true(slice_eq(event->exe_in_root, slice_of(test.exe)));
	assert_false(event_knows(event, FIELD_EXE));
}

static void test_failed(void **state)
{
	const struct event *event;

	test.group.succeeded = false;
	event = make();
	assert_int_equal(event->type, EVENT_FAILED);
	assert_exe(event, test.exe);
	assert_false(event_knows(event, FIELD_EXEC_ID));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lives, setup, teardown),
		cmocka_unit_test_setup_teardown(test_has_changed_its_folder, setup, teardown),
		cmocka_unit_test_setup_teardown(test_runs_something_else_now, setup, teardown),
		cmocka_unit_test_setup_teardown(test_id_used_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deleted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failed, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
