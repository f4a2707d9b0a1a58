// SPDX-License-Identifier: MIT
#include "util/mountinfo.h"

#include "util/fd.h"

#include "test/unit.h"

#include <fcntl.h>

static int parse(const char *text, struct mount_entry *entry, char *line, size_t size)
{
	snprintf(line, size, "%s", text);
	return mount_entry_parse(line, entry);
}

static void test_an_ordinary_line(void **state)
{
	struct mount_entry entry;
	char line[256];

	assert_int_equal(parse("36 35 98:7 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root "
			       "rw,errors=continue",
			       &entry, line, sizeof(line)),
			 0);
	assert_int_equal(entry.id, 36);
	assert_int_equal(entry.parent, 35);
	assert_int_equal(entry.major, 98);
	assert_int_equal(entry.minor, 7);
	assert_string_equal(entry.root, "/mnt1");
	assert_string_equal(entry.mount_point, "/mnt2");
	assert_string_equal(entry.options, "rw,noatime");
	assert_string_equal(entry.type, "ext3");
	assert_string_equal(entry.source, "/dev/root");
	assert_string_equal(entry.super_options, "rw,errors=continue");
}

static void test_optional_fields(void **state)
{
	static const char *const lines[] = {
		"1 2 0:3 / /x rw - tmpfs none rw",
		"1 2 0:3 / /x rw shared:1 - tmpfs none rw",
		"1 2 0:3 / /x rw shared:1 master:2 propagate_from:3 unbindable - tmpfs none rw",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct mount_entry entry;
		char line[256];

		assert_int_equal(parse(lines[i], &entry, line, sizeof(line)), 0);
		assert_string_equal(entry.type, "tmpfs");
		assert_string_equal(entry.super_options, "rw");
	}
}

static void test_escapes(void **state)
{
	struct mount_entry entry;
	char line[256];

	assert_int_equal(parse("1 2 0:3 /a\\040b /tab\\011nl\\012back\\134end\\ rw - x s\\043 rw",
			       &entry, line, sizeof(line)),
			 0);
	assert_string_equal(entry.root, "/a b");
	assert_string_equal(entry.mount_point, "/tab\tnl\nback\\end\\");
	assert_string_equal(entry.source, "s#");
	/* What is no escape stays. */
	assert_int_equal(parse("1 2 0:3 / /\\04 rw - x y rw", &entry, line, sizeof(line)), 0);
	assert_string_equal(entry.mount_point, "/\\04");
	assert_int_equal(parse("1 2 0:3 / /\\999 rw - x y rw", &entry, line, sizeof(line)), 0);
	assert_string_equal(entry.mount_point, "/\\999");
}

static void test_an_empty_source(void **state)
{
	struct mount_entry entry;
	char line[256];

	assert_int_equal(parse("1 2 0:3 / /x rw - tmpfs  rw", &entry, line, sizeof(line)), 0);
	assert_string_equal(entry.source, "");
	assert_string_equal(entry.super_options, "rw");
}

static void test_lines_that_are_none(void **state)
{
	static const char *const lines[] = {
		"",
		" ",
		"x",
		"1",
		"1 2",
		"1 2 0:3",
		"1 2 0:3 /",
		"1 2 0:3 / /x",
		"1 2 0:3 / /x rw",
		"1 2 0:3 / /x rw -",
		"1 2 0:3 / /x rw - tmpfs",
		"1 2 0:3 / /x rw - tmpfs none",
		"1 2 0:3 / /x rw shared:1 tmpfs none rw",
		"x 2 0:3 / /x rw - tmpfs none rw",
		"1 y 0:3 / /x rw - tmpfs none rw",
		"1 2 03 / /x rw - tmpfs none rw",
		"1 2 0: / /x rw - tmpfs none rw",
		"1 2 0:3  /x rw - tmpfs none rw",
		"-1 2 0:3 / /x rw - tmpfs none rw",
		"1x 2 0:3 / /x rw - tmpfs none rw",
		"99999999999 2 0:3 / /x rw - tmpfs none rw",
		"1 2 0:3x / /x rw - tmpfs none rw",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct mount_entry entry;
		char line[256];

		if (parse(lines[i], &entry, line, sizeof(line)) != -EBADMSG)
			fail_msg("\"%s\" was taken", lines[i]);
	}
}

static void test_a_whole_table(void **state)
{
	char text[] = "1 0 0:1 / / rw - rootfs none rw\n"
		      "nonsense\n"
		      "\n"
		      "2 1 0:2 / /proc rw - proc proc rw\n"
		      "3 1 0:3 / /last rw - tmpfs none rw"; /* no newline at the end */
	struct mount_entry entry;
	unsigned skipped = 0;
	char *at = text;

	assert_true(mount_entry_next(&at, &entry, &skipped));
	assert_string_equal(entry.mount_point, "/");
	assert_true(mount_entry_next(&at, &entry, &skipped));
	assert_string_equal(entry.mount_point, "/proc");
	assert_true(mount_entry_next(&at, &entry, NULL));
	assert_string_equal(entry.mount_point, "/last");
	assert_false(mount_entry_next(&at, &entry, &skipped));
	assert_false(mount_entry_next(&at, &entry, &skipped));
	assert_int_equal(skipped, 2);
}

static void test_our_own_table(void **state)
{
	_cleanup_(freep) char *text = NULL;
	struct mount_entry entry;
	unsigned skipped = 0, found = 0;
	char *at;

	assert_int_equal(file_read_at(AT_FDCWD, "/proc/self/mountinfo", 1 << 22, &text, NULL), 0);
	at = text;
	while (mount_entry_next(&at, &entry, &skipped))
		found++;
	assert_int_equal(skipped, 0);
	assert_true(found > 0);
}

static void test_options(void **state)
{
	assert_true(mount_option("rw", "rw"));
	assert_true(mount_option("ro,nosuid", "nosuid"));
	assert_true(mount_option("rw,cpu,cpuacct", "cpu"));
	assert_false(mount_option("rw,cpuacct", "cpu"));
	assert_false(mount_option("rw,xcpu", "cpu"));
	assert_false(mount_option("rw,name=cpu", "cpu"));
	assert_false(mount_option("", "cpu"));
	assert_false(mount_option(",", "cpu"));
	assert_true(mount_option(",,cpu,", "cpu"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_ordinary_line),
		cmocka_unit_test(test_optional_fields),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_an_empty_source),
		cmocka_unit_test(test_lines_that_are_none),
		cmocka_unit_test(test_a_whole_table),
		cmocka_unit_test(test_our_own_table),
		cmocka_unit_test(test_options),
	};

	return cmocka_run_group_tests_name("mountinfo", tests, NULL, NULL);
}
