// SPDX-License-Identifier: MIT
/* The table of commands: what must hold for every row. */
#include "cli/commands.h"

#include "test/unit.h"

static void test_rows(void **state)
{
	const struct command *command, *other;

	for (size_t i = 0; (command = command_at(i)); i++) {
		assert_non_null(command->usage);
		assert_non_null(command->run);
		assert_true(*command->summary >= 'A' && *command->summary <= 'Z');
		assert_int_not_equal(command->summary[strlen(command->summary) - 1], '.');
		for (size_t j = 0; j < i && (other = command_at(j)); j++)
			assert_string_not_equal(command->name, other->name);
	}
}

/* Two options of one name or letter would hide each other. */
static void test_options_differ(void **state)
{
	struct option options[COMMAND_OPTIONS_MAX];
	const struct command *command;
	struct cli cli = { 0 };

	for (size_t i = 0; (command = command_at(i)); i++) {
		size_t count = command_options(command, &cli, options);

		assert_true(count <= COMMAND_OPTIONS_MAX);
		for (size_t j = 0; j < count; j++) {
			assert_int_equal(options[j].kind == OPTION_FLAG, options[j].value == NULL);
			for (size_t k = 0; k < j; k++) {
				assert_string_not_equal(options[j].name, options[k].name);
				assert_true(!options[j].letter ||
					    options[j].letter != options[k].letter);
			}
		}
	}
}

static void test_common_options(void **state)
{
	struct option options[COMMAND_OPTIONS_MAX];
	const struct command *command;
	struct cli cli = { 0 };

	for (size_t i = 0; (command = command_at(i)); i++) {
		size_t count = command_options(command, &cli, options);
		int found = 0;

		for (size_t j = 0; j < count; j++)
			found += options[j].target == &cli.json ||
				 options[j].target == &cli.runtime_dir;
		assert_int_equal(found, 2);
	}
}

static void test_find(void **state)
{
	char group[] = "group", list[] = "list", status[] = "status", dashes[] = "--json";
	const struct command *command = NULL;
	struct error err = ERROR_INIT;

	assert_int_equal(command_find(2, (char *[]){ group, list }, &command, &err), 2);
	assert_string_equal(command->name, "group list");
	assert_int_equal(command_find(2, (char *[]){ status, list }, &command, &err), 1);
	assert_string_equal(command->name, "status");
	assert_int_equal(command_find(1, (char *[]){ group }, &command, &err), 0);
	assert_int_equal(command_find(2, (char *[]){ group, dashes }, &command, &err), 0);
	assert_int_equal(command_find(2, (char *[]){ list, group }, &command, &err), -EINVAL);
	error_done(&err);
	assert_true(command_is_family("group"));
	assert_false(command_is_family("gro"));
	assert_false(command_is_family("status"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_options_differ),
		cmocka_unit_test(test_common_options),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
