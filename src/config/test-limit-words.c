// SPDX-License-Identifier: MIT
/* Words of options and profiles; what each becomes is in cli/test-limit-options.c, too. */
#include "config/limit-words.h"
#include "model/limit-form.h"

#include "test/unit.h"

static void test_names(void **state)
{
	for (enum limit i = 0; i < LIMIT_COUNT; i++) {
		const char *word = limit_word_name(i), *key = limit_name(i);

		assert_int_equal(strlen(word), strlen(key));
		for (size_t at = 0; word[at]; at++)
			assert_int_equal(word[at], key[at] == '_' ? '-' : key[at]);
	}
}

static void test_words(void **state)
{
	_cleanup_(freep) char *text = NULL;
	json_t *object = json_object();

	assert_int_equal(limit_word_add(object, LIMIT_RAM, "50M", NULL), 0);
	assert_int_equal(limit_word_add(object, LIMIT_HUGETLB, "2MB=4M", NULL), 0);
	assert_int_equal(limit_word_add(object, LIMIT_HUGETLB, "1GB=1G", NULL), 0);
	assert_int_equal(limit_word_add(object, LIMIT_HUGETLB, "1GB", NULL), -EINVAL);
	/* Of one device, one after the other. */
	assert_int_equal(limit_word_add(object, LIMIT_IO, "8:0,rbps=1M", NULL), 0);
	assert_int_equal(limit_word_add(object, LIMIT_IO, "8:0,wiops=5", NULL), 0);
	text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(text,
			    "{\"hugetlb\":{\"1GB\":\"1G\",\"2MB\":\"4M\"},"
			    "\"io\":{\"8:0\":{\"rbps\":\"1M\",\"wiops\":5}},\"ram\":\"50M\"}");
	json_decref(object);
}

static void test_check(void **state)
{
	static const struct {
		enum limit limit;
		const char *word, *sentence;
	} bad[] = {
		{ LIMIT_RAM, "50X", "ram" },
		{ LIMIT_CPU, "0", "cpu" },
		{ LIMIT_FREEZE, "maybe", "yes or no" },
		{ LIMIT_IO, "8:0", "DEVICE" },
		{ LIMIT_IO, "8:0,rbps=fast", "rbps" },
		{ LIMIT_RAW, "../x=1", "no file" },
	};

	assert_int_equal(limit_word_check(LIMIT_RAM, "50M", NULL), 0);
	assert_int_equal(limit_word_check(LIMIT_IO, "8:0,rbps=1M", NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_(error_done) struct error err = ERROR_INIT;

		assert_int_equal(limit_word_check(bad[i].limit, bad[i].word, &err), -EINVAL);
		if (!strstr(error_text(&err), bad[i].sentence))
			fail_msg("%s: %s", bad[i].word, error_text(&err));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
