// SPDX-License-Identifier: MIT
/* Lines of the kernel's log, with names that programs chose to mislead. */
#include "launch/kernel-log.h"

#include "test/unit.h"

static void test_oom(void **state)
{
	struct kernel_note note;

	assert_true(kernel_note_parse(
		"6,812,5113,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,"
		"mems_allowed=0,oom_memcg=/reeve/x,task_memcg=/reeve/x,task=tail,pid=4711,uid=0\n"
		" SUBSYSTEM=mem\n",
		&note));
	assert_int_equal(note.kind, KERNEL_NOTE_OOM);
	assert_int_equal(note.pid, 4711);
	assert_string_equal(note.name, "tail");
	assert_string_equal(note.group, "/reeve/x");
	assert_true(kernel_note_parse(
		"6,1,1,-;oom-kill:a,task_memcg=/g,task=a,pid=1,uid=5,pid=12,uid=0\n", &note));
	assert_int_equal(note.pid, 12);
	assert_false(kernel_note_parse("6,1,1,-;oom-kill:a,task_memcg=/g,task=a,pid=x\n", &note));
	assert_false(kernel_note_parse("6,1,1,-;oom-kill:\n", &note));
	assert_false(kernel_note_parse("6,1,1,-;usb 1-1: oom-kill:,pid=3\n", &note));
	assert_false(kernel_note_parse("", &note));
}

static void test_seccomp(void **state)
{
	struct kernel_note note;

	assert_true(kernel_note_parse(
		"5,813,5114,-;audit: type=1326 audit(1.2:3): auid=1 uid=0 gid=0 ses=1 pid=4712 "
		"comm=\"a syscall=7\" exe=\"/x\" sig=31 arch=c000003e syscall=101 compat=0 "
		"ip=0x7f code=0x80000000\n",
		&note));
	assert_int_equal(note.kind, KERNEL_NOTE_SECCOMP);
	assert_int_equal(note.pid, 4712);
	assert_int_equal(note.call, 101);
	assert_false(kernel_note_parse("5,8,5,-;audit: type=1327 pid=1 syscall=1\n", &note));
	assert_false(kernel_note_parse("5,8,5,-;audit: type=1326 syscall=1\n", &note));
	assert_false(kernel_note_parse("5,8,5,-;audit: type=1326 pid=1\n", &note));
}

static void test_open(void **state)
{
	struct kernel_note note;
	struct kernel_log log;
	int r = kernel_log_open(&log);

	/* Where it may be read, everything before the opening is old. */
	if (r == 0)
		assert_true(kernel_log_next(&log, &note) >= 0);
	kernel_log_done(&log);
	assert_int_equal(log.fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oom),
		cmocka_unit_test(test_seccomp),
		cmocka_unit_test(test_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
