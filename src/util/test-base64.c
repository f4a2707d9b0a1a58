// SPDX-License-Identifier: MIT
#include "util/base64.h"

#include "test/unit.h"

static void test_known(void **state)
{
	static const char *const pairs[][2] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		struct text there, back;

		text_init(&there);
		text_init(&back);
		text_add(&there, "");
		text_add_base64(&there, pairs[i][0], strlen(pairs[i][0]));
		assert_string_equal(there.data, pairs[i][1]);
		text_add(&back, "");
		assert_int_equal(text_add_unbase64(&back, pairs[i][1], strlen(pairs[i][1])), 0);
		assert_string_equal(back.data, pairs[i][0]);
		text_done(&there);
		text_done(&back);
	}
}

static void test_there_and_back(void **state)
{
	unsigned char bytes[4000];
	struct text there, back;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 131 + i / 7);
	for (size_t size = 0; size < sizeof(bytes); size += size < 1600 ? 1 : 97) {
		text_init(&there);
		text_init(&back);
		text_add_base64(&there, bytes, size);
		assert_int_equal(there.size, (size + 2) / 3 * 4);
		assert_int_equal(text_add_unbase64(&back, there.data, there.size), 0);
		assert_int_equal(back.size, size);
		if (size > 0)
			assert_memory_equal(back.data, bytes, size);
		text_done(&there);
		text_done(&back);
	}
}

static void test_bad(void **state)
{
	static const char *const bad[] = {
		"Z",	"Zg=",	 "Zg",	 "Zg==Zg==", "====", "Z===",
		"Zg-=", "Z\ng=", "=Zm9", "Zh==",     "Zm9=",
	};
	struct text back;

	text_init(&back);
	text_add(&back, "kept");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(text_add_unbase64(&back, bad[i], strlen(bad[i])), -EINVAL);
	assert_int_equal(back.size, 4);
	text_done(&back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
