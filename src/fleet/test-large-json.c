// SPDX-License-Identifier: MIT
/* What is read is what jansson reads, whatever was lifted out. */
#include "fleet/large-json.h"

#include "util/text.h"

#include "test/unit.h"

static void same(const char *text)
{
	json_t *wanted = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	for (size_t least = 1; least < 12; least++) {
		json_t *got = large_json_load(text, strlen(text), least);

		assert_int_equal(got == NULL, wanted == NULL);
		assert_true(!wanted || json_equal(got, wanted));
		json_decref(got);
	}
	json_decref(wanted);
}

static void test_the_same(void **state)
{
	static const char *const texts[] = {
		"{\"kvs\":[{\"key\":\"YWJjZGVmZ2g=\",\"value\":\"YWJjZGVmZ2hpamtsbW5v\"},"
		"{\"value\":\"QUJDREVGR0hJSktMTU5P\",\"lease\":\"12345678901\"}]}",
		"{\"a\\\"bcdefghijklmnop\":\"abcdefghijklm\\\"nop\",\"x\":\"\\\\\"}",
		"{\"abcdefghijklmnop\":{\"abcdefghijklmnop\":[\"abcdefghijklmnop\"]}}",
		"[\"abcdefghijklmnop\",\"abcdefghijklmnop\",\"abcdefghijklmno p\",\"\"]",
		"[\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
		"abcdefgh\",\"\\u00e9abcdefghijkl\"]",
		"[\"abcdefghijklmnop\"",
		"[\"abcdefghijklmnop",
		"[\"abcdefghijklmnop\\",
		"[abcdefghijklmnop]",
		"{\"abcdefghijklmnop\":1,\"abcdefghijklmnop\":2}",
		"[\"\xff\xff\xff\xff\xff\xff\xff\xff\"]",
		"",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		same(texts[i]);
}

static void test_a_mark_that_was_sent(void **state)
{
	static const char text[] =
		"[\"abcdefghijklmnop\",\"\\u00010\",\"\\u00017\",\"\\u0001\",\"\\u00010x\"]";
	json_t *got = large_json_load(text, strlen(text), 8);

	assert_int_equal(json_array_size(got), 5);
	assert_string_equal(json_string_value(json_array_get(got, 1)), "abcdefghijklmnop");
	assert_string_equal(json_string_value(json_array_get(got, 2)), "\001"
								       "7");
	assert_string_equal(json_string_value(json_array_get(got, 3)), "\001");
	assert_string_equal(json_string_value(json_array_get(got, 4)), "\001"
								       "0x");
	json_decref(got);
}

static void test_many(void **state)
{
	_cleanup_(text_done) struct text text = { 0 };
	json_t *got;

	text_add(&text, "[\"\"");
	for (unsigned i = 0; i < 300; i++)
		text_addf(&text, ",\"abcdefgh%u\"", i);
	text_add(&text, "]");
	got = large_json_load(text.data, text.size, 8);
	for (size_t i = 0; i < 300; i++) {
		char wanted[32];

		snprintf(wanted, sizeof(wanted), "abcdefgh%zu", i);
		assert_string_equal(json_string_value(json_array_get(got, i + 1)), wanted);
	}
	json_decref(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same),
		cmocka_unit_test(test_a_mark_that_was_sent),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
