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
		assert_int_equal(filesystem_class(cases[i].type), cases[i].class);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
