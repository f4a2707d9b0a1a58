// SPDX-License-Identifier: MIT
#include "config/service-text.h"

#include "test/unit.h"

static json_t *object(const char *text)
{
	json_t *value = json_loads(text, 0, NULL);

	assert_non_null(value);
	return value;
}

static void test_new(void **state)
{
	json_t *manifest = object("{\"run\":[\"/bin/a\",\"x y\"],\"cpu\":\"5%\",\"restart\":\"no\","
				  "\"description\":\"yes\",\"env\":{\"A\":\"b\"},\"swap\":0,"
				  "\"cwd\":\"/tmp\"}");
	_cleanup_(freep) char *text = service_text_new(manifest);

	assert_string_equal(text,
			    "run: [\"/bin/a\", \"x y\"]\ncpu: \"5%\"\nrestart: no\n"
			    "description: \"yes\"\nenv: {\"A\": \"b\"}\nswap: 0\ncwd: /tmp\n");
	json_decref(manifest);
}

static void test_set(void **state)
{
	static const char *const cases[][3] = {
		{ "run: /a\nram: 50M\n", "{\"ram\":\"80M\"}", "run: /a\nram: \"80M\"\n" },
		{ "# one\nrun: /a # two\n# three\nram: 5\n", "{\"run\":\"/b\"}",
		  "# one\nrun: /b\n# three\nram: 5\n" },
		{ "run:\n- /a\n- b\nram: 5", "{\"run\":\"/b\",\"ram\":null}", "run: /b\n" },
		{ "run: [/a,\n  b\n]\nenv:\n  ram: x\n", "{\"ram\":1}",
		  "run: [/a,\n  b\n]\nenv:\n  ram: x\nram: 1\n" },
		{ "ram_high: 1\n'ram' : 5\n", "{\"ram\":6}", "ram_high: 1\nram: 6\n" },
		{ "run: /a", "{\"cpu\":1}", "run: /a\ncpu: 1\n" },
		{ "run: /a\n", "{\"cpu\":null}", "run: /a\n" },
		{ "", "{\"cpu\":1}", "cpu: 1\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *changes = object(cases[i][1]);
		_cleanup_(freep) char *text = service_text_set(cases[i][0], changes);

		assert_string_equal(text, cases[i][2]);
		json_decref(changes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new),
		cmocka_unit_test(test_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
