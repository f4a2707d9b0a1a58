// SPDX-License-Identifier: MIT
#include "rules/glob.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void stars_stay_in_a_part(void **state)
{
	assert_true(glob_match("/usr/bin/python*", "/usr/bin/python3.11"));
	assert_true(glob_match("/usr/*/ls", "/usr/bin/ls"));
	assert_false(glob_match("/usr/*/ls", "/usr/local/bin/ls"));
	assert_true(glob_match("/a*c*e", "/abcde"));
	assert_false(glob_match("/a*c*e", "/abc/de"));
	assert_true(glob_match("/*", "/x"));
	assert_false(glob_match("/*", "/x/y"));
	assert_true(glob_match("/a*", "/a"));
}

static void deep_stars_cross_parts(void **state)
{
	assert_true(glob_match("/opt/**/bin/x", "/opt/a/b/bin/x"));
	assert_true(glob_match("/opt/**/bin/x", "/opt/bin/x"));
	assert_true(glob_match("/opt/**", "/opt/a/b"));
	assert_true(glob_match("/**/x", "/x"));
	assert_true(glob_match("/home/*/.cargo/**/rust*", "/home/me/.cargo/bin/deep/rustc"));
	assert_false(glob_match("/home/*/.cargo/**/rust*", "/home/me/.cargo/bin/deep/cc"));
	assert_false(glob_match("/opt/**/bin/x", "/usr/opt/bin/x"));
}

static void brackets(void **state)
{
	assert_true(glob_match("/gcc-[0-9]", "/gcc-9"));
	assert_false(glob_match("/gcc-[0-9]", "/gcc-x"));
	assert_true(glob_match("/gcc-[!0-9]", "/gcc-x"));
	assert_true(glob_match("/[]a]", "/]"));
	assert_false(glob_match("/a[/]b", "/a/b"));
	assert_true(glob_match("/a\\*b", "/a*b"));
	assert_false(glob_match("/a\\*b", "/axb"));
	assert_false(glob_match("/a[b", "/ab"));
	assert_true(glob_match("/?b", "/ab"));
	assert_false(glob_match("/a?b", "/a/b"));
}

static void hostile_patterns_end(void **state)
{
	char pattern[200], path[4000];

	for (size_t i = 0; i + 2 < sizeof(pattern); i += 2)
		memcpy(&pattern[i], "*a", 3);
	memset(path, 'a', sizeof(path));
	path[sizeof(path) - 2] = 'b';
	path[sizeof(path) - 1] = '\0';
	assert_false(glob_match(pattern, path));
	for (size_t i = 0; i + 8 < sizeof(pattern); i += 4)
		memcpy(&pattern[i], "/**a", 5);
	assert_false(glob_match(pattern, path));
}

static void prefix_and_pattern(void **state)
{
	assert_false(glob_is_pattern("/usr/bin/x"));
	assert_false(glob_is_pattern("/usr/bin/\\*"));
	assert_true(glob_is_pattern("/usr/bin/*"));
	assert_int_equal(glob_literal_prefix("/usr/b*"), 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stars_stay_in_a_part),
		cmocka_unit_test(deep_stars_cross_parts),
		cmocka_unit_test(brackets),
		cmocka_unit_test(hostile_patterns_end),
		cmocka_unit_test(prefix_and_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
