// SPDX-License-Identifier: MIT
#include "util/proc-text.h"

#include "test/unit.h"
#include "util/fd.h"

#include <fcntl.h>
#include <sys/sysmacros.h>

/* Fields 3 to 28 and a few behind. */
#define REST                                                                                     \
	" S 77 4711 4710 34817 -1 4194560 11 12 13 14 15 16 17 18 20 0 3 0 987654 21 22 23 100 " \
	"200 300 0 0\n"

static struct proc_stat parse(const char *text)
{
	struct proc_stat stat;

	assert_int_equal(proc_stat_parse(slice_of(text), &stat), 0);
	return stat;
}

static void test_stat(void **state)
{
	struct proc_stat stat = parse("4711 (cat)" REST);

	assert_true(slice_eq(stat.comm, slice_of("cat")));
	assert_int_equal(stat.pid, 4711);
	assert_int_equal(stat.state, 'S');
	assert_int_equal(stat.ppid, 77);
	assert_int_equal(stat.tty, makedev(136, 1));
	assert_int_equal(stat.flags, 4194560);
	assert_int_equal(stat.threads, 3);
	assert_int_equal(stat.start, 987654);
	assert_true(stat.image != 0);
}

/* A process chooses its name. */
static void test_names(void **state)
{
	static const char *const names[] = { "", ")", "a) S 1 2 3", "(", "x\ny", " ", "((()))" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char text[256];
		struct proc_stat stat;

		snprintf(text, sizeof(text), "4711 (%s)%s", names[i], REST);
		stat = parse(text);
		assert_true(slice_eq(stat.comm, slice_of(names[i])));
		assert_int_equal(stat.ppid, 77);
	}
}

static void test_stat_that_is_none(void **state)
{
	static const char *const texts[] = {
		"",
		"4711",
		"4711 (cat",
		"4711 cat)",
		")(",
		"(cat)" REST,
		"x (cat)" REST,
		"4711 (cat)",
		"4711 (cat) ",
		"4711 (cat) S",
		"4711 (cat) S 77 x",
		("4711 (cat) S 77 4711 4710 34817 -1 4194560 11 12 13 14 15 16 17 18 20 0 3 0 "
		 "987654"),
	};
	struct proc_stat stat;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (proc_stat_parse(slice_of(texts[i]), &stat) != -EBADMSG)
			fail_msg("\"%s\" was taken", texts[i]);
	assert_int_equal(proc_stat_parse((struct slice){ NULL, 0 }, &stat), -EBADMSG);
}

static void test_stat_of_a_process(void **state)
{
	_cleanup_(closep) int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char text[PROC_STAT_SIZE];
	struct proc_stat stat;

	assert_int_equal(proc_stat_read(proc_fd, getpid(), text, &stat), 0);
	assert_int_equal(stat.pid, getpid());
	assert_int_equal(stat.ppid, getppid());
	assert_int_equal(proc_stat_read(proc_fd, INT32_MAX, text, &stat), -ESRCH);
	assert_int_equal(proc_stat_read(-1, 1, text, &stat), -EBADF);
}

static void test_the_image(void **state)
{
	uint64_t one =
		parse("1 (a) S 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 5 0 0 0 100 200 300").image;
	uint64_t same =
		parse("9 (b) R 7 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 6 0 0 0 100 200 300").image;
	uint64_t other =
		parse("1 (a) S 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 5 0 0 0 100 200 301").image;

	assert_int_equal(one, same);
	assert_true(one != other);
	/* No memory; hidden from us. */
	assert_int_equal(parse("1 (a) S 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 5 0 0 0 0 0 0").image,
			 0);
	assert_int_equal(parse("1 (a) S 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 5 0 0 0 1 1 0").image,
			 0);
}

static void test_ends(void **state)
{
	static const struct {
		const char *text;
		bool ended;
	} cases[] = {
		{ "1 (a) S 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 5 0 0 0 0 0 0", false },
		{ "1 (a) Z 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 5 0 0 0 0 0 0", true },
		{ "1 (a) Z 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 2 0 5 0 0 0 0 0 0", false },
		{ "1 (a) X 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 5 0 0 0 0 0 0", true },
		{ "1 (a) T 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 5 0 0 0 0 0 0", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct proc_stat stat = parse(cases[i].text);

		assert_int_equal(proc_stat_has_ended(&stat), cases[i].ended);
	}
}

static void test_status(void **state)
{
	static const char text[] = "Name:\tUid:\\n5\nUmask:\t0022\nPid:\t4711\n"
				   "Uid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t4294967295\n"
				   "NStgid:\t4711\t12\t1\nNSpid:\t4711\t12\t2\nUid:\t9\t9\t9\t9\n";
	struct proc_status status;

	proc_status_parse(slice_of(text), &status);
	assert_int_equal(status.known, PROC_STATUS_UID | PROC_STATUS_GID | PROC_STATUS_NS_PID);
	assert_int_equal(status.uid, 1);
	assert_int_equal(status.euid, 2);
	assert_int_equal(status.suid, 3);
	assert_int_equal(status.gid, 5);
	assert_int_equal(status.egid, 6);
	assert_int_equal(status.sgid, 7);
	assert_int_equal(status.ns_pid, 2);
}

static void test_a_value(void **state)
{
	const char *text = "Name:\tname\nPPid:\t7\nGroups:\t\n";

	assert_string_equal(proc_status_value(text, "PPid:"), "\t7\nGroups:\t\n");
	assert_string_equal(proc_status_value(text, "Name:\t"), "name\nPPid:\t7\nGroups:\t\n");
	assert_null(proc_status_value(text, "Pid:"));
	assert_null(proc_status_value("", "Pid:"));
}

static void test_half_a_status(void **state)
{
	struct proc_status status;

	proc_status_parse(slice_of("Uid:\t1\t2\nNSpid:\n Gid:\t1\t1\t1\t1\n"), &status);
	assert_int_equal(status.known, 0);
	proc_status_parse(slice_of("Gid:\t5\t6\t7"), &status);
	assert_int_equal(status.known, PROC_STATUS_GID);
	proc_status_parse((struct slice){ NULL, 0 }, &status);
	assert_int_equal(status.known, 0);
}

static void test_cgroups(void **state)
{
	static const char text[] = "12:cpu,cpuacct:/a:b/c d\n1:name=systemd:/\n0::/x.slice\n";
	static const char expected[] = "cpu,cpuacct:/a:b/c d\0name=systemd:/";
	char list[sizeof(text)];
	struct slice v2;

	assert_int_equal(proc_cgroup_parse(slice_of(text), &v2, list), sizeof(expected));
	assert_memory_equal(list, expected, sizeof(expected));
	assert_true(slice_eq(v2, slice_of("/x.slice")));
}

static void test_cgroups_of_other_forms(void **state)
{
	char list[128];
	struct slice v2;

	assert_int_equal(proc_cgroup_parse(slice_of(""), &v2, list), 0);
	assert_null(v2.data);
	assert_int_equal(proc_cgroup_parse(slice_of("x\n:\n1\n1:\n1:cpu\n1:cpu:\n1:cpu:x\n\n"), &v2,
					   list),
			 0);
	assert_null(v2.data);
	/* Without a newline at the end; the path of the root. */
	assert_int_equal(proc_cgroup_parse(slice_of("3:pids:/p\n0::/"), &v2, list),
			 sizeof("pids:/p"));
	assert_true(slice_eq(v2, slice_of("/")));
}

static void test_environment(void **state)
{
	static const char text[] = "HOME=/root\0PATHX=no\0PATH=/bin\0ODD\0\0EMPTY=\0LAST=cut";
	static const char *const names[] = { "PATH", "ODD", "EMPTY", "LAST", "NONE" };
	static const char expected[] = "PATH=/bin\0ODD\0EMPTY=\0LAST=cut";
	const struct slice whole = { text, sizeof(text) - 1 };
	char list[sizeof(text) + 1];

	assert_int_equal(proc_environ_pick(whole, names, ARRAY_SIZE(names), list),
			 sizeof(expected));
	assert_memory_equal(list, expected, sizeof(expected));
	assert_int_equal(proc_environ_pick(whole, names, 0, list), 0);
	assert_int_equal(proc_environ_pick((struct slice){ NULL, 0 }, names, 1, list), 0);
}

static void test_auxv(void **state)
{
	static const uint64_t wide[] = { 33, 0x7fff0000, 31, 0x7ffffffde000, 15, 1, 0, 0, 31, 2 };
	static const uint32_t narrow[] = { 33, 0xf7f00000, 31, 0xfffde000, 0, 0, 31, 2 };
	static const uint64_t none[] = { 33, 0x7fff0000, 0, 0, 31, 2 };

	assert_int_equal(proc_auxv_filename((struct slice){ (const char *)wide, sizeof(wide) }),
			 0x7ffffffde000);
	assert_int_equal(proc_auxv_filename((struct slice){ (const char *)narrow, sizeof(narrow) }),
			 0xfffde000);
	assert_int_equal(proc_auxv_filename((struct slice){ (const char *)none, sizeof(none) }), 0);
	assert_int_equal(proc_auxv_filename((struct slice){ (const char *)wide, 31 }), 0);
	assert_int_equal(proc_auxv_filename((struct slice){ NULL, 0 }), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_stat_that_is_none),
		cmocka_unit_test(test_stat_of_a_process),
		cmocka_unit_test(test_the_image),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_a_value),
		cmocka_unit_test(test_half_a_status),
		cmocka_unit_test(test_cgroups),
		cmocka_unit_test(test_cgroups_of_other_forms),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_auxv),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
