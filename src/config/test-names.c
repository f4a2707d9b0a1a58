// SPDX-License-Identifier: MIT
#include "config/test-policy.h"

static void expect_refused(const char *name, const char *reason)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;

	assert_int_equal(group_name_check(name, &err), -EINVAL);
	assert_string_equal(error_text(&err), reason);
}

static void good_names(void **state)
{
	static const char *const names[] = {
		"a",   "build/link", "größe", "a b,c",	     "x.y",
		"...", "-",	     "cpu",   "memoryx.max", "1/2/3/4/5/6/7/8/9/a/b/c/d/e/f/g"
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(group_name_check(names[i], NULL), 0);
}

static void bad_names(void **state)
{
	char name[4200];

	expect_refused("", "it is empty");
	expect_refused("/", "it begins or ends with \"/\"");
	expect_refused("/a", "it begins or ends with \"/\"");
	expect_refused("a/", "it begins or ends with \"/\"");
	expect_refused("a//b", "it has an empty part");
	expect_refused(".", "\".\" is not allowed in it");
	expect_refused("../../x", "\"..\" is not allowed in it");
	expect_refused("a/..", "\"..\" is not allowed in it");
	expect_refused("a\nb", "byte 0x0a is not allowed in it");
	expect_refused("a\177", "byte 0x7f is not allowed in it");
	expect_refused("a\xc2\x9b", "byte 0xc2 is not allowed in it");
	expect_refused("a\xff", "byte 0xff is not allowed in it");
	expect_refused("cgroup.procs", "\"cgroup.procs\" is a name of the kernel's own files");
	expect_refused("a/cpu.max", "\"cpu.max\" is a name of the kernel's own files");
	expect_refused("tasks", "\"tasks\" is a name of the kernel's own files");
	expect_refused("1/2/3/4/5/6/7/8/9/a/b/c/d/e/f/g/h", "it has more than 16 parts");
	memset(name, 'x', sizeof(name));
	name[300] = '\0';
	expect_refused(name, "a part of it has 300 bytes, at most 255 are allowed");
	name[255] = '\0';
	assert_int_equal(group_name_check(name, NULL), 0);
	memset(name, 'x', sizeof(name));
	for (size_t i = 200; i < 2800; i += 200)
		name[i] = '/';
	name[2801] = '\0';
	expect_refused(name, "it has 2801 bytes, at most 2048 are allowed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_names),
		cmocka_unit_test(bad_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
