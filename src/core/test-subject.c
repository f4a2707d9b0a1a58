// SPDX-License-Identifier: MIT
#include "core/subject.h"

#include "test/unit.h"

static const char status[] =
	"Name:\tevil) 1 (x\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t12\n"
	"Pid:\t12\nPPid:\t7\nTracerPid:\t0\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n";

static void test_status(void **state)
{
	struct subject subject = { 0 };

	subject_parse_status(status, &subject);
	assert_string_equal(subject.comm, "evil) 1 (x");
	assert_int_equal(subject.ppid, 7);
	assert_int_equal(subject.uid, 1);
	assert_int_equal(subject.euid, 2);
	assert_int_equal(subject.suid, 3);
	assert_int_equal(subject.fsuid, 4);
	assert_int_equal(subject.gid, 5);
	assert_int_equal(subject.fsgid, 8);
}

/* A whole one, as proc(5) has it. */
static const char stat_text[] =
	"12 (a b) R 1 12 5 0 -1 4194304 96 0 0 0 0 0 0 0 20 0 1 0 1234 2793472 213 "
	"18446744073709551615 94012943687680 94012943707505 140720308485104 0 0 0 0 0 0 0 0 0 17 1 "
	"0 "
	"0 0 0 0 94012943721712 94012943723136 94013361831936 140720308486128 140720308486148 "
	"140720308486148 140720308486123 0\n";

/* Memory without arguments: a program that is being loaded, and a process that is over. */
#define WITHOUT_MEMORY                                                                           \
	"1 12 5 0 -1 4194304 96 0 0 0 0 0 0 0 20 0 1 0 1234 0 0 18446744073709551615 0 0 0 0 0 " \
	"0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
static const char loading[] = "14 (a b) D " WITHOUT_MEMORY;
static const char over[] = "14 (a b) Z " WITHOUT_MEMORY;

static void test_stat(void **state)
{
	struct subject subject = { 0 };

	/* The name is the process's own word and may look like the rest. */
	subject_parse_stat("12 (evil) 1 (x) S 7 12 99 34816 12 4194304 0", &subject);
	assert_int_equal(subject.sid, 99);
	assert_int_equal(subject.tty, 34816);
	assert_int_equal(subject.arg_start, 0);
	subject_parse_stat("", &subject);
	subject_parse_stat("12 (x", &subject);
	assert_int_equal(subject.sid, 99);
	subject_parse_stat(stat_text, &subject);
	assert_int_equal(subject.sid, 5);
	assert_int_equal(subject.arg_start, UINT64_C(140720308486128));
}

static void test_all_of_it(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(host_freep) struct host *host = NULL;
	_cleanup_(freep) char *link = unit_path(folder, "proc/12/exe");
	struct subject subject;

	unit_write(folder, "proc/12/status", status);
	unit_write(folder, "proc/12/stat", "12 (x) S 7 12 99 0 12");
	unit_write(folder, "proc/12/syscall", "59 0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8");
	unit_write(folder, "proc/12/loginuid", "1000");
	unit_write(folder, "proc/12/sessionid", "4294967295");
	assert_int_equal(symlink("/usr/bin/x", link), 0);
	assert_int_equal(host_new_at(folder, 1, &host, NULL), 0);
	subject_read(host, 12, 12, &subject);
	assert_int_equal(subject.loginuid, 1000);
	assert_int_equal(subject.session, UINT32_MAX);
	assert_int_equal(subject.syscall, 59);
	assert_int_equal(subject.arguments[3], 4);
	assert_string_equal(subject.exe, "/usr/bin/x");
	subject_read(host, 13, 13, &subject);
	assert_int_equal(subject.loginuid, UINT32_MAX);
	assert_int_equal(subject.syscall, -1);
}

/* v2's line comes last from the kernel, and is the one that is kept when there is no room. */
static void test_cgroup(void **state)
{
	static const char head[] = "4:memory:/a\n", tail[] = "1:cpu,cpuacct:/b c\n0::/d:e\n";
	static char text[3000];
	struct subject subject = { 0 };

	snprintf(text, sizeof(text), "%s%s", head, tail);
	subject_parse_cgroup(text, &subject);
	assert_string_equal(subject.cgroup, "0::/d:e\n4:memory:/a\n1:cpu,cpuacct:/b c\n");
	subject_parse_cgroup("", &subject);
	subject = (struct subject){ 0 };
	memset(text, 'x', sizeof(text));
	memcpy(text, "9:pids:/", 8);
	snprintf(text + 2500, sizeof(text) - 2500, "\n%s", tail);
	subject_parse_cgroup(text, &subject);
	assert_string_equal(subject.cgroup, "0::/d:e\n1:cpu,cpuacct:/b c\n");
}

static void test_what_it_has_executed(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(host_freep) struct host *host = NULL;
	_cleanup_(freep) char *link = unit_path(folder, "proc/12/exe");
	_cleanup_(text_done) struct text argv = { 0 };
	struct subject subject = { .arg_start = 7 };
	char exe[64];

	unit_write(folder, "proc/12/stat", stat_text);
	unit_write(folder, "proc/12/cmdline", "sh");
	assert_int_equal(symlink("/usr/bin/dash", link), 0);
	assert_int_equal(host_new_at(folder, 1, &host, NULL), 0);
	assert_int_equal(subject_has_executed(host, 12, &subject), 1);
	subject_parse_stat(stat_text, &subject);
	assert_int_equal(subject_has_executed(host, 12, &subject), 0);
	assert_int_equal(subject_has_executed(host, 13, &subject), -ESRCH);
	/* Being loaded; over. */
	unit_write(folder, "proc/14/stat", loading);
	assert_int_equal(subject_has_executed(host, 14, &subject), 0);
	unit_write(folder, "proc/14/stat", over);
	assert_int_equal(subject_has_executed(host, 14, &subject), -ESRCH);
	subject_read_argv(host, 12, &argv, exe, sizeof(exe));
	assert_int_equal(argv.size, 3);
	assert_string_equal(argv.data, "sh");
	assert_string_equal(exe, "/usr/bin/dash");
	subject_read_argv(host, 13, &argv, exe, sizeof(exe));
	assert_int_equal(argv.size, 3);
	assert_string_equal(exe, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cgroup),	  cmocka_unit_test(test_what_it_has_executed),
		cmocka_unit_test(test_status),	  cmocka_unit_test(test_stat),
		cmocka_unit_test(test_all_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
