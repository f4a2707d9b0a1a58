// SPDX-License-Identifier: MIT
#include "util/fields.h"

#include "test/unit.h"

/* Of each letter a value that tells it; two are not known. */
static struct slice value(char letter, void *userdata)
{
	static char buffer[8];

	(*(unsigned *)userdata)++;
	if (letter == 'c' || letter == 's')
		return (struct slice){ NULL, 0 };
	if (letter == 'f')
		return slice_of("/a b/%p\n\xff");
	snprintf(buffer, sizeof(buffer), "<%c>", letter);
	return slice_of(buffer);
}

static const struct {
	const char *template, *wanted;
	unsigned asked;
} good[] = {
	{ "", "", 0 },
	{ "plain $HOME `x` \\", "plain $HOME `x` \\", 0 },
	{ "%p", "<p>", 1 },
	{ "--pid=%p/%P.", "--pid=<p>/<P>.", 2 },
	{ "%%", "%", 0 },
	{ "%%p %%%p", "%p %<p>", 1 },
	{ "100%%", "100%", 0 },
	{ "[%c%s]", "[]", 2 },
	/* A value is not looked into again. */
	{ "%f|%f", "/a b/%p\n\xff|/a b/%p\n\xff", 2 },
};

static void test_expand(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		_cleanup_(text_done) struct text text = { 0 };
		unsigned asked = 0;
		char buffer[64];

		assert_int_equal(fields_check(good[i].template, NULL, NULL), 0);
		text_add(&text, "=");
		assert_int_equal(fields_expand(good[i].template, value, &asked, &text), 0);
		assert_string_equal(text.data + 1, good[i].wanted);
		assert_int_equal(asked, good[i].asked);
		assert_int_equal(fields_expand_into(good[i].template, value, &asked, buffer,
						    sizeof(buffer)),
				 strlen(good[i].wanted));
		assert_string_equal(buffer, good[i].wanted);
		assert_int_equal(fields_use(good[i].template, 0), good[i].asked > 0);
	}
}

static void test_every_letter(void **state)
{
	for (const struct field *field = field_table; field->letter; field++) {
		const char template[] = { '%', field->letter, '\0' };

		assert_true(strlen(field->meaning) > 0);
		assert_int_equal(fields_check(template, NULL, NULL), 0);
		assert_true(fields_use(template, field->letter));
		assert_false(fields_use(template, field->letter == 'p' ? 'P' : 'p'));
		for (const struct field *other = field_table; other != field; other++)
			assert_int_not_equal(other->letter, field->letter);
	}
}

static const struct {
	const char *template, *letters, *message;
} bad[] = {
	{ "%", NULL, "a single % at the end" },
	{ "%p %", NULL, "a single % at the end" },
	{ "%q", NULL, "\"%q\" is no field" },
	{ "% p", NULL, "\"% \" is no field" },
	{ "%%%\xc3\xbc", NULL, "\"%\xc3\xbc\" is no field" },
	{ "%\xff", NULL, "\"%\\xff\" is no field" },
	{ "%\x1b", NULL, "\"%\\x1b\" is no field" },
	{ "%u/%p", "unc", "the field %p cannot stand here" },
};

static void test_refused(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_(text_done) struct text text = { 0 };
		_cleanup_(error_done) struct error err = ERROR_INIT;
		unsigned asked = 0;
		char buffer[64];

		assert_int_equal(fields_check(bad[i].template, bad[i].letters, &err), -EINVAL);
		if (!strstr(error_text(&err), bad[i].message))
			fail_msg("%s: %s", bad[i].template, error_text(&err));
		if (bad[i].letters)
			continue;
		text_add(&text, "was there");
		assert_int_equal(fields_expand(bad[i].template, value, &asked, &text), -EINVAL);
		assert_string_equal(text.data, "was there");
		assert_int_equal(fields_expand_into(bad[i].template, value, &asked, buffer,
						    sizeof(buffer)),
				 -EINVAL);
	}
}

static void test_a_buffer_that_is_too_small(void **state)
{
	unsigned asked = 0;
	char buffer[8];

	assert_int_equal(fields_expand_into("%p1234", value, &asked, buffer, 8), 7);
	assert_int_equal(fields_expand_into("%p1234", value, &asked, buffer, 7), -ENOBUFS);
	assert_int_equal(fields_expand_into("", value, &asked, buffer, 0), -ENOBUFS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expand),
		cmocka_unit_test(test_every_letter),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_a_buffer_that_is_too_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
