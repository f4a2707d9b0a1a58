// SPDX-License-Identifier: MIT
#include "source/mount-table.h"

#include "test/unit.h"

#include <sys/sysmacros.h>

static const char text[] = "27 1 254:0 / / rw - ext4 /dev/vda rw\n"
			   "22 27 0:21 / /proc rw - proc proc rw\n"
			   "90 27 254:0 /srv/data /mnt/data\\040x rw - ext4 /dev/vda rw\n"
			   "this is no line of mountinfo\n"
			   "61 27 0:52 / /run/c/merged rw - overlay overlay rw\n"
			   "62 27 0:53 / /net rw - nfs4 server:/ rw\n";

static struct mount_table *table_new(void)
{
	struct mount_table *table = NULL;

	assert_int_equal(mount_table_new(strdup(text), &table), 0);
	return table;
}

static void found_by_number(void **state)
{
	_cleanup_(mount_table_freep) struct mount_table *table = table_new();
	static const unsigned ids[] = { 22, 27, 61, 62, 90 };

	assert_int_equal(table->count, ARRAY_SIZE(ids));
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		assert_int_equal(mount_table_find(table, ids[i])->id, ids[i]);
	assert_null(mount_table_find(table, 0));
	assert_null(mount_table_find(table, 28));
	assert_null(mount_table_find(table, UINT64_C(1) << 32 | 27));
	assert_string_equal(mount_table_find(table, 90)->mount_point, "/mnt/data x");
	assert_true(mount_table_find(table, 27)->dev == makedev(254, 0));
	assert_true(mount_table_find(table, 27)->shared);
	assert_true(mount_table_find(table, 90)->shared);
	assert_false(mount_table_find(table, 61)->shared);
	assert_int_equal(mount_table_find(table, 62)->class, FILESYSTEM_REMOTE);
}

static void empty(void **state)
{
	_cleanup_(mount_table_freep) struct mount_table *table = NULL;

	assert_int_equal(mount_table_new(strdup(""), &table), 0);
	assert_int_equal(table->count, 0);
	assert_null(mount_table_find(table, 1));
	assert_false(mount_table_may_wait(table, "/x"));
}

static void below(void **state)
{
	assert_string_equal(path_below("/a/b", "/a"), "/b");
	assert_string_equal(path_below("/a/b", "/"), "/a/b");
	assert_string_equal(path_below("/a", "/a"), "");
	assert_string_equal(path_below("/a/b", "/a/"), "/b");
	assert_null(path_below("/ab", "/a"));
	assert_null(path_below("/", "/a"));
	assert_null(path_below("", "/a"));
}

static void names(void **state)
{
	_cleanup_(mount_table_freep) struct mount_table *table = table_new();
	char name[32];

	assert_true(mount_row_name(mount_table_find(table, 27), "/srv/data/x", name, sizeof(name)));
	assert_string_equal(name, "/srv/data/x");
	assert_true(mount_row_name(mount_table_find(table, 90), "/srv/data/x", name, sizeof(name)));
	assert_string_equal(name, "/mnt/data x/x");
	assert_true(mount_row_name(mount_table_find(table, 90), "/srv/data", name, sizeof(name)));
	assert_string_equal(name, "/mnt/data x");
	assert_false(mount_row_name(mount_table_find(table, 90), "/srv/date", name, sizeof(name)));
	assert_true(mount_row_name(mount_table_find(table, 61), "/bin/sh", name, sizeof(name)));
	assert_string_equal(name, "/run/c/merged/bin/sh");
	assert_false(mount_row_name(mount_table_find(table, 61), "/bin/sh", name, 20));
	assert_false(mount_row_name(mount_table_find(table, 27), "", name, sizeof(name)));
}

static void waiting(void **state)
{
	_cleanup_(mount_table_freep) struct mount_table *table = table_new();

	assert_true(mount_table_may_wait(table, "/net/x"));
	assert_true(mount_table_may_wait(table, "/proc/1/exe"));
	assert_false(mount_table_may_wait(table, "/network"));
	assert_false(mount_table_may_wait(table, "/run/c/merged/bin/sh"));
}

static void by_path(void **state)
{
	_cleanup_(mount_table_freep) struct mount_table *table = table_new();

	assert_int_equal(mount_table_of_path(table, "/usr/bin/x")->id, 27);
	assert_int_equal(mount_table_of_path(table, "/run/c/merged/bin/sh")->id, 61);
	assert_int_equal(mount_table_of_path(table, "/run/c/merged")->id, 61);
	assert_int_equal(mount_table_of_path(table, "/run/c/mergedx")->id, 27);
	assert_null(mount_table_of_path(table, "no path"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(found_by_number), cmocka_unit_test(empty),
		cmocka_unit_test(below),	   cmocka_unit_test(names),
		cmocka_unit_test(waiting),	   cmocka_unit_test(by_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
