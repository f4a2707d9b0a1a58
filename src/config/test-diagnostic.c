// SPDX-License-Identifier: MIT
/* The exact text that people see. */
#include "config/test-policy.h"

static char *printed(const struct diagnostics *list, bool colour)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	diagnostics_print(list, colour, out);
	fclose(out);
	return text;
}

static void expect_printed(struct diagnostics *list, const char *expected)
{
	_cleanup_(freep) char *actual = printed(list, false);

	assert_string_equal(actual, expected);
	diagnostics_done(list);
}

static void a_line_with_a_caret(void **state)
{
	struct diagnostics list = { 0 };

	diagnostics_add(&list, SEVERITY_ERROR, "rules.yaml", "rules:\n  group: bulid\n", 2, 10, 5,
			"did you mean \"build\"?", "group \"%s\" is not defined", "bulid");
	expect_printed(&list,
		       "rules.yaml:2:10: error: group \"bulid\" is not defined (did you mean "
		       "\"build\"?)\n"
		       "    2 |   group: bulid\n"
		       "      |          ^~~~~\n");
}

static void a_hint_has_its_own_line(void **state)
{
	struct diagnostics list = { 0 };

	diagnostics_add(&list, SEVERITY_WARNING, "a.yaml", "x", 1, 1, 1, "write \\ once", "odd");
	expect_printed(&list, "a.yaml:1:1: warning: odd\n"
			      "    1 | x\n"
			      "      | ^\n"
			      "      = hint: write \\ once\n");
}

static void wide_characters_count_once(void **state)
{
	struct diagnostics list = { 0 };

	diagnostics_add(&list, SEVERITY_ERROR, "a", "größe: 本x\n", 1, 8, 2, NULL, "bad");
	expect_printed(&list, "a:1:8: error: bad\n"
			      "    1 | größe: 本x\n"
			      "      |        ^~\n");
}

static void tabs_stay_tabs_below(void **state)
{
	struct diagnostics list = { 0 };

	diagnostics_add(&list, SEVERITY_ERROR, "a", "\tx:\ty", 1, 5, 1, NULL, "bad");
	expect_printed(&list, "a:1:5: error: bad\n"
			      "    1 | \tx:\ty\n"
			      "      | \t  \t^\n");
	diagnostics_add(&list, SEVERITY_ERROR, "a", "\tx", 1, 1, 1, NULL, "bad");
	expect_printed(&list, "a:1:1: error: bad\n"
			      "    1 | \tx\n"
			      "      | ^\n");
}

static void the_end_of_a_line(void **state)
{
	struct diagnostics list = { 0 };

	diagnostics_add(&list, SEVERITY_ERROR, "a", "ab\r\ncd", 1, 3, 1, NULL, "bad");
	expect_printed(&list, "a:1:3: error: bad\n"
			      "    1 | ab\n"
			      "      |   ^\n");
	diagnostics_add(&list, SEVERITY_ERROR, "a", "ab\r\ncd", 2, 1, 9, NULL, "bad");
	expect_printed(&list, "a:2:1: error: bad\n"
			      "    2 | cd\n"
			      "      | ^~\n");
	diagnostics_add(&list, SEVERITY_ERROR, "a", "ab\rcd", 2, 2, 1, NULL, "bad");
	expect_printed(&list, "a:2:2: error: bad\n"
			      "    2 | cd\n"
			      "      |  ^\n");
	/* A line behind the end: the place, and nothing to show. */
	diagnostics_add(&list, SEVERITY_ERROR, "a", "ab", 2, 1, 1, NULL, "bad");
	expect_printed(&list, "a:2:1: error: bad\n");
}

static void nothing_reaches_the_terminal(void **state)
{
	struct diagnostics list = { 0 };

	diagnostics_add(&list, SEVERITY_ERROR, "a\033.yaml", "x: \033[31m \xff", 1, 4, 5, NULL,
			"bad \"\033[2J\"");
	expect_printed(&list, "a\\x1b.yaml:1:4: error: bad \"\\x1b[2J\"\n"
			      "    1 | x: \\x1b[31m \\xff\n"
			      "      |    ^~~~~~~~\n");
}

static void long_lines_are_cut(void **state)
{
	struct diagnostics list = { 0 };
	char line[5001];

	memset(line, 'a', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	line[2999] = 'b';
	diagnostics_add(&list, SEVERITY_ERROR, "a", line, 1, 3000, 1, NULL, "bad");
	assert_int_equal(list.items[0].source_column, 2961);
	assert_int_equal(strlen(list.items[0].source_line), 120);
	expect_printed(&list,
		       "a:1:3000: error: bad\n"
		       "    1 | "
		       "...aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
		       "      |                                           ^\n");
}

static void without_a_place(void **state)
{
	struct diagnostics list = { 0 };

	diagnostics_add(&list, SEVERITY_ERROR, NULL, NULL, 0, 0, 0, NULL, "out of memory");
	diagnostics_add(&list, SEVERITY_ERROR, "a.yaml", NULL, 0, 0, 0, NULL, "cannot be read");
	expect_printed(&list, "error: out of memory\na.yaml: error: cannot be read\n");
}

static void colours(void **state)
{
	_cleanup_(diagnostics_done) struct diagnostics list = { 0 };
	_cleanup_(freep) char *actual = NULL;

	diagnostics_add(&list, SEVERITY_ERROR, "a", "x", 1, 1, 1, NULL, "bad");
	actual = printed(&list, true);
	assert_string_equal(actual, "a:1:1: \033[1;31merror\033[0m: bad\n"
				    "    1 | x\n"
				    "      | \033[1;32m^\033[0m\n");
}

static void order_is_by_file_and_place(void **state)
{
	static const char *const files[] = { "b", "a", NULL };
	_cleanup_(diagnostics_done) struct diagnostics list = { 0 };
	_cleanup_(freep) char *actual = NULL;

	diagnostics_add(&list, SEVERITY_ERROR, NULL, NULL, 0, 0, 0, NULL, "last");
	diagnostics_add(&list, SEVERITY_ERROR, "a", NULL, 1, 1, 1, NULL, "4");
	diagnostics_add(&list, SEVERITY_NOTE, "b", NULL, 1, 1, 1, NULL, "5");
	diagnostics_add(&list, SEVERITY_ERROR, "b", NULL, 2, 5, 1, NULL, "3");
	diagnostics_add(&list, SEVERITY_WARNING, "b", NULL, 2, 1, 1, NULL, "2");
	diagnostics_add(&list, SEVERITY_ERROR, "b", NULL, 0, 0, 0, NULL, "1");
	diagnostics_sort(&list, files);
	actual = printed(&list, false);
	assert_string_equal(actual, "b: error: 1\n"
				    "b:2:1: warning: 2\n"
				    "b:2:5: error: 3\n"
				    "a:1:1: error: 4\n"
				    "b:1:1: note: 5\n"
				    "error: last\n");
	assert_int_equal(list.errors, 4);
	assert_int_equal(list.warnings, 1);
}

static void too_many_are_counted(void **state)
{
	_cleanup_(diagnostics_done) struct diagnostics list = { 0 };
	_cleanup_(freep) char *actual = NULL;

	for (int i = 0; i < DIAGNOSTICS_MAX + 7; i++)
		diagnostics_add(&list, SEVERITY_ERROR, "a", NULL, 0, 0, 0, NULL, "%d", i);
	assert_int_equal(list.count, DIAGNOSTICS_MAX);
	assert_int_equal(list.errors, DIAGNOSTICS_MAX + 7);
	assert_int_equal(list.dropped, 7);
	actual = printed(&list, false);
	assert_non_null(strstr(actual, "a: error: 199\nand 7 more, not shown\n"));
}

static void as_json(void **state)
{
	_cleanup_(diagnostics_done) struct diagnostics list = { 0 };
	_cleanup_(freep) char *actual = NULL;
	json_t *json;

	diagnostics_add(&list, SEVERITY_ERROR, "a\xff", "x: y", 1, 4, 1, "h", "bad \"%s\"", "\\");
	diagnostics_add(&list, SEVERITY_NOTE, NULL, NULL, 0, 0, 0, NULL, "n");
	json = diagnostics_to_json(&list);
	actual = json_dumps(json, JSON_SORT_KEYS);
	json_decref(json);
	assert_string_equal(actual,
			    "[{\"column\": 4, \"file\": \"a\\\\xff\", \"hint\": \"h\", "
			    "\"length\": 1, \"line\": 1, \"message\": \"bad \\\"\\\\\\\"\", "
			    "\"severity\": \"error\"}, "
			    "{\"column\": 0, \"file\": null, \"hint\": null, \"length\": 1, "
			    "\"line\": 0, \"message\": \"n\", \"severity\": \"note\"}]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_with_a_caret),
		cmocka_unit_test(a_hint_has_its_own_line),
		cmocka_unit_test(wide_characters_count_once),
		cmocka_unit_test(tabs_stay_tabs_below),
		cmocka_unit_test(the_end_of_a_line),
		cmocka_unit_test(nothing_reaches_the_terminal),
		cmocka_unit_test(long_lines_are_cut),
		cmocka_unit_test(without_a_place),
		cmocka_unit_test(colours),
		cmocka_unit_test(order_is_by_file_and_place),
		cmocka_unit_test(too_many_are_counted),
		cmocka_unit_test(as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
