// SPDX-License-Identifier: MIT
#include "util/suggest.h"

#include "test/unit.h"

static const char *const words[] = { "cpu", "cpu_weight", "cpus", "io", "pids", "ram", "ram_high" };

struct sample {
	const char *word, *nearest;
};

static const struct sample samples[] = {
	{ "cpu_wieght", "cpu_weight" }, /* two letters swapped */
	{ "cpu_weigt", "cpu_weight" },	/* one missing */
	{ "CPU_WEIGHT", "cpu_weight" }, /* only the case differs */
	{ "pid", "pids" },
	{ "pidz", "pids" },
	{ "rma", "ram" },
	{ "oi", "io" },
	{ "ram_hihg", "ram_high" },
	{ "ramhigh", "ram_high" },
	{ "cpu", "cpu" }, /* itself, before its longer neighbour */
	{ "x", NULL },	  /* one letter says nothing */
	{ "", NULL },
	{ "memory", NULL },
	{ "zzz", NULL },
	{ "abc_weight_def", NULL },
};

static void test_samples(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		const char *found = suggest(samples[i].word, words, ARRAY_SIZE(words));

		if (!samples[i].nearest && found)
			fail_msg("\"%s\": suggested \"%s\"", samples[i].word, found);
		if (samples[i].nearest && (!found || !streq(found, samples[i].nearest)))
			fail_msg("\"%s\": suggested \"%s\", not \"%s\"", samples[i].word,
				 found ? found : "nothing", samples[i].nearest);
	}
}

static void test_the_first_of_equals_wins(void **state)
{
	static const char *const equals[] = { "cat", "bat", "rat" };

	assert_string_equal(suggest("aat", equals, 3), "cat");
}

static void test_no_candidates(void **state)
{
	assert_null(suggest("cpu", NULL, 0));
}

static void test_long_words(void **state)
{
	char word[66], candidate[66];
	const char *const one[] = { candidate };

	memset(word, 'a', sizeof(word));
	memset(candidate, 'a', sizeof(candidate));
	word[64] = candidate[64] = '\0';
	assert_ptr_equal(suggest(word, one, 1), candidate);
	word[64] = 'a';
	word[65] = '\0';
	assert_null(suggest(word, one, 1));
	candidate[64] = 'a';
	candidate[65] = '\0';
	word[64] = '\0';
	assert_null(suggest(word, one, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_the_first_of_equals_wins),
		cmocka_unit_test(test_no_candidates),
		cmocka_unit_test(test_long_words),
	};

	return cmocka_run_group_tests_name("suggest", tests, NULL, NULL);
}
