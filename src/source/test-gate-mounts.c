// SPDX-License-Identifier: MIT
#include "source/gate-mounts.h"

#include "test/unit.h"

static void test_classes(void **state)
{
	static const struct {
		const char *type;
		enum filesystem_class class;
	} cases[] = {
		{ "ext4", FILESYSTEM_LOCAL },	      { "overlay", FILESYSTEM_LOCAL },
		{ "tmpfs", FILESYSTEM_LOCAL },	      { "devtmpfs", FILESYSTEM_LOCAL },
		{ "zfs", FILESYSTEM_LOCAL },	      { "unheard-of", FILESYSTEM_LOCAL },
		{ "nfs", FILESYSTEM_REMOTE },	      { "nfs4", FILESYSTEM_REMOTE },
		{ "9p", FILESYSTEM_REMOTE },	      { "fuse", FILESYSTEM_REMOTE },
		{ "fuse.sshfs", FILESYSTEM_REMOTE },  { "fuseblk", FILESYSTEM_REMOTE },
		{ "smb3", FILESYSTEM_REMOTE },	      { "proc", FILESYSTEM_PSEUDO },
		{ "cgroup2", FILESYSTEM_PSEUDO },     { "autofs", FILESYSTEM_PSEUDO },
		{ "tracefs", FILESYSTEM_PSEUDO },     { "fusectl", FILESYSTEM_PSEUDO },
		{ "binfmt_misc", FILESYSTEM_PSEUDO }, { "", FILESYSTEM_LOCAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(filesystem_class(cases[i].type, "rw"), cases[i].class);
}

static void test_of_users(void **state)
{
	static const struct {
		const char *type, *options;
		enum filesystem_class class;
	} cases[] = {
		{ "fuse.sshfs", "rw,user_id=1000,group_id=1000", FILESYSTEM_USERS },
		{ "fuse", "user_id=1000", FILESYSTEM_USERS },
		{ "fuseblk", "rw,user_id=0,group_id=0,allow_other", FILESYSTEM_REMOTE },
		{ "fuse.x", "rw,user_id=0", FILESYSTEM_REMOTE },
		{ "fuse.x", "rw", FILESYSTEM_REMOTE },
		{ "fuse.x", "", FILESYSTEM_REMOTE },
		{ "fuse.x", "rw,user_id=", FILESYSTEM_REMOTE },
		{ "fuse.x", "rw,xuser_id=7", FILESYSTEM_REMOTE },
		{ "nfs4", "rw,user_id=1000", FILESYSTEM_REMOTE },
		{ "ext4", "user_id=1000", FILESYSTEM_LOCAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(filesystem_class(cases[i].type, cases[i].options), cases[i].class);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_of_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
