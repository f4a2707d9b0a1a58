// SPDX-License-Identifier: MIT
#include "util/text.h"

#include "test/unit.h"

static void test_an_empty_text(void **state)
{
	_cleanup_(freep) char *string = NULL;
	struct text text;

	text_init(&text);
	string = text_take(&text);
	assert_string_equal(string, "");
	text_done(&text);
}

static void test_adding(void **state)
{
	_cleanup_(freep) char *string = NULL;
	struct text text = { 0 };

	text_add(&text, "a");
	text_add(&text, "");
	text_add_bytes(&text, NULL, 0);
	text_add_bytes(&text, "bcd", 2);
	text_addf(&text, "%d%s%%", 42, "x");
	assert_int_equal(text.size, 7);
	string = text_take(&text);
	assert_string_equal(string, "abc42x%");
	/* It is empty again and can be used. */
	assert_null(text.data);
	text_add(&text, "again");
	assert_string_equal(text.data, "again");
	text_done(&text);
}

/* Each size around the doublings of the room. */
static void test_growing(void **state)
{
	for (size_t size = 1; size < 1100; size++) {
		_cleanup_(text_done) struct text text = { 0 };

		for (size_t i = 0; i < size; i++)
			text_add_bytes(&text, "x", 1);
		if (text.size != size || strlen(text.data) != size || text.room <= size)
			fail_msg("size %zu: %zu of %zu", size, text.size, text.room);
	}
}

static void test_one_large_piece(void **state)
{
	_cleanup_(text_done) struct text text = { 0 };
	_cleanup_(freep) char *piece = calloc(1, 1 << 20);

	memset(piece, 'y', (1 << 20) - 1);
	text_add(&text, "x");
	text_add(&text, piece);
	assert_int_equal(text.size, 1 << 20);
	assert_int_equal(strlen(text.data), 1 << 20);
}

static void test_a_failed_allocation_is_remembered(void **state)
{
	struct text text = { 0 };

	text_add(&text, "kept");
	text_add_bytes(&text, "x", SIZE_MAX / 2);
	assert_true(text.failed);
	assert_string_equal(text.data, "kept");
	text_add(&text, "not added");
	assert_string_equal(text.data, "kept");
	assert_null(text_take(&text));
	assert_false(text.failed);
	assert_null(text.data);
}

static void test_utf8(void **state)
{
	static const struct {
		const char *bytes;
		size_t size, length;
	} samples[] = {
		{ "", 0, 0 },
		{ "", 1, 1 }, /* NUL is a character */
		{ "a", 1, 1 },
		{ "\x7f", 1, 1 },
		{ "\x80", 1, 0 },
		{ "\xc1\x81", 2, 0 }, /* over-long */
		{ "\xc2\x80", 2, 2 },
		{ "\xc3\xa9", 1, 0 }, /* cut off */
		{ "\xc3(", 2, 0 },
		{ "\xdf\xbf", 2, 2 },
		{ "\xe0\x9f\xbf", 3, 0 }, /* over-long */
		{ "\xe0\xa0\x80", 3, 3 },
		{ "\xe2\x82\xac", 3, 3 },
		{ "\xed\x9f\xbf", 3, 3 },
		{ "\xed\xa0\x80", 3, 0 }, /* surrogates */
		{ "\xed\xbf\xbf", 3, 0 },
		{ "\xee\x80\x80", 3, 3 },
		{ "\xf0\x8f\xbf\xbf", 4, 0 }, /* over-long */
		{ "\xf0\x90\x80\x80", 4, 4 },
		{ "\xf4\x8f\xbf\xbf", 4, 4 },
		{ "\xf4\x90\x80\x80", 4, 0 }, /* past U+10FFFF */
		{ "\xf5\x80\x80\x80", 4, 0 },
		{ "\xff", 1, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		if (utf8_sequence(samples[i].bytes, samples[i].size) != samples[i].length)
			fail_msg("sample %zu: %zu", i,
				 utf8_sequence(samples[i].bytes, samples[i].size));
}

static void assert_escaped(const char *bytes, size_t size, const char *wanted)
{
	_cleanup_(text_done) struct text text = { 0 };

	text_add_escaped(&text, bytes, size);
	assert_string_equal(text.data ? text.data : "", wanted);
}

static void test_escaping(void **state)
{
	assert_escaped("", 0, "");
	assert_escaped("plain ~!", 8, "plain ~!");
	assert_escaped("a\\b", 3, "a\\\\b");
	assert_escaped("\033[0m\n\t\r", 7, "\\x1b[0m\\x0a\\x09\\x0d");
	assert_escaped("a\0b", 3, "a\\x00b");
	assert_escaped("\x7f", 1, "\\x7f");
	assert_escaped("\xc3\xa9\xe2\x82\xac", 5, "\xc3\xa9\xe2\x82\xac");
	assert_escaped("\xc2\x9b", 2, "\\xc2\\x9b");
	assert_escaped("\xc2\xa0", 2, "\xc2\xa0");
	assert_escaped("\xff\xc3", 2, "\\xff\\xc3");
}

static void test_escaping_can_be_undone(void **state)
{
	static const char *const bad[] = { "\\",    "a\\", "\\x",    "\\x1",
					   "\\xg0", "\\n", "\\x1\\", "\\X00" };
	_cleanup_(text_done) struct text text = { 0 }, back = { 0 };
	char bytes[256 * 2];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i < 256 ? i : i * 7);
	text_add_escaped(&text, bytes, sizeof(bytes));
	text_add(&back, "+");
	assert_int_equal(text_add_unescaped(&back, text.data, text.size), 0);
	assert_int_equal(back.size, 1 + sizeof(bytes));
	assert_memory_equal(back.data + 1, bytes, sizeof(bytes));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(text_add_unescaped(&back, bad[i], strlen(bad[i])), -EINVAL);
		assert_int_equal(back.size, 1 + sizeof(bytes));
		assert_int_equal(back.data[back.size], 0);
	}
}

static void test_columns(void **state)
{
	assert_int_equal(text_columns(""), 0);
	assert_int_equal(text_columns("abc"), 3);
	assert_int_equal(text_columns("\xc3\xa9\xe2\x82\xac!"), 3);
	assert_int_equal(slice_columns((struct slice){ NULL, 0 }), 0);
	assert_int_equal(slice_columns(slice_of("\xc3\xa9\xe2\x82\xac!")), 3);
	assert_int_equal(slice_columns(slice_of("a text of 28 bytes, \xc3\xa9\xff and")), 26);
	assert_int_equal(slice_columns(slice_of("12345678")), 8);
	assert_int_equal(slice_columns((struct slice){ "\xc3\xa9", 1 }), 1);
}

static void last_part_is(const char *path, const char *part)
{
	assert_true(slice_eq(slice_last_part(slice_of(path)), slice_of(part)));
}

static void test_the_last_part_of_a_path(void **state)
{
	last_part_is("/usr/bin/env", "env");
	last_part_is("env", "env");
	last_part_is("/usr/bin/", "");
	last_part_is("/", "");
	last_part_is("", "");
	assert_int_equal(slice_last_part((struct slice){ NULL, 0 }).size, 0);
	assert_int_equal(slice_last_part((struct slice){ "/usr/bin", 5 }).size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_empty_text),
		cmocka_unit_test(test_adding),
		cmocka_unit_test(test_growing),
		cmocka_unit_test(test_one_large_piece),
		cmocka_unit_test(test_a_failed_allocation_is_remembered),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_escaping),
		cmocka_unit_test(test_escaping_can_be_undone),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_the_last_part_of_a_path),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
