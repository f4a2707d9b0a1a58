// SPDX-License-Identifier: MIT
/* covers: regex-parse.c */
#include "util/regex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static bool match(const char *pattern, const char *text)
{
	_cleanup_(regex_freep) struct regex *regex = NULL;
	_cleanup_(error_done) struct error err = ERROR_INIT;

	if (regex_new(pattern, &regex, NULL, &err) < 0)
		fail_msg("%s: %s", pattern, error_text(&err));
	return regex_match(regex, slice_of(text));
}

static void matches(void **state)
{
	static const struct {
		const char *pattern, *yes, *no;
	} rows[] = {
		{ "b", "abc", "ac" },
		{ "^b", "bc", "ab" },
		{ "b$", "ab", "ba" },
		{ "^$", "", "x" },
		{ "^a.c$", "a\nc", "ac" },
		{ "a|bc|^d", "xbcx", "bd" },
		{ "^(a|b)*c$", "ababc", "abdc" },
		{ "^a+$", "aaa", "" },
		{ "^a?b$", "b", "aab" },
		{ "^a{2}$", "aa", "aaa" },
		{ "^a{2,}$", "aaaa", "a" },
		{ "^a{2,3}$", "aaa", "aaaa" },
		{ "^(ab){0,2}$", "abab", "ababab" },
		{ "^a{0}b$", "b", "ab" },
		{ "^[a-c]+$", "abc", "abd" },
		{ "^[^a-c]+$", "xyz", "xaz" },
		{ "^[]a]+$", "]a", "b" },
		{ "^[a-]+$", "a-", "b" },
		{ "^[[:digit:]x]+$", "1x2", "1y" },
		{ "^\\d+\\s\\w+$", "12 a_9", "12 -" },
		{ "^[\\w.]+$", "a.b", "a-b" },
		{ "^\\D\\S\\W$", "ab ", "1b " },
		{ "^\\x41\\.\\\\$", "A.\\", "Ax\\" },
		{ "^\\t\\n$", "\t\n", "tn" },
		{ "^(?:ab)+$", "abab", "aba" },
		{ "^(a*)*$", "aaa", "b" },
		{ "^(a*)*b", "aab", "aac" },
		{ "^(|a)b$", "ab", "aab" },
		{ "^\xc3\xa9+$", "\xc3\xa9\xc3\xa9", "\xc3\xa9\xa9" },
		{ "a*?b", "aab", "aa" },
		{ "^(a|^b)$", "b", "ab" },
		{ "(a$|b)c", "bc", "ac" },
		{ "(^|,)root(,|$)", "x,root", "xroot" },
		{ "--eval[= ].*rm -rf", "sh --eval=x; rm -rf /", "sh --eval rm" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!match(rows[i].pattern, rows[i].yes))
			fail_msg("\"%s\" should match \"%s\"", rows[i].pattern, rows[i].yes);
		if (match(rows[i].pattern, rows[i].no))
			fail_msg("\"%s\" should not match \"%s\"", rows[i].pattern, rows[i].no);
	}
}

static void bytes_are_bytes(void **state)
{
	_cleanup_(regex_freep) struct regex *regex = NULL;
	static const char text[] = { 'a', '\0', (char)0xff };

	assert_int_equal(regex_new("^a\\x00[^a]$", &regex, NULL, NULL), 0);
	assert_true(regex_match(regex, (struct slice){ text, 3 }));
	assert_false(regex_match(regex, (struct slice){ text, 2 }));
}

static void mistakes_have_a_place(void **state)
{
	static const struct {
		const char *pattern;
		size_t offset;
		int code;
		const char *sentence;
	} rows[] = {
		{ "", 0, -EINVAL, "empty" },
		{ "a(b", 1, -EINVAL, "never closed" },
		{ "a)b", 1, -EINVAL, "closes nothing" },
		{ "a[b", 1, -EINVAL, "never closed" },
		{ "*a", 0, -EINVAL, "nothing to repeat" },
		{ "a|+b", 2, -EINVAL, "nothing to repeat" },
		{ "^*", 1, -EINVAL, "nothing to repeat" },
		{ "a**", 2, -EINVAL, "repetition of a repetition" },
		{ "a{2", 1, -EINVAL, "{2}" },
		{ "a{x}", 2, -EINVAL, "{2}" },
		{ "a{3,2}", 1, -EINVAL, "before it begins" },
		{ "a{256}", 2, -E2BIG, "255" },
		{ "{", 0, -EINVAL, "brace" },
		{ "(a)\\1", 3, -EINVAL, "backreference" },
		{ "a\\b", 1, -EINVAL, "not known" },
		{ "a(?=b)", 1, -EINVAL, "(?:" },
		{ "a\\", 1, -EINVAL, "backslash" },
		{ "\\x4", 0, -EINVAL, "hexadecimal" },
		{ "[b-a]", 1, -EINVAL, "range" },
		{ "[[:vowel:]]", 1, -EINVAL, "class" },
		{ "[\xc3\xa9]", 1, -EINVAL, "several bytes" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(error_done) struct error err = ERROR_INIT;
		size_t offset = SIZE_MAX;

		assert_int_equal(regex_check(rows[i].pattern, &offset, &err), rows[i].code);
		if (offset != rows[i].offset || !strstr(error_text(&err), rows[i].sentence))
			fail_msg("\"%s\": %zu: %s", rows[i].pattern, offset, error_text(&err));
	}
}

/* What is small to write and endless to try. */
static void bombs_are_refused_or_harmless(void **state)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	_cleanup_(freep) char *text = malloc(20001);
	char deep[200];
	size_t offset = 0;

	assert_int_equal(regex_check("((a{200}){200}){200}", &offset, &err), -E2BIG);
	assert_int_equal(regex_check("((((){255}){255}){255}){255}", NULL, NULL), -E2BIG);
	memset(deep, '(', 100);
	memset(deep + 100, ')', 99);
	deep[199] = '\0';
	assert_int_equal(regex_check(deep, &offset, NULL), -E2BIG);
	assert_int_equal(offset, REGEX_NESTING);
	assert_non_null(text);
	memset(text, 'a', 20000);
	text[20000] = '\0';
	assert_false(match("^(a+)+$b", text));
	assert_false(match("^(a|a|aa)*b$", text));
	assert_true(match("^(a|a|aa)*$", text));
	assert_false(match("(a?){100}(a){100}b", text));
}

static void literals_are_found(void **state)
{
	static const struct {
		const char *pattern, *literal;
	} rows[] = {
		{ "abc", "abc" },
		{ "^ab.cde$", "cde" },
		{ "a|b", "" },
		{ "x(abc)+y", "abc" },
		{ "x(abc)*yz", "yz" },
		{ "(ab)(cd)", "abcd" },
		{ "[a-z]+foo\\.so", "foo.so" },
		{ "a{3}", "a" },
		{ ".*", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(regex_freep) struct regex *regex = NULL;

		assert_int_equal(regex_new(rows[i].pattern, &regex, NULL, NULL), 0);
		assert_true(slice_eq(regex_literal(regex), slice_of(rows[i].literal)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches),
		cmocka_unit_test(bytes_are_bytes),
		cmocka_unit_test(mistakes_have_a_place),
		cmocka_unit_test(bombs_are_refused_or_harmless),
		cmocka_unit_test(literals_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
