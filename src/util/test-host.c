// SPDX-License-Identifier: MIT
#include "util/host.h"

#include "test/unit.h"

#include <fcntl.h>

static void test_the_real_host(void **state)
{
	_cleanup_(host_freep) struct host *host = NULL;
	_cleanup_(error_done) struct error err = ERROR_INIT;
	char id[37];

	assert_int_equal(host_new(&host, &err), 0);
	assert_string_equal(host->root, "");
	assert_string_equal(host->proc_path, "/proc");
	assert_true(host->cpu_count >= 1);
	assert_true(fcntl(host->proc_fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(host_boot_id(host, id), 0);
	assert_int_equal(strlen(id), 36);
	assert_int_equal(id[8], '-');
}

static void test_a_host_in_a_folder(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(host_freep) struct host *host = NULL;
	char id[37];

	unit_write(folder, "proc/sys/kernel/random/boot_id",
		   "01234567-89ab-cdef-0123-456789abcdef\n");
	assert_int_equal(host_new_at(folder, 4, &host, NULL), 0);
	assert_string_equal(host->root, folder);
	assert_int_equal(host->cpu_count, 4);
	assert_int_equal(host_boot_id(host, id), 0);
	assert_string_equal(id, "01234567-89ab-cdef-0123-456789abcdef");
}

static void test_no_processor_is_one(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(host_freep) struct host *host = NULL;

	unit_write(folder, "proc/x", "");
	assert_int_equal(host_new_at(folder, 0, &host, NULL), 0);
	assert_int_equal(host->cpu_count, 1);
}

static void test_no_proc(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct host *host = NULL;

	assert_int_equal(host_new_at(folder, 1, &host, &err), -ENOENT);
	assert_null(host);
	assert_non_null(strstr(error_text(&err), "/proc: No such file or directory"));
	unit_write(folder, "proc", "a file");
	assert_int_equal(host_new_at(folder, 1, &host, NULL), -ENOTDIR);
}

static void test_bad_boot_ids(void **state)
{
	static const char *const texts[] = { "", "0123\n", "01234567-89ab-cdef-0123-456789abcde" };
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(host_freep) struct host *host = NULL;
	char id[37] = "untouched";

	unit_write(folder, "proc/x", "");
	assert_int_equal(host_new_at(folder, 1, &host, NULL), 0);
	assert_int_equal(host_boot_id(host, id), -ENOENT);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		unit_write(folder, "proc/sys/kernel/random/boot_id", texts[i]);
		assert_int_equal(host_boot_id(host, id), -EIO);
	}
	assert_string_equal(id, "untouched");
}

static void test_free_takes_nothing(void **state)
{
	host_free(NULL);
}

static void test_clocks_go_on(void **state)
{
	uint64_t monotonic = clock_monotonic(), boottime = clock_boottime();

	assert_true(clock_monotonic() >= monotonic);
	assert_true(clock_boottime() >= boottime);
	/* Later than the year 2020, in nanoseconds. */
	assert_true(clock_realtime() > UINT64_C(1577836800000000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_real_host),
		cmocka_unit_test(test_a_host_in_a_folder),
		cmocka_unit_test(test_no_processor_is_one),
		cmocka_unit_test(test_no_proc),
		cmocka_unit_test(test_bad_boot_ids),
		cmocka_unit_test(test_free_takes_nothing),
		cmocka_unit_test(test_clocks_go_on),
	};

	return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
