// SPDX-License-Identifier: MIT
#include "util/options.h"

#include "test/unit.h"

static struct {
	bool verbose, all;
	const char *config;
	struct option_list set;
} arg;

static const struct option table[] = {
	{ "all", 'a', OPTION_FLAG, NULL, "show all", &arg.all },
	{ "config", 'c', OPTION_STRING, "PATH", "read PATH", &arg.config },
	{ "set", 's', OPTION_LIST, "KEY=VALUE", "change one thing", &arg.set },
	{ "verbose", 'v', OPTION_FLAG, NULL, "say more", &arg.verbose },
	{ "a-very-long-option-name", 0, OPTION_STRING, "VALUE", "does not fit", &arg.config },
};

static const struct command_line line = {
	.usage = "[OPTIONS] [FILE...]",
	.summary = "Does a thing.",
	.options = table,
	.option_count = ARRAY_SIZE(table),
};

static const struct command_line runner = {
	.usage = "[OPTIONS] -- PROGRAM",
	.summary = "Runs a program.",
	.options = table,
	.option_count = ARRAY_SIZE(table),
	.stop_at_operand = true,
};

static int tear_down(void **state)
{
	option_list_done(&arg.set);
	memset(&arg, 0, sizeof(arg));
	return 0;
}

enum { WORDS_MAX = 16 };

/* An argv of our own: parsing moves its pointers about. */
struct command {
	int argc;
	char *argv[WORDS_MAX];
};

static struct command make_command(const char *const *words)
{
	struct command command = { 0 };

	for (; words[command.argc]; command.argc++)
		command.argv[command.argc] = (char *)(uintptr_t)words[command.argc];
	return command;
}

/* The program's name, the words given (each with a comma behind it), and the end. */
#define WORDS(...)                          \
	(const char *const[])               \
	{                                   \
		"program", __VA_ARGS__ NULL \
	}

static struct command parsed;

/* Parses words; returns how many operands there are, the first at *ret_operands. */
static int parse(const struct command_line *how, const char *const *words, char ***ret_operands)
{
	bool help;
	int r;

	parsed = make_command(words);
	r = options_parse(how, parsed.argc, parsed.argv, &help, NULL);
	assert_true(r >= 0);
	assert_false(help);
	*ret_operands = parsed.argv + r;
	return parsed.argc - r;
}

/* The sentence with which words are refused. */
static void assert_refused(const char *const *words, const char *sentence)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct command command = make_command(words);
	bool help = false;

	assert_int_equal(options_parse(&line, command.argc, command.argv, &help, &err), -EINVAL);
	assert_string_equal(error_text(&err), sentence);
	assert_int_equal(options_parse(&line, command.argc, command.argv, &help, NULL), -EINVAL);
}

static void assert_help(const char *const *words)
{
	struct command command = make_command(words);
	bool help = false;

	assert_true(options_parse(&line, command.argc, command.argv, &help, NULL) >= 0);
	assert_true(help);
}

static void test_no_words(void **state)
{
	char **operands;

	assert_int_equal(parse(&line, WORDS(), &operands), 0);
	assert_false(arg.all);
	assert_null(arg.config);
}

static void test_all_forms(void **state)
{
	char **operands;

	assert_int_equal(parse(&line, WORDS("--all", "--config", "x", "-v", ), &operands), 0);
	assert_true(arg.all && arg.verbose);
	assert_string_equal(arg.config, "x");
	parse(&line, WORDS("--config=a=b", ), &operands);
	assert_string_equal(arg.config, "a=b");
	parse(&line, WORDS("--config=", ), &operands);
	assert_string_equal(arg.config, "");
	parse(&line, WORDS("-c", "y", ), &operands);
	assert_string_equal(arg.config, "y");
	parse(&line, WORDS("-cz", ), &operands);
	assert_string_equal(arg.config, "z");
}

static void test_bundles(void **state)
{
	char **operands;

	assert_int_equal(parse(&line, WORDS("-avcx", "file", ), &operands), 1);
	assert_true(arg.all && arg.verbose);
	assert_string_equal(arg.config, "x");
	assert_string_equal(operands[0], "file");
	parse(&line, WORDS("-avc", "-v", ), &operands);
	assert_string_equal(arg.config, "-v");
}

static void test_the_last_string_wins_and_lists_keep_all(void **state)
{
	char **operands;

	parse(&line, WORDS("-c1", "-s", "a", "--config=2", "--set=b", "-sc", ), &operands);
	assert_string_equal(arg.config, "2");
	assert_int_equal(arg.set.count, 3);
	assert_string_equal(arg.set.values[0], "a");
	assert_string_equal(arg.set.values[1], "b");
	assert_string_equal(arg.set.values[2], "c");
}

static void test_operands_come_last_in_their_order(void **state)
{
	char **operands;

	assert_int_equal(parse(&line, WORDS("one", "-a", "two", "-c", "x", "-", "three", ),
			       &operands),
			 4);
	assert_string_equal(operands[0], "one");
	assert_string_equal(operands[1], "two");
	assert_string_equal(operands[2], "-");
	assert_string_equal(operands[3], "three");
}

static void test_two_dashes_end_the_options(void **state)
{
	char **operands;

	assert_int_equal(parse(&line, WORDS("one", "-a", "--", "-v", "--all", "--", ), &operands),
			 4);
	assert_string_equal(operands[0], "one");
	assert_string_equal(operands[1], "-v");
	assert_string_equal(operands[2], "--all");
	assert_string_equal(operands[3], "--");
	assert_false(arg.verbose);
	assert_int_equal(parse(&line, WORDS("--", ), &operands), 0);
}

static void test_stopping_at_the_first_operand(void **state)
{
	char **operands;

	assert_int_equal(parse(&runner, WORDS("-a", "ls", "-v", "--color", ), &operands), 3);
	assert_string_equal(operands[0], "ls");
	assert_true(arg.all);
	assert_false(arg.verbose);
	assert_int_equal(parse(&runner, WORDS("-a", "--", "-ls", ), &operands), 1);
	assert_string_equal(operands[0], "-ls");
}

static void test_help_stops(void **state)
{
	assert_help(WORDS("-a", "--help", "--no-such-option", ));
	assert_help(WORDS("-h", ));
	assert_help(WORDS("-ah", ));
	assert_help(WORDS("file", "--help", ));
}

static void test_what_is_refused(void **state)
{
	assert_refused(WORDS("--colour", ), "unknown option --colour (see --help)");
	assert_refused(WORDS("--confg=x", ), "unknown option --confg (did you mean --config?)");
	assert_refused(WORDS("--hlep", ), "unknown option --hlep (did you mean --help?)");
	assert_refused(WORDS("--all=yes", ), "option --all takes no value");
	assert_refused(WORDS("--config", ), "option --config needs a value (PATH)");
	assert_refused(WORDS("-ac", ), "option -c needs a value (PATH)");
	assert_refused(WORDS("-ax", ), "unknown option -x (see --help)");
	assert_refused(WORDS("-\xc3\xa9", ), "unknown option -\xc3\xa9 (see --help)");
	assert_refused(WORDS("-\xff", ), "unknown option -\xff (see --help)");
	assert_refused(WORDS("--=x", ), "unknown option -- (see --help)");
	assert_refused(WORDS("---all", ), "unknown option ---all (did you mean --all?)");
}

static void test_no_arguments_at_all(void **state)
{
	char *words[] = { NULL };
	bool help;

	assert_int_equal(options_parse(&line, 0, words, &help, NULL), 1);
	assert_false(help);
}

static void test_the_help_text(void **state)
{
	_cleanup_(freep) char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	options_print_help(&line, "reeve thing", out);
	fclose(out);
	assert_string_equal(text, "usage: reeve thing [OPTIONS] [FILE...]\n"
				  "\n"
				  "Does a thing.\n"
				  "\n"
				  "options:\n"
				  "  -a, --all                  show all\n"
				  "  -c, --config PATH          read PATH\n"
				  "  -s, --set KEY=VALUE        change one thing\n"
				  "  -v, --verbose              say more\n"
				  "  --a-very-long-option-name VALUE\n"
				  "                             does not fit\n"
				  "  -h, --help                 print this text\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_no_words, tear_down),
		cmocka_unit_test_teardown(test_all_forms, tear_down),
		cmocka_unit_test_teardown(test_bundles, tear_down),
		cmocka_unit_test_teardown(test_the_last_string_wins_and_lists_keep_all, tear_down),
		cmocka_unit_test_teardown(test_operands_come_last_in_their_order, tear_down),
		cmocka_unit_test_teardown(test_two_dashes_end_the_options, tear_down),
		cmocka_unit_test_teardown(test_stopping_at_the_first_operand, tear_down),
		cmocka_unit_test_teardown(test_help_stops, tear_down),
		cmocka_unit_test_teardown(test_what_is_refused, tear_down),
		cmocka_unit_test_teardown(test_no_arguments_at_all, tear_down),
		cmocka_unit_test_teardown(test_the_help_text, tear_down),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
