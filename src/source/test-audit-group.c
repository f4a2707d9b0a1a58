// SPDX-License-Identifier: MIT
#include "source/audit-group.h"

#include "source/test-audit.h"
#include "test/unit.h"

#include <linux/audit.h>
#include <sys/sysmacros.h>

static struct {
	struct audit_assembly *assembly;
	unsigned groups;
	struct audit_group last;
	char strings[8][64]; /* exe, comm, cwd, names */
	struct text argv;
} test;

static void keep(struct slice slice, unsigned index)
{
	snprintf(test.strings[index], sizeof(test.strings[0]), "%.*s", (int)slice.size, slice.data);
}

static void on_group(const struct audit_group *group, void *userdata)
{
	test.groups++;
	test.last = *group;
	keep(group->exe, 0);
	keep(group->comm, 1);
	keep(group->cwd, 2);
	for (unsigned i = 0; i < MIN(group->item_count, 4u); i++)
		keep(group->items[i].name, 3 + i);
	test.argv.size = 0;
	text_add_bytes(&test.argv, group->argv.data, group->argv.size);
}

static int setup(void **state)
{
	test.groups = 0;
	assert_int_equal(audit_assembly_new(on_group, NULL, &test.assembly), 0);
	audit_assembly_want(test.assembly, 1U << AUDIT_CALL_EXEC | 1U << AUDIT_CALL_SETUID |
						   1U << AUDIT_CALL_SETGID);
	return 0;
}

static int teardown(void **state)
{
	audit_assembly_free(test.assembly);
	text_done(&test.argv);
	return 0;
}

static void assert_argv(const char *wanted, size_t size)
{
	assert_int_equal(test.argv.size, size);
	assert_memory_equal(test.argv.data, wanted, size);
}

static void assert_clean(void)
{
	const struct audit_assembly_counters *counters = audit_assembly_counters(test.assembly);

	assert_int_equal(counters->malformed, 0);
	assert_int_equal(counters->incomplete, 0);
	assert_int_equal(counters->cut, 0);
	assert_int_equal(audit_assembly_due(test.assembly), UINT64_MAX);
}

static void test_whole(void **state)
{
	assert_true(test_audit_add_file(test.assembly, "script"));
	assert_int_equal(test.groups, 1);
	assert_true(test.last.whole);
	assert_true(test.last.succeeded);
	assert_int_equal(test.last.call, AUDIT_CALL_EXEC);
	assert_int_equal(test.last.stamp.serial, 276);
	assert_int_equal(test.last.known, (1U << AUDIT_NUMBERS) - 1);
	assert_int_equal(test.last.number[AUDIT_NUMBER_PID], 30687);
	assert_int_equal(test.last.number[AUDIT_NUMBER_PPID], 30638);
	assert_int_equal(test.last.number[AUDIT_NUMBER_AUID], UINT32_MAX);
	assert_int_equal(test.last.number[AUDIT_NUMBER_EXIT], 0);
	assert_string_equal(test.strings[0], "/usr/bin/dash");
	assert_string_equal(test.strings[1], "s1");
	assert_string_equal(test.strings[2], "/tmp/forms");
	assert_string_equal(test.strings[3], "./s1");
	assert_string_equal(test.strings[4], "/bin/sh");
	assert_int_equal(test.last.item_count, 3);
	assert_int_equal(test.last.items[1].inode, 247230);
	assert_int_equal(test.last.items[1].dev, makedev(0xfe, 0));
	assert_int_equal(test.last.items[1].mode, 0100755);
	assert_true(test.last.has_caps);
	assert_int_equal(test.last.caps, UINT64_C(0x1fffeffffff));
	assert_argv("/bin/sh\0./s1\0q", 15);
	assert_false(test.last.argv_cut);
	assert_clean();
}

static void test_interleaved(void **state)
{
	assert_true(test_audit_add_file(test.assembly, "interleaved"));
	assert_int_equal(test.groups, 3);
	assert_true(test.last.whole);
	assert_int_equal(test.last.item_count, 3);
	assert_clean();
}

static void test_failed(void **state)
{
	assert_true(test_audit_add_file(test.assembly, "failed-enoent"));
	assert_int_equal(test.groups, 1);
	assert_false(test.last.succeeded);
	assert_false(test.last.has_argv);
	assert_false(test.last.items[0].exists);
	assert_int_equal(test.last.number[AUDIT_NUMBER_EXIT], -ENOENT);
	assert_string_equal(test.strings[3], "/nonexistent");
	assert_clean();
}

static void test_an_argument_in_parts(void **state)
{
	assert_true(test_audit_add_file(test.assembly, "long-argument"));
	assert_int_equal(test.groups, 1);
	assert_false(test.last.argv_cut);
	assert_int_equal(test.argv.size, 3 + 20001 + 7);
	assert_string_equal(test.argv.data, "tr");
	assert_int_equal(strspn(test.argv.data + 3, "x"), 20000);
	assert_string_equal(test.argv.data + 3 + 20001, "sp ace");
	assert_clean();
}

static const char call[] = "1300 audit(1.000:7): arch=c000003e syscall=59 success=yes exit=0 a0=1 "
			   "ppid=1 pid=2 auid=3 uid=4 gid=5 euid=6 suid=7 fsuid=8 egid=9 sgid=10 "
			   "fsgid=11 tty=pts0 ses=12 comm=\"c\" exe=\"/e\" key=\"k\"\n";
static const char end[] = "1320 audit(1.000:7): \n";

static void add(const char *text)
{
	test_audit_add(test.assembly, slice_of(text));
}

static void test_missing_parts(void **state)
{
	/* A part of an argument is missing, an argument is, and more are announced than came. */
	static const char *const bad[] = {
		("1309 audit(1.000:7): argc=3 a0=\"a\" a1_len=9 a1[0]=6161\n"
		 "1309 audit(1.000:7):  a1[2]=6161 a2=\"c\"\n"),
		"1309 audit(1.000:7): argc=3 a0=\"a\" a2=\"c\"\n",
		"1309 audit(1.000:7): argc=3 a0=\"a\"\n",
		"1309 audit(1.000:7): argc=3 a0=\"a\" a1[1]=61 a2=\"c\"\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		add(call);
		add(bad[i]);
		add(end);
		assert_int_equal(test.groups, i + 1);
		assert_true(test.last.argv_cut);
		assert_string_equal(test.argv.data, "a");
	}
	/* An argument's parts may be quoted, too. */
	add(call);
	add("1309 audit(1.000:7): argc=2 a0_len=4 a0[0]=\"ab\" a0[1]=\"cd\" a1=\"e\"\n");
	add(end);
	assert_false(test.last.argv_cut);
	assert_argv("abcd\0e", 7);
}

static void test_arguments_are_bounded(void **state)
{
	_cleanup_(text_done) struct text line = { 0 };
	unsigned part = 0;

	add(call);
	add("1309 audit(1.000:7): argc=3 a0=\"a\" a1_len=1\n");
	for (size_t total = 0; total < AUDIT_ARGV_MAX + 8192; total += 4096, part++) {
		line.size = 0;
		text_addf(&line, "1309 audit(1.000:7):  a1[%u]=", part);
		for (unsigned i = 0; i < 4096; i++)
			text_add(&line, "62");
		text_add(&line, "\n");
		add(line.data);
	}
	add("1309 audit(1.000:7): a2=\"c\"\n");
	add(end);
	assert_true(test.last.argv_cut);
	assert_int_equal(test.argv.size, AUDIT_ARGV_MAX);
	assert_int_equal(test.argv.data[AUDIT_ARGV_MAX - 1], '\0');
}

static void test_what_is_not_wanted(void **state)
{
	audit_assembly_want(test.assembly, 1U << AUDIT_CALL_SETUID);
	assert_true(test_audit_add_file(test.assembly, "script"));
	assert_true(test_audit_add_file(test.assembly, "rule-removed-and-disabled"));
	assert_int_equal(test.groups, 0);
	assert_true(test_audit_add_file(test.assembly, "setuid"));
	assert_int_equal(test.groups, 1);
	assert_int_equal(test.last.call, AUDIT_CALL_SETUID);
	assert_int_equal(test.last.number[AUDIT_NUMBER_SUID], 3);
	assert_clean();
}

static void test_the_end_is_missing(void **state)
{
	add(call);
	assert_int_equal(test.groups, 0);
	assert_int_equal(audit_assembly_due(test.assembly), 1000 + UINT64_C(5000000000));
	audit_assembly_expire(test.assembly, UINT64_C(5000000999));
	assert_int_equal(test.groups, 0);
	audit_assembly_expire(test.assembly, UINT64_C(5000001000));
	assert_int_equal(test.groups, 1);
	assert_false(test.last.whole);
	assert_int_equal(test.last.number[AUDIT_NUMBER_PID], 2);
	assert_int_equal(audit_assembly_counters(test.assembly)->incomplete, 1);
	/* 1,024 events later, or twice the same number. */
	add(call);
	add("1300 audit(1.000:1031): arch=c000003e syscall=59 success=yes exit=0 pid=3\n");
	assert_int_equal(test.groups, 2);
	assert_int_equal(test.last.number[AUDIT_NUMBER_PID], 2);
	audit_assembly_expire(test.assembly, UINT64_MAX);
	assert_int_equal(test.groups, 3);
	assert_int_equal(audit_assembly_counters(test.assembly)->incomplete, 3);
}

static void test_the_beginning_is_missing(void **state)
{
	add("1309 audit(1.000:7): argc=1 a0=\"a\"\n1309 audit(1.000:7): a1=\"b\"\n");
	add("1307 audit(1.000:7): cwd=\"/\"\n");
	add(end);
	assert_int_equal(test.groups, 0);
	assert_int_equal(audit_assembly_counters(test.assembly)->incomplete, 1);
}

static void test_damaged(void **state)
{
	add("1300 audit(1.000:7): arch=c000003e syscall=59 success=yes exit=0 pid=x exe=abc\n");
	add("1302 audit(1.000:7): item=99 name=\"a\"\n1302 audit(1.000:7): name=\"a\"\n");
	add("1302 audit(1.000:7): item=0 name=\"a\" inode=1 dev=fe mode=755\n");
	add(end);
	assert_int_equal(test.groups, 1);
	assert_true(test.last.damaged);
	assert_false(audit_knows(&test.last, AUDIT_NUMBER_PID));
	assert_int_equal(test.last.exe.size, 0);
	assert_int_equal(test.last.item_count, 1);
	assert_false(test.last.items[0].exists);
	assert_true(audit_assembly_counters(test.assembly)->malformed >= 3);
	assert_int_equal(audit_assembly_counters(test.assembly)->incomplete, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(test_interleaved, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_argument_in_parts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing_parts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_arguments_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_not_wanted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_end_is_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_beginning_is_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
