// SPDX-License-Identifier: MIT
#include "util/secret.h"

#include "test/unit.h"

#include <sys/stat.h>

static int read_one(const char *folder, const char *name, mode_t mode, struct error *err)
{
	_cleanup_(freep) char *path = unit_path(folder, name);
	_cleanup_(secret_freep) char *secret = NULL;
	int r;

	assert_int_equal(chmod(path, mode), 0);
	r = secret_read("the password", path, &secret, err);
	if (r >= 0)
		assert_string_equal(secret, "s3cret word");
	else
		assert_null(secret);
	return r;
}

static void test_who_may_use_it(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(error_done) struct error err = ERROR_INIT;

	unit_write(folder, "file", "s3cret word\r\nsecond\n");
	assert_int_equal(read_one(folder, "file", 0600, NULL), 0);
	assert_int_equal(read_one(folder, "file", 0440, NULL), 0);
	assert_int_equal(read_one(folder, "file", 0604, NULL), -EPERM);
	assert_int_equal(read_one(folder, "file", 0602, NULL), -EPERM);
	assert_int_equal(read_one(folder, "file", 0660, &err), -EPERM);
	assert_non_null(strstr(err.message, "the password in /"));
	assert_non_null(strstr(err.message, "(mode 0660): chmod 600"));
}

static void test_whose_it_is(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *path = unit_path(folder, "file");
	_cleanup_(error_done) struct error err = ERROR_INIT;

	unit_need_root();
	unit_write(folder, "file", "s3cret word");
	assert_int_equal(chown(path, 65534, 0), 0);
	assert_int_equal(read_one(folder, "file", 0600, &err), -EPERM);
	assert_non_null(strstr(err.message, "belongs to user 65534"));
}

static void test_what_it_is(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *path = unit_path(folder, "fifo");
	char large[SECRET_MOST + 2];

	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(read_one(folder, "fifo", 0600, NULL), -EINVAL);
	assert_int_equal(read_one(folder, ".", 0700, NULL), -EINVAL);
	memset(large, 'x', sizeof(large));
	large[sizeof(large) - 1] = '\0';
	unit_write(folder, "large", large);
	assert_int_equal(read_one(folder, "large", 0600, NULL), -EFBIG);
	assert_int_equal(secret_read("it", "/nowhere/at/all", NULL, NULL), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_may_use_it),
		cmocka_unit_test(test_whose_it_is),
		cmocka_unit_test(test_what_it_is),
	};

	return cmocka_run_group_tests_name("util/secret", tests, NULL, NULL);
}
