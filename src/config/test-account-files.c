// SPDX-License-Identifier: MIT
#include "config/account-files.h"

#include "test/unit.h"

static struct account_file taken(const char *text)
{
	struct account_file file = { 0 };

	assert_int_equal(account_file_take(&file, strdup(text)), 0);
	return file;
}

static void users(void **state)
{
	struct account_file file = taken("root:x:0:0:the, one:/root:/bin/sh\n"
					 "# alice:x:1:1::/:/bin/sh\n"
					 "  bob:x:7:8::/home/bob:/bin/a:b\n"
					 "bob:x:9:9::/:/bin/sh\n"
					 "+nis::::::\n"
					 "short:x:5:6\n"
					 "bad:x:five:6::/:/bin/sh\n"
					 "signed:x:-5:6::/:/bin/sh\n"
					 "large:x:4294967296:6::/:/bin/sh\n"
					 "cut:x:1\n"
					 "nothing\n"
					 "last:x:3:4::/:/bin/last");
	static const char *const none[] = { "alice", "# alice", "+nis",	   "nis", "bad",   "signed",
					    "large", "cut",	"nothing", "",	  "nobody" };
	struct passwd user;

	assert_true(account_file_user(&file, "root", &user));
	assert_int_equal(user.pw_uid, 0);
	assert_string_equal(user.pw_gecos, "the, one");
	assert_string_equal(user.pw_dir, "/root");
	assert_string_equal(user.pw_shell, "/bin/sh");
	assert_true(account_file_user(&file, "bob", &user));
	assert_int_equal(user.pw_uid, 7);
	assert_int_equal(user.pw_gid, 8);
	assert_string_equal(user.pw_shell, "/bin/a:b");
	assert_true(account_file_user(&file, "short", &user));
	assert_string_equal(user.pw_dir, "");
	assert_string_equal(user.pw_shell, "");
	assert_true(account_file_user(&file, "last", &user));
	assert_string_equal(user.pw_shell, "/bin/last");
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		assert_false(account_file_user(&file, none[i], &user));
	account_file_done(&file);
}

static void groups(void **state)
{
	struct account_file file = taken("wheel:x:10:root, alice,,bob\nempty:x:11:\n"
					 "bare:x:12\nbad:x::root\n");
	char *members;
	gid_t gid;

	assert_true(account_file_group(&file, "wheel", &gid, &members));
	assert_int_equal(gid, 10);
	assert_string_equal(account_file_member(&members), "root");
	assert_string_equal(account_file_member(&members), "alice");
	assert_string_equal(account_file_member(&members), "bob");
	assert_null(account_file_member(&members));
	assert_true(account_file_group(&file, "empty", &gid, &members));
	assert_null(account_file_member(&members));
	assert_true(account_file_group(&file, "bare", &gid, &members));
	assert_int_equal(gid, 12);
	assert_null(account_file_member(&members));
	assert_false(account_file_group(&file, "bad", &gid, &members));
	account_file_done(&file);
}

static void no_file(void **state)
{
	struct account_file file = { 0 };
	struct passwd user;

	assert_int_equal(account_file_read(&file, "/nonexistent/passwd"), 0);
	assert_false(account_file_user(&file, "root", &user));
	account_file_done(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users),
		cmocka_unit_test(groups),
		cmocka_unit_test(no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
