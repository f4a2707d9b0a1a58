// SPDX-License-Identifier: MIT
#include "config/limits-json.h"

#include "test/unit.h"

/* What is written must read back as the same limits: the command line depends on it. */
static void test_round_trip(void **state)
{
	static const char *const texts[] = {
		"{\"cpu\":\"50%\"}",
		"{\"cpu\":\"1.5 cores\",\"cpu_period\":\"50000us\"}",
		"{\"cpu_weight\":200,\"pids\":10,\"cpus\":\"0\"}",
		"{\"ram\":\"100M\",\"swap\":\"0B\"}",
		"{\"ram\":\"1048577B\"}",
		"{\"ram_high\":\"max\",\"oom\":\"group\",\"freeze\":true}",
		"{\"io\":{\"8:0\":{\"rbps\":\"1M\",\"wiops\":100}}}",
		"{\"hugetlb\":{\"2MB\":\"4M\"},\"raw\":{\"memory.swappiness\":\"10\"}}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_(limits_done) struct limits first = { 0 }, second = { 0 };
		_cleanup_(error_done) struct error err = ERROR_INIT;
		json_t *object = json_loads(texts[i], 0, NULL), *shown;

		assert_non_null(object);
		if (limits_from_json(object, &first, &err) < 0)
			fail_msg("%s: %s", texts[i], error_text(&err));
		shown = limits_to_json(&first);
		assert_non_null(shown);
		if (limits_from_json(shown, &second, &err) < 0)
			fail_msg("%s: %s", texts[i], error_text(&err));
		assert_true(limits_equal(&first, &second));
		json_decref(object);
		json_decref(shown);
	}
}

static void test_mistakes(void **state)
{
	static const char *const texts[] = {
		"{\"rma\":\"100M\"}", "{\"ram\":-1}", "{\"cpu\":0}",
		"{\"pids\":1e99}",    "{\"ram\":[]}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_(limits_done) struct limits limits = { 0 };
		_cleanup_(error_done) struct error err = ERROR_INIT;
		json_t *object = json_loads(texts[i], 0, NULL);

		assert_int_equal(limits_from_json(object, &limits, &err), -EINVAL);
		assert_true(strlen(error_text(&err)) > 10);
		json_decref(object);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
