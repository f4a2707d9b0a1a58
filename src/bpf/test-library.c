// SPDX-License-Identifier: MIT
#include "bpf/library.h"

#include "test/unit.h"

static int is_on(const char *text)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *path = unit_path(folder, "lsm");

	unit_write(folder, "lsm", text);
	return bpf_module_is_on(path);
}

static void test_the_list(void **state)
{
	assert_int_equal(is_on("lockdown,capability,landlock,yama,bpf"), 1);
	assert_int_equal(is_on("bpf\n"), 1);
	assert_int_equal(is_on("lockdown,capability,bpfilter\n"), 0);
	assert_int_equal(is_on(""), 0);
	assert_int_equal(bpf_module_is_on("/nonexistent/lsm"), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
