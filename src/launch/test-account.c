// SPDX-License-Identifier: MIT
/* What groups count, from folders that look like them. */
#include "launch/account.h"

#include "test/unit.h"

#include <fcntl.h>

/* As cgroup v1 has them: a file system that is not cgroup2's. */
static void write_counters(const char *folder, const char *cpu, const char *peak, const char *pids)
{
	unit_write(folder, "cpuacct.usage", cpu);
	unit_write(folder, "memory.max_usage_in_bytes", peak);
	unit_write(folder, "pids.events", pids);
}

static void test_since(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	struct account plan = { 0 }, launch;
	struct group_usage since;

	write_counters(folder, "1000\n", "4096\n", "max 2\n");
	assert_int_equal(account_add(&plan, folder), 0);
	assert_int_equal(account_begin(&plan, &launch), 0);
	account_done(&plan);
	write_counters(folder, "1700\n", "8192\n", "max 5\n");
	account_read(&launch, &since);
	assert_int_equal(since.cpu_ns, 700);
	assert_int_equal(since.memory_peak, 8192);
	assert_int_equal(since.pids_max_hits, 3);
	assert_int_equal(since.known, USAGE_CPU | USAGE_MEMORY_PEAK | USAGE_PIDS_MAX_HITS);
	/* Begun anew, or gone. */
	write_counters(folder, "10\n", "x\n", "max 1\n");
	account_read(&launch, &since);
	assert_int_equal(since.cpu_ns, 0);
	assert_int_equal(since.known, USAGE_CPU | USAGE_PIDS_MAX_HITS);
	account_done(&launch);
}

static void test_folders(void **state)
{
	struct account account = { 0 };
	struct group_usage since;

	assert_int_equal(account_add(&account, "/nowhere"), -ENOENT);
	for (int i = 0; i < HIERARCHY_MAX; i++)
		assert_int_equal(account_add(&account, "/"), 0);
	assert_int_equal(account_add(&account, "/"), -ENOSPC);
	account_read(&account, &since);
	assert_int_equal(since.known, 0);
	account_done(&account);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_since),
		cmocka_unit_test(test_folders),
	};

	return cmocka_run_group_tests_name("launch/account", tests, NULL, NULL);
}
