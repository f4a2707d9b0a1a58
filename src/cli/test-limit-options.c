// SPDX-License-Identifier: MIT
#include "cli/limit-options.h"

#include "test/unit.h"

/* One option with its value, in JSON; or the sentence that refuses it. */
static char *convert(enum limit limit, const char *value)
{
	const char *values[] = { value };
	struct cli cli = { 0 };
	struct error err = ERROR_INIT;
	json_t *limits;
	char *text;

	if (limit < LIMIT_COUNT)
		cli.limits[limit] = (struct option_list){ values, 1 };
	else
		cli.limit_words = (struct option_list){ values, 1 };
	assert_true(limit_options_given(&cli));
	if (limit_options_to_json(&cli, &limits, &err) < 0) {
		assert_int_equal(err.code, -EINVAL);
		return err.message;
	}
	text = json_dumps(limits, JSON_COMPACT);
	json_decref(limits);
	return text;
}

static void test_values(void **state)
{
	static const struct {
		enum limit limit;
		const char *value, *json;
	} cases[] = {
		{ LIMIT_CPU, "50%", "{\"cpu\":\"50%\"}" },
		{ LIMIT_CPU, "90", "{\"cpu\":90}" },
		{ LIMIT_CPU, "1.5 cores", "{\"cpu\":\"1.5 cores\"}" },
		{ LIMIT_RAM, "4500", "{\"ram\":4500}" },
		{ LIMIT_RAM, "4.5G", "{\"ram\":\"4.5G\"}" },
		{ LIMIT_RAM, "-1", "{\"ram\":\"-1\"}" },
		{ LIMIT_PIDS, "18446744073709551616", "{\"pids\":\"18446744073709551616\"}" },
		{ LIMIT_CPUS, "0", "{\"cpus\":\"0\"}" },
		{ LIMIT_CPU_IDLE, "yes", "{\"cpu_idle\":true}" },
		{ LIMIT_FREEZE, "off", "{\"freeze\":false}" },
		{ LIMIT_OOM, "group", "{\"oom\":\"group\"}" },
		{ LIMIT_IO, "8:0,rbps=10M,wiops=100",
		  "{\"io\":{\"8:0\":{\"rbps\":\"10M\",\"wiops\":100}}}" },
		{ LIMIT_HUGETLB, "2MB=64M", "{\"hugetlb\":{\"2MB\":\"64M\"}}" },
		{ LIMIT_RAW, "cpu.uclamp.min=a=b", "{\"raw\":{\"cpu.uclamp.min\":\"a=b\"}}" },
		{ LIMIT_COUNT, "ram=2G", "{\"ram\":\"2G\"}" },
		{ LIMIT_COUNT, "io=/srv,rbps=1", "{\"io\":{\"/srv\":{\"rbps\":1}}}" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(freep) char *text = convert(cases[i].limit, cases[i].value);

		assert_string_equal(text, cases[i].json);
	}
}

static void test_refused(void **state)
{
	static const struct {
		enum limit limit;
		const char *value, *sentence;
	} cases[] = {
		{ LIMIT_FREEZE, "2", "freeze is \"2\"; it can be yes or no" },
		{ LIMIT_RAW, "cpu.idle", "raw is \"cpu.idle\"; it is written NAME=VALUE" },
		{ LIMIT_RAW, "=1", "raw is \"=1\"; it is written NAME=VALUE" },
		{ LIMIT_IO, "rbps=1", "io is \"rbps=1\"; it is written DEVICE,rbps=10M,wbps=10M" },
		{ LIMIT_IO, "/srv,rbps", "io is \"rbps\"; it is written NAME=VALUE" },
		{ LIMIT_COUNT, "ram", "--limit ram: it is written KEY=VALUE" },
		{ LIMIT_COUNT, "rma=1", "unknown limit \"rma\" (did you mean \"ram\"?)" },
		{ LIMIT_RAM, "\xff", "the value of \"ram\" is not UTF-8 text" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(freep) char *text = convert(cases[i].limit, cases[i].value);

		assert_string_equal(text, cases[i].sentence);
	}
}

static void test_many(void **state)
{
	const char *rams[] = { "1G", "2G" }, *raws[] = { "a.b=1", "c.d=x" };
	struct cli cli = { 0 };
	struct error err = ERROR_INIT;
	_cleanup_(freep) char *text = NULL;
	json_t *limits;

	assert_false(limit_options_given(&cli));
	cli.limits[LIMIT_RAM] = (struct option_list){ rams, 2 };
	cli.limits[LIMIT_RAW] = (struct option_list){ raws, 2 };
	assert_int_equal(limit_options_to_json(&cli, &limits, &err), 0);
	text = json_dumps(limits, JSON_COMPACT);
	json_decref(limits);
	assert_string_equal(text, "{\"ram\":\"2G\",\"raw\":{\"a.b\":1,\"c.d\":\"x\"}}");
}

/* The options are the policy's keys with '-' for '_'. */
static void test_names(void **state)
{
	for (enum limit i = 0; i < LIMIT_COUNT; i++) {
		const char *option = limit_option_at(i)->name, *key = limit_name(i);

		assert_int_equal(strlen(option), strlen(key));
		for (size_t j = 0; key[j]; j++)
			assert_int_equal(option[j], key[j] == '_' ? '-' : key[j]);
		assert_int_equal(limit_option_at(i)->limit, i);
		assert_non_null(limit_option_at(i)->help);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
