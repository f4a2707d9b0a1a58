// SPDX-License-Identifier: MIT
/* What we show people works: the installed policy, the examples, the one in the manual. */
#include "config/test-policy.h"

#include "util/fd.h"

#include <fcntl.h>
#include <glob.h>

static void expect_good(const char *name, const char *text, enum load_flags flags)
{
	_cleanup_(parsed_done) struct parsed parsed = parse_named(name, text, flags);
	_cleanup_(freep) char *actual = told(&parsed.diagnostics);

	if (parsed.result != 0)
		fail_msg("%s: %s", name, actual);
	/* A warning in an example would teach the wrong thing; what is about this host is not one.
	 */
	for (size_t i = 0; i < parsed.diagnostics.count; i++)
		if (!strstr(parsed.diagnostics.items[i].message, "no rules"))
			fail_msg("%s: %s", name, actual);
}

static void files_in_data(void **state)
{
	glob_t found = { 0 };

	assert_int_equal(glob("data/examples/*.yaml", 0, NULL, &found), 0);
	assert_int_equal(glob("data/reeve.yaml", GLOB_APPEND, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		_cleanup_(freep) char *text = NULL;

		assert_int_equal(file_read_at(AT_FDCWD, found.gl_pathv[i], 1 << 20, &text, NULL),
				 0);
		expect_good(found.gl_pathv[i], text, 0);
	}
	assert_true(found.gl_pathc >= 16);
	globfree(&found);
}

/* What fetter knew means the same with its flag and without. */
static void files_for_fetter(void **state)
{
	static const char *const names[] = { "agent", "demo", "desktop", "fetter", "shared-host" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_(freep) char *text = NULL;
		char path[64];

		snprintf(path, sizeof(path), "data/examples/%s.yaml", names[i]);
		assert_int_equal(file_read_at(AT_FDCWD, path, 1 << 20, &text, NULL), 0);
		expect_good(path, text, LOAD_COMPAT_FETTER);
	}
}

static void what_the_installed_policy_suggests(void **state)
{
	_cleanup_(freep) char *text = NULL, *active = NULL;
	struct text result;
	char *at;

	assert_int_equal(file_read_at(AT_FDCWD, "data/reeve.yaml", 1 << 20, &text, NULL), 0);
	text_init(&result);
	/* Takes "#" away from lines that are keys ("# " begins a sentence), and the empty maps. */
	for (at = strtok(text, "\n"); at; at = strtok(NULL, "\n")) {
		if (strstr(at, ": {}"))
			continue;
		if (at[0] == '#' && at[1] != ' ' && at[1] != '\0')
			at++;
		else if (strncmp(at, "#  ", 3) == 0)
			at++;
		text_addf(&result, "%s\n", at);
	}
	active = text_take(&result);
	expect_good("data/reeve.yaml without #", active, 0);
	assert_non_null(strstr(active, "\n  builds:\n"));
}

static void the_manual(void **state)
{
	_cleanup_(freep) char *text = NULL;
	char *start, *end;

	assert_int_equal(file_read_at(AT_FDCWD, "man/reeve.yaml.5.scd", 1 << 20, &text, NULL), 0);
	start = strstr(text, "```\n");
	assert_non_null(start);
	end = strstr(start + 4, "```\n");
	assert_non_null(end);
	*end = '\0';
	expect_good("man/reeve.yaml.5.scd", start + 4, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_in_data),
		cmocka_unit_test(files_for_fetter),
		cmocka_unit_test(what_the_installed_policy_suggests),
		cmocka_unit_test(the_manual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
