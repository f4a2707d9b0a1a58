// SPDX-License-Identifier: MIT
#include "web/token.h"

#include "test/unit.h"

#include <sys/stat.h>

static void test_made(void **state)
{
	struct token one, other;

	assert_int_equal(token_make(&one, NULL), 0);
	assert_int_equal(token_make(&other, NULL), 0);
	assert_int_equal(one.size, 43);
	assert_int_equal(strlen(one.text), 43);
	assert_string_not_equal(one.text, other.text);
	assert_int_equal(strspn(one.text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					  "0123456789-_"),
			 43);
}

static void test_equal(void **state)
{
	struct token token = { .text = "0123456789", .size = 10 };

	assert_true(token_equal(&token, "0123456789", 10));
	assert_false(token_equal(&token, "0123456788", 10));
	assert_false(token_equal(&token, "1123456789", 10));
	assert_false(token_equal(&token, "012345678", 9));
	assert_false(token_equal(&token, "01234567890", 11));
	assert_false(token_equal(&token, "", 0));
}

static int read_one(const char *folder, const char *name, mode_t mode, struct token *token,
		    struct error *err)
{
	_cleanup_(freep) char *path = unit_path(folder, name);

	assert_int_equal(chmod(path, mode), 0);
	return token_read(path, token, err);
}

static void test_files(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct token token;

	unit_write(folder, "good", "abcdefghijklmnopqrstuvwxyz-_0123456789\nmore\n");
	unit_write(folder, "short", "abc\n");
	unit_write(folder, "strange", "abcdefghijklmnopqrstuvwxyz 0123456789\n");
	assert_int_equal(read_one(folder, "good", 0600, &token, NULL), 0);
	assert_string_equal(token.text, "abcdefghijklmnopqrstuvwxyz-_0123456789");
	assert_int_equal(read_one(folder, "good", 0640, &token, NULL), 0);
	assert_int_equal(read_one(folder, "good", 0644, &token, NULL), -EPERM);
	assert_int_equal(read_one(folder, "good", 0620, &token, NULL), -EPERM);
	assert_int_equal(read_one(folder, "short", 0600, &token, NULL), -EINVAL);
	assert_int_equal(read_one(folder, "strange", 0600, &token, &err), -EINVAL);
	assert_non_null(strstr(err.message, "character 27 of the token"));
	assert_int_equal(token_read(folder, &token, NULL), -EINVAL);
	assert_int_equal(token_read("/nowhere", &token, NULL), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_made),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
