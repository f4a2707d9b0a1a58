// SPDX-License-Identifier: MIT
#include "cli/port-line.h"

#include "test/unit.h"

static const char *variable(void *userdata, const char *name)
{
	return streq(name, "child") ? "123" : NULL;
}

static struct port_line parse(const char *text)
{
	struct port_line line;
	struct error err = ERROR_INIT;
	size_t column;

	if (port_line_parse(text, strlen(text), variable, NULL, &line, &column, &err) < 0)
		fail_msg("%s: %zu: %s", text, column, error_text(&err));
	return line;
}

/* The words with "|" between them. */
static void has_words(const char *text, const char *expected)
{
	struct port_line line = parse(text);
	char shown[256] = "";
	size_t size = 0;

	for (size_t i = 0; i < line.count; i++)
		size += (size_t)snprintf(shown + size, sizeof(shown) - size, "%s%s", i ? "|" : "",
					 line.words[i].text);
	assert_string_equal(shown, expected);
	port_line_done(&line);
}

static void test_words(void **state)
{
	has_words("", "");
	has_words("  # nothing", "");
	has_words("in 123 getpid # who", "in|123|getpid");
	has_words("send $child 'a $child \\n' \"b $child\\x41\"", "send|123|a $child \\n|b 123A");
	has_words("a${child}b \\$child '' x\"y\"z a#b", "a123b|$child||xyz|a#b");
	has_words("alloc [{\"ptr\": 3}, \"a b\"] x", "alloc|[{\"ptr\": 3}, \"a b\"]|x");
}

static void test_columns_and_bytes(void **state)
{
	struct port_line line = parse(" a  'b'\t\"c\\0d\" {}");

	assert_int_equal(line.count, 4);
	assert_int_equal(line.words[1].column, 5);
	assert_true(line.words[0].bare);
	assert_false(line.words[1].bare);
	assert_int_equal(line.words[2].size, 3);
	assert_memory_equal(line.words[2].text, "c\0d", 4);
	assert_non_null(line.words[3].json);
	port_line_done(&line);
}

static void is_wrong(const char *text, size_t expected_column, const char *part)
{
	struct port_line line;
	struct error err = ERROR_INIT;
	size_t column = 0;

	assert_int_equal(port_line_parse(text, strlen(text), variable, NULL, &line, &column, &err),
			 -EINVAL);
	assert_int_equal(column, expected_column);
	assert_non_null(strstr(error_text(&err), part));
	error_done(&err);
}

static void test_mistakes(void **state)
{
	is_wrong("a 'b", 3, "not closed");
	is_wrong("a \"b\\", 5, "nothing follows");
	is_wrong("a b\\", 4, "nothing follows");
	is_wrong("a \"\\q\"", 4, "backslash stands before");
	is_wrong("a \"\\xg1\"", 4, "backslash stands before");
	is_wrong("in $nobody getpid", 4, "$nobody has no value");
	is_wrong("in $ getpid", 4, "followed by a name");
	is_wrong("in ${child getpid", 4, "followed by a name");
	is_wrong("execve x [\"a\"", 10, "JSON");
	is_wrong("execve [\"a\"]x", 13, "a space is missing");
}

static void test_names(void **state)
{
	assert_true(port_line_is_name("_a9"));
	assert_false(port_line_is_name("9a"));
	assert_false(port_line_is_name(""));
	assert_false(port_line_is_name("a-b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_columns_and_bytes),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
