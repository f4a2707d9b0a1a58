// SPDX-License-Identifier: MIT
#include "front/given-limits.h"

#include "test/unit.h"

static int write_words(char **words, int count, char *to, size_t room)
{
	struct limits_given given = { .words = { { 0 } } };
	struct option options[LIMIT_COUNT];
	struct command_line line = { .options = options };
	struct error err = ERROR_INIT;
	bool help = false;
	int r;

	line.option_count = limits_rows(&given, options);
	assert_false(limits_are_given(&given));
	r = options_parse(&line, count, words, &help, &err);
	error_done(&err);
	if (r >= 0) {
		assert_int_equal(limits_are_given(&given), count > 1);
		r = limits_write(&given, to, room);
	}
	limits_given_done(&given);
	return r;
}

static void test_values(void **state)
{
	char run[] = "run", pids[] = "--pids=50", ram[] = "--ram=2G", idle[] = "--cpu-idle=yes";
	char cpus[] = "--cpus=0", cpu[] = "--cpu=1.5 cores", text[256];

	assert_int_equal(write_words((char *[]){ run }, 1, text, sizeof(text)), 0);
	assert_string_equal(text, "{}");
	assert_int_equal(write_words((char *[]){ run, pids, ram, idle, cpus, cpu }, 6, text,
				     sizeof(text)),
			 0);
	assert_string_equal(text, "{\"cpu\":\"1.5 cores\",\"cpu_idle\":true,\"cpus\":\"0\","
				  "\"ram\":\"2G\",\"pids\":50}");
	for (size_t room = 3; room < strlen(text); room++) {
		char *shorter = malloc(room);

		assert_int_equal(write_words((char *[]){ run, pids, ram, idle, cpus, cpu }, 6,
					     shorter, room),
				 -E2BIG);
		free(shorter);
	}
}

static void left(const char *word)
{
	char run[] = "run", *words[] = { run, strdup(word) }, text[256];

	if (write_words(words, 2, text, sizeof(text)) != -EINVAL)
		fail_msg("it was taken: %s", word);
	free(words[1]);
}

static void test_left(void **state)
{
	char run[] = "run", one[] = "--pids=1", two[] = "--pids=2", text[256];

	left("--ram=\"");
	left("--ram=2\\");
	left("--cpu-idle=maybe");
	left("--freeze=yes");
	left("--io=8:0,rbps=1");
	left("--raw=a=b");
	assert_int_equal(write_words((char *[]){ run, one, two }, 3, text, sizeof(text)), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_left),
	};

	return cmocka_run_group_tests_name("front/given-limits", tests, NULL, NULL);
}
