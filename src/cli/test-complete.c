// SPDX-License-Identifier: MIT
/* What is offered behind words, as `reeve help --complete` prints it. */
#include "cli/complete.h"

#include "cli/test-fake.h"

#include "test/unit.h"

static int set_up(void **state)
{
	fake_reset();
	fake.connect = -ENOENT;
	return 0;
}

/* Whether a line begins so. */
static bool has(const char *line)
{
	size_t size = strlen(line);
	const char *at = fake.out;

	for (; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
		if (strncmp(at, line, size) == 0 && (at[size] == '\t' || at[size] == '\n'))
			return true;
	return false;
}

#define COMPLETE(...) assert_int_equal(RUN("help", "--complete", "--", __VA_ARGS__), 0)

static void test_commands(void **state)
{
	COMPLETE("");
	assert_true(has("run") && has("group") && has("service") && has("help"));
	assert_false(has("group list"));
	COMPLETE("rel");
	assert_string_equal(fake.out, "reload\tMake the daemon read its policy again\n");
	COMPLETE("--json", "--runtime-dir", "run", "che");
	assert_true(has("check"));
	COMPLETE("group", "fr");
	assert_string_equal(fake.out, "freeze\tMake everything in a group stand still\n");
	COMPLETE("help", "wa");
	assert_true(has("watch"));
	COMPLETE("nonsense", "");
	assert_false(has(":files"));
}

static void test_options(void **state)
{
	COMPLETE("run", "--cpu-w");
	assert_true(has("--cpu-weight"));
	COMPLETE("check", "--cpu-w");
	assert_string_equal(fake.out, "");
	COMPLETE("--v");
	assert_true(has("--version"));
	COMPLETE("check", "--", "--c");
	assert_string_equal(fake.out, ":files\n:folders\n");
}

static void test_values(void **state)
{
	COMPLETE("check", "--compat", "l");
	assert_string_equal(fake.out, "libcgroup\t\n");
	COMPLETE("run", "--cpu-idle", "");
	assert_true(has("yes") && has("no"));
	COMPLETE("status", "--runtime-dir", "");
	assert_string_equal(fake.out, ":folders\n");
	COMPLETE("scan", "-c", "");
	assert_string_equal(fake.out, ":files\n");
	COMPLETE("run", "--user", "");
	assert_string_equal(fake.out, ":users\n");
}

static void test_operands(void **state)
{
	COMPLETE("check", "one", "two", "");
	assert_string_equal(fake.out, ":files\n:folders\n");
	COMPLETE("replay", "--type", "exec", "");
	assert_string_equal(fake.out, ":files\n");
	COMPLETE("replay", "file", "");
	assert_string_equal(fake.out, "");
	COMPLETE("run", "--ram", "1G", "");
	assert_string_equal(fake.out, ":programs\n");
	COMPLETE("run", "--ram", "1G", "--", "ls", "-");
	assert_string_equal(fake.out, ":command 4\n");
	COMPLETE("version", "");
	assert_string_equal(fake.out, "");
	COMPLETE("explain", "");
	assert_string_equal(fake.out, "");
}

static void test_names(void **state)
{
	fake.connect = 0;
	fake.reply =
		"{\"groups\": [{\"name\": \"web\"}, {\"name\": \"batch\"}, {\"name\": \"b\\nd\"}]}";
	COMPLETE("group", "move", "");
	assert_string_equal(fake.out, "web\tgroup\nbatch\tgroup\n");
	COMPLETE("group", "move", "web", "");
	assert_string_equal(fake.out, "");
	COMPLETE("run", "-g", "b");
	assert_string_equal(fake.out, "batch\tgroup\n");
	fake.reply = "{\"services\": [{\"name\": \"agent\"}]}";
	COMPLETE("service", "stop", "x", "");
	assert_string_equal(fake.out, "agent\tservice\n");
	COMPLETE("service", "install", "");
	assert_string_equal(fake.out, "");
	fake.connect = -EACCES;
	COMPLETE("service", "stop", "");
	assert_string_equal(fake.out, "");
	assert_string_equal(fake.err, "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_commands, set_up),
		cmocka_unit_test_setup(test_options, set_up),
		cmocka_unit_test_setup(test_values, set_up),
		cmocka_unit_test_setup(test_operands, set_up),
		cmocka_unit_test_setup(test_names, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
