// SPDX-License-Identifier: MIT
/* "controllers:path", what it may be, and the effect that it makes. */
#include "config/test-policy.h"

#include "config/arena.h"

#include "test/unit.h"

static void expect_good(struct arena *memory, const char *text, const char *controllers,
			const char *path)
{
	struct policy_destination destination;

	assert_int_equal(policy_destination_parse(memory, text, &destination, NULL), 0);
	assert_string_equal(destination.controllers, controllers);
	assert_string_equal(destination.path, path);
}

static void is_controllers_and_path(void **state)
{
	struct arena *memory = arena_new();

	(void)state;
	expect_good(memory, "cpu:students", "cpu", "/students");
	expect_good(memory, "cpu,memory:/students/", "cpu,memory", "/students");
	expect_good(memory, "*://a/b//", "*", "/a/b");
	expect_good(memory, ":unified", "", "/unified");
	expect_good(memory, "name=x:/", "name=x", "/");
	expect_good(memory, "cpu:", "cpu", "/");
	expect_good(memory, "cpu:a:b", "cpu", "/a:b");
	expect_good(memory, "cpu:users/%u", "cpu", "/users/%u");
	expect_good(memory, "cpu:a/100%%", "cpu", "/a/100%%");
	arena_free(memory);
}

static void expect_bad(struct arena *memory, const char *text, const char *why)
{
	struct error err = ERROR_INIT;
	struct policy_destination destination;

	assert_int_equal(policy_destination_parse(memory, text, &destination, &err), -EINVAL);
	assert_string_equal(error_text(&err), why);
	error_done(&err);
}

static void is_refused(void **state)
{
	struct arena *memory = arena_new();

	(void)state;
	expect_bad(memory, "students", "\"students\" has no ':'; write \"cpu,memory:/path\"");
	expect_bad(memory, "cpu,:x", "a controller's name is missing in \"cpu,\"");
	expect_bad(memory, ",cpu:x", "a controller's name is missing in \",cpu\"");
	expect_bad(memory, "c pu:x",
		   "\"c pu\" is no list of controllers; write \"cpu,memory:/path\" or \"*:/path\"");
	expect_bad(memory, "cpu:a/../b",
		   "a group cannot be at \"/a/../b\": \"..\" is not allowed in it");
	expect_bad(memory, "cpu:a//b", "a group cannot be at \"/a//b\": it has an empty part");
	expect_bad(memory, "cpu:a/cpu.max",
		   "a group cannot be at \"/a/cpu.max\": \"cpu.max\" is a name of the kernel's own "
		   "files");
	expect_bad(memory, "cpu:a/%z",
		   "path \"/a/%z\": \"%z\" is no field: write %% for the sign itself");
	arena_free(memory);
}

#define RULE(text) "rules:\n  r: { on: execute, paths: [/x], " text " }\n"

static void is_an_effect(void **state)
{
	struct parsed parsed = parse(RULE("place: [\"cpu:/a\", \"memory,pids:b/%u\"]"));
	const struct policy_effect *effect;

	(void)state;
	assert_int_equal(parsed.result, 0);
	effect = &parsed.policy->rules[0].effects[0];
	assert_int_equal(effect->kind, EFFECT_PLACE);
	assert_int_equal(effect->place.count, 2);
	assert_true(effect->place.fields);
	assert_string_equal(effect->place.text, "cpu:/a, memory,pids:/b/%u");
	parsed_done(&parsed);
	parsed = parse(RULE("place: \"*:/a\""));
	assert_int_equal(parsed.result, 0);
	assert_false(parsed.policy->rules[0].effects[0].place.fields);
	parsed_done(&parsed);
}

static void expect_told(const char *text, const char *expected)
{
	struct parsed parsed = parse(text);
	char *said = told(&parsed.diagnostics);

	assert_string_equal(said, expected);
	free(said);
	parsed_done(&parsed);
}

static void is_told_with_its_place(void **state)
{
	(void)state;
	expect_told(RULE("place: [\"cpu:/a\", b]"),
		    "2:52 error: \"place\": \"b\" has no ':'; write \"cpu,memory:/path\"\n");
	expect_told(RULE("place: []"), "2:41 error: \"place\" is empty (take the key out)\n");
	expect_told(RULE("place: \"cpu:/a\", limit: {pids: 5}"),
		    "2:58 error: \"place\" and \"limit\" are two groups, and a process is in one "
		    "(take one of them out)\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_controllers_and_path),
		cmocka_unit_test(is_refused),
		cmocka_unit_test(is_an_effect),
		cmocka_unit_test(is_told_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
