// SPDX-License-Identifier: MIT
#include "config/test-policy.h"

static void expect_json(const char *text, const char *expected)
{
	expect_named("t.json", text, 0, expected);
}

static void tabs_and_escapes(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed =
		parse_named("t.json",
			    "{\n\t\"name\": \"n\",\r\n\t\"rules\": {\n\t\t\"r\\/\\u00e9\": {\n"
			    "\t\t\t\"paths\": [\"/\\ud83d\\ude00\\u20acx\\u0041\\\\\\b\"],\n"
			    "\t\t\t\"action\": \"write\", \"group\": \"g\"\n\t\t}\n\t},\n"
			    "\t\"groups\": {\"g\": {\"cpu\": 5, \"freeze\": true, \"pids\": "
			    "\"max\"}}\n}\n",
			    0);
	const struct policy *policy = parsed.policy;

	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.diagnostics.count, 0);
	assert_string_equal(policy->name, "n");
	assert_string_equal(policy->rules[0].name, "r/é");
	assert_int_equal(policy->rules[0].at.line, 4);
	assert_int_equal(policy->rules[0].at.column, 3);
	assert_string_equal(policy->rules[0].paths[0].text, "/😀€xA\\\b");
	assert_int_equal(policy->rules[0].paths[0].at.column, 14);
	assert_true(policy->groups[0].limits.freeze);
	assert_true(policy->groups[0].limits.pids == LIMIT_MAX);
}

static void places_are_those_of_yaml(void **state)
{
	const char *text = "{\"rules\": {},\n \"groups\": {\"é\": {\"ram\": \"2X\"}}}\n";
	const char *expected = "2:26 error: \"ram\": \"2X\" is no amount of bytes (write 4500 "
			       "(MiB) or \"4.5G\")\n";

	expect_json(text, expected);
	expect(text, expected);
}

static void mistakes(void **state)
{
	expect_json("", "1:1 error: the file is empty\n");
	expect_json(" \n\t", "1:1 error: the file is empty\n");
	expect_json("{", "1:2 error: expected a key (a key stands between \"\")\n");
	expect_json("{\"a\"", "1:5 error: expected \":\" behind the key\n");
	expect_json("{\"a\":", "1:6 error: the file ends too early\n");
	expect_json("{\"a\": 1", "1:8 error: the file ends too early\n");
	expect_json("{\"a\": 1 \"b\"", "1:9 error: expected \",\" or \"}\"\n");
	expect_json("{\"a\": [1 2]}", "1:10 error: expected \",\" or \"]\"\n");
	expect_json("{\"a\": [1,]}",
		    "1:10 error: JSON allows no comma before a closing bracket (take "
		    "out the comma before it)\n");
	expect_json("{\"a\": [,]}", "1:8 error: a value is missing here\n");
	expect_json("// x\n{}", "1:1 error: JSON has no comments (take it out, or use YAML)\n");
	expect_json("{} {}", "1:4 error: more text behind the end of the JSON value\n");
	expect_json("{a: 1}", "1:2 error: expected a key (a key stands between \"\")\n");
	expect_json("{\"a\": yes}",
		    "1:7 error: this is no JSON value (a text stands between \"\")\n");
	expect_json("[01]", "1:2 error: this is no JSON value (a text stands between \"\")\n");
	expect_json("[1.]", "1:2 error: this is no JSON value (a text stands between \"\")\n");
	expect_json("[1e]", "1:2 error: this is no JSON value (a text stands between \"\")\n");
	expect_json("[-]", "1:2 error: this is no JSON value (a text stands between \"\")\n");
	expect_json("[\"a", "1:2 error: this string has no closing quote on its line\n");
	expect_json("[\"a\nb\"]", "1:2 error: this string has no closing quote on its line\n");
	expect_json("[\"é\\x\"]",
		    "1:4 error: unknown escape in a string (write \\\\ for one \\)\n");
	expect_json("[\"\\u12g4\"]", "1:3 error: \"\\u\" needs four hexadecimal digits\n");
	expect_json("[\"\\ud83d\"]", "1:3 error: half of a surrogate pair\n");
	expect_json("[\"\\ude00\"]", "1:3 error: half of a surrogate pair\n");
	expect_json("[\"\\ud83d\\u0041\"]", "1:3 error: half of a surrogate pair\n");
	expect_json("[\"\\u0000\"]", "1:2 error: a value cannot contain a NUL character\n");
	expect_json("[\"\t\"]", "1:3 error: a string cannot contain a tab (write \\t)\n");
	expect_json("[0, -1.5e+3, 1E2, true, false, null]",
		    "1:1 error: a policy must be a map of keys and values, not a list (a policy "
		    "begins "
		    "like this: \"rules:\")\n");
	expect_json("{\"name\": \"a\", \"name\": \"b\"}", "1:15 error: duplicate key \"name\"\n"
							  "1:2 note: the first is here\n");
	/* "<<" is YAML's */
	expect_json("{\"<<\": {}, \"rules\": {\"r\": {\"paths\": [\"/x\"], \"action\": \"read\", "
		    "\"trigger\": \"KILL\"}}}",
		    "1:2 error: unknown key \"<<\" in a policy\n");
}

static void keys_in_any_case_for_fetter(void **state)
{
	const char *text = "{\"RULES\": {\"r\": {\"Paths\": [\"/x\"], \"action\": \"read\", "
			   "\"TRIGGER\": \"KILL\"}}, \"Groups\": {\"g\": {\"CPU\": 5}}}";
	_cleanup_(parsed_done) struct parsed parsed =
		parse_named("t.json", text, LOAD_COMPAT_FETTER);

	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.diagnostics.count, 0);
	assert_int_equal(parsed.policy->groups[0].limits.cpu.millionths, 50000);
	expect_json("{\"Rules\": {}}",
		    "0:0 error: required key \"rules\" is missing (add \"rules:\"; \"rules: {}\" "
		    "if there "
		    "are to be none)\n"
		    "1:2 error: unknown key \"Rules\" in a policy (did you mean \"rules\"?)\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tabs_and_escapes),
		cmocka_unit_test(places_are_those_of_yaml),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(keys_in_any_case_for_fetter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
