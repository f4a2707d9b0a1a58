// SPDX-License-Identifier: MIT
#include "util/trigger-program.h"

#include "test/unit.h"

#include <sys/mount.h>
#include <sys/stat.h>

static void expect(const char *path, uid_t uid, int code, const char *message)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	int r = trigger_program_check(path, uid, &err);

	if (r != code || (message && !strstr(error_text(&err), message)))
		fail_msg("%s: %d, %s", path, r, error_text(&err));
}

static void test_good_ones(void **state)
{
	expect("/bin/sh", 65534, 0, NULL);
	expect("/usr/bin/env", 0, 0, NULL);
}

static void test_none(void **state)
{
	expect("/no/such/program", 65534, -ENOENT, "cannot find the program");
	expect("/bin/sh/x", 65534, -ENOTDIR, "cannot find the program");
	expect("/usr", 65534, -EACCES, "no regular file");
	expect("sh", 65534, -ENOENT, "no absolute path");
	expect("", 65534, -ENOENT, "no absolute path");
}

static void test_modes(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *path = unit_path(folder, "program");

	unit_write(folder, "program", "#!/bin/sh\n");
	assert_int_equal(chmod(path, 0644), 0);
	expect(path, 65534, -EACCES, "is not executable");
	assert_int_equal(chmod(path, 0755), 0);
	expect(path, 65534, 0, NULL);
	assert_int_equal(chmod(path, 0757), 0);
	expect(path, 65534, -EPERM, "every user may change");
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(chmod(folder, 0777), 0);
	expect(path, 65534, -EPERM, "every user may put another program in its place");
	assert_int_equal(chmod(folder, 01777), 0);
	expect(path, 65534, 0, NULL);
}

/* Safe in itself, but reached through a folder that is not. */
static void test_links(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *public = unit_path(folder, "public");
	_cleanup_(freep) char *link = unit_path(folder, "public/link");

	assert_int_equal(mkdir(public, 0755), 0);
	assert_int_equal(symlink("/bin/sh", link), 0);
	expect(link, 65534, 0, NULL);
	assert_int_equal(chmod(public, 0777), 0);
	expect(link, 65534, -EPERM, "public");
}

static void test_somebody_elses(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *path = unit_path(folder, "program");

	unit_need_root();
	unit_write(folder, "program", "#!/bin/sh\n");
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(chown(path, 65534, 65534), 0);
	expect(path, 65534, 0, NULL);
	expect(path, 0, -EPERM, "belongs to user 65534");
	assert_int_equal(chown(path, 0, 0), 0);
	expect(path, 0, 0, NULL);
	assert_int_equal(chown(folder, 65534, 65534), 0);
	expect(path, 0, -EPERM, "belongs to user 65534");
}

static void test_noexec(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *path = unit_path(folder, "program");

	unit_need_root();
	if (mount("none", folder, "tmpfs", MS_NOEXEC, NULL) < 0)
		skip();
	unit_write(folder, "program", "#!/bin/sh\n");
	assert_int_equal(chmod(path, 0755), 0);
	expect(path, 65534, -EACCES, "noexec");
	assert_int_equal(umount2(folder, MNT_DETACH), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_ones),      cmocka_unit_test(test_none),
		cmocka_unit_test(test_modes),	       cmocka_unit_test(test_links),
		cmocka_unit_test(test_somebody_elses), cmocka_unit_test(test_noexec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
