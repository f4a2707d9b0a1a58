// SPDX-License-Identifier: MIT
#include "source/process-list.h"

#include "test/unit.h"

#include <fcntl.h>

static void test_a_folder(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(host_freep) struct host *host = NULL;
	struct process_list list = { 0 };
	static const char *const others[] = { "proc/self/x",	    "proc/0/x",	    "proc/12a/x",
					      "proc/99999999999/x", "proc/-5/x",    "proc/.5/x",
					      "proc/2147483648/x",  "proc/uptime/x" };

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		unit_write(folder, others[i], "");
	unit_write(folder, "proc/20/x", "");
	unit_write(folder, "proc/3/x", "");
	unit_write(folder, "proc/100/x", "");
	assert_int_equal(host_new_at(folder, 1, &host, NULL), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(process_list_read(&list, host), 0);
		assert_int_equal(list.count, 3);
		assert_int_equal(list.processes[0].pid, 3);
		assert_int_equal(list.processes[1].pid, 20);
		assert_int_equal(list.processes[2].pid, 100);
		assert_true(list.processes[0].inode != list.processes[1].inode);
	}
	process_list_done(&list);
	assert_int_equal(list.count, 0);
}

static void test_many(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(host_freep) struct host *host = NULL;
	struct process_list list = { 0 };

	for (int i = 1; i <= 3000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "proc/%d/x", i);
		unit_write(folder, name, "");
	}
	assert_int_equal(host_new_at(folder, 1, &host, NULL), 0);
	assert_int_equal(process_list_read(&list, host), 0);
	assert_int_equal(list.count, 3000);
	for (uint32_t i = 0; i < 3000; i++)
		assert_int_equal(list.processes[i].pid, i + 1);
	process_list_done(&list);
}

static void test_the_real_one(void **state)
{
	_cleanup_(host_freep) struct host *host = NULL;
	struct process_list list = { 0 };
	bool found = false;

	assert_int_equal(host_new(&host, NULL), 0);
	assert_int_equal(process_list_read(&list, host), 0);
	for (size_t i = 0; i < list.count; i++)
		found |= list.processes[i].pid == (uint32_t)getpid();
	assert_true(found);
	process_list_done(&list);
}

static void test_no_list(void **state)
{
	_cleanup_(host_freep) struct host *host = NULL;
	struct process_list list = { 0 };

	assert_int_equal(host_new(&host, NULL), 0);
	close(host->proc_fd);
	host->proc_fd = -1;
	assert_int_equal(process_list_read(&list, host), -EBADF);
	assert_int_equal(list.count, 0);
	process_list_done(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_folder),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_the_real_one),
		cmocka_unit_test(test_no_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
