// SPDX-License-Identifier: MIT
#include "source/host-file.h"

#include "test/unit.h"

#include <fcntl.h>
#include <sys/stat.h>

static void test_names(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(host_freep) struct host *host = NULL;
	_cleanup_(freep) char *link = unit_path(folder, "link");
	struct slice path = slice_of("/bin/program"), bin = slice_of("/bin");
	_cleanup_(freep) char *program = NULL;
	struct stat st;

	unit_write(folder, "proc/1/stat", "");
	unit_write(folder, "bin/program", "x");
	unit_write(folder, "bin/other", "x");
	program = unit_path(folder, "bin/program");
	assert_int_equal(symlink("bin/program", link), 0);
	assert_int_equal(stat(program, &st), 0);
	assert_int_equal(host_new_at(folder, 1, &host, NULL), 0);
	if (!host_file_is(host, path, st.st_dev, st.st_ino))
		skip(); /* before 5.12, or a file system with numbers of its own */
	assert_true(host_file_is_in(host, bin, slice_of("program"), st.st_dev, st.st_ino));
	assert_true(host_file_is_in(host, bin, slice_of("../link"), st.st_dev, st.st_ino));
	assert_false(host_file_is(host, path, st.st_dev, st.st_ino + 1));
	assert_false(host_file_is(host, path, st.st_dev + 1, st.st_ino));
	assert_false(host_file_is(host, slice_of("/bin/other"), st.st_dev, st.st_ino));
	assert_false(host_file_is(host, slice_of("/bin/none"), st.st_dev, st.st_ino));
	/* A path that was said to be whole is not, if it has become a link. */
	assert_false(host_file_is(host, slice_of("/link"), st.st_dev, st.st_ino));
	assert_false(host_file_is(host, slice_of("bin/program"), st.st_dev, st.st_ino));
	assert_false(host_file_is(host, slice_of(""), st.st_dev, st.st_ino));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
