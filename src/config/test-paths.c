// SPDX-License-Identifier: MIT
#include "config/paths.h"
#include "config/test-policy.h"

#include <limits.h>

static void expect_path(const char *path, const char *normal, bool folder)
{
	char to[PATH_MAX];
	bool is_folder;
	size_t offset;

	assert_int_equal(path_normalise(path, to, &is_folder, &offset, NULL), 0);
	assert_string_equal(to, normal);
	assert_int_equal(is_folder, folder);
}

static void expect_refused(const char *path, size_t at, const char *reason)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	char to[PATH_MAX];
	bool folder;
	size_t offset;

	assert_int_equal(path_normalise(path, to, &folder, &offset, &err), -EINVAL);
	assert_string_equal(error_text(&err), reason);
	assert_int_equal(offset, at);
}

static void normal_forms(void **state)
{
	expect_path("/bin/x", "/bin/x", false);
	expect_path("//bin///x", "/bin/x", false);
	expect_path("/./bin/././x", "/bin/x", false);
	expect_path("/opt/", "/opt", true);
	expect_path("/opt//", "/opt", true);
	expect_path("/opt/.", "/opt", true);
	expect_path("/opt/x.", "/opt/x.", false);
	expect_path("/", "/", true);
	expect_path("/a b/c,d", "/a b/c,d", false);
	expect_path("/...", "/...", false);
}

static void patterns(void **state)
{
	expect_path("/opt/*/bin/?", "/opt/*/bin/?", false);
	expect_path("/opt/**/x", "/opt/**/x", false);
	expect_path("/opt/**.so", "/opt/**.so", false);
	expect_path("/x/[a-z]", "/x/[a-z]", false);
	expect_path("/x/[!a]", "/x/[!a]", false);
	expect_path("/x/[]]", "/x/[]]", false);
	expect_path("/x/[]-a]", "/x/[]-a]", false);
	expect_path("/x/[*]", "/x/[*]", false);
	expect_path("/x/\\**", "/x/\\**", false);
	expect_path("/opt/*/", "/opt/*/**", false);
	expect_path("/a\\b", "/a\\b", false);
	expect_path("/a\\\\b", "/a\\\\b", false);
	expect_path("/a\\\\[*]", "/a\\\\[*]", false);
	assert_true(path_is_pattern("/a*"));
	assert_false(path_is_pattern("/a\\*"));
	assert_false(path_is_pattern("/a\\"));
}

static void refused(void **state)
{
	char path[PATH_MAX + 10];

	expect_refused("", 0, "it is empty");
	expect_refused("bin/x", 0, "it does not begin with \"/\"");
	expect_refused("/a/../b", 3, "\"..\" is not allowed: behind a symlink it is another place");
	expect_refused("/x/[a", 3, "\"[\" has no closing \"]\"");
	expect_refused("/x/[]", 3, "\"[\" has no closing \"]\"");
	expect_refused("/x/[!]", 3, "\"[\" has no closing \"]\"");
	expect_refused("/x/[a/b]", 3, "\"[\" has no closing \"]\"");
	expect_refused("/x/a[z-a]", 4, "the range \"z-a\" is backwards");
	expect_refused("/x/***", 3, "\"***\" means nothing");
	expect_refused("/x*/a\\", 5, "there is nothing behind the \"\\\"");
	expect_refused("/x/a\\?", 4, "write \"[?]\" for a literal \"?\"");
	expect_refused("/x/a\\[", 4, "write \"[[]\" for a literal \"[\"");
	expect_refused("/x/a\\*", 4, "write \"[*]\" for a literal \"*\"");
	expect_refused("/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*", 33, "more than 16 \"*\" in one path");
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[257] = '\0';
	expect_refused(path, 1, "a part of it has 256 bytes, at most 255 are allowed");
	path[257] = 'x';
	path[4096] = '\0';
	expect_refused(path, 0, "it has 4096 bytes, at most 4092 are allowed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normal_forms),
		cmocka_unit_test(patterns),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
