// SPDX-License-Identifier: MIT
/*
 * YAML as such: what is text, what is syntax, anchors, merges, and what must not blow up.
 * covers: builder.c
 */
#include "config/test-policy.h"

#define RULE "rules: {r: {paths: [/x], action: execute, trigger: KILL}}\n"
#define NO_RULES                                                                          \
	"0:0 error: required key \"rules\" is missing (add \"rules:\"; \"rules: {}\" if " \
	"there are to be none)\n"

static void bytes_that_are_no_text(void **state)
{
	const char *hint = "(is this a text file, in UTF-8?)\n";
	static const struct {
		const char *text;
		size_t size;
		const char *told;
	} cases[] = {
		{ "a: b\n\x01", 6,
		  "2:1 error: the character that begins with byte 0x01 is not allowed " },
		{ "a\0b", 3,
		  "1:2 error: the character that begins with byte 0x00 is not allowed " },
		{ "aé\xff", 4, "1:3 error: byte 0xff is no text " },
		{ "\xc0\x80", 2, "1:1 error: byte 0xc0 is no text " },
		{ "x: \xe2\x80\xa8", 6,
		  "1:4 error: the character that begins with byte 0xe2 is not allowed " },
		{ "x: \xc2\x85", 5,
		  "1:4 error: the character that begins with byte 0xc2 is not allowed " },
		{ "a\rb\r\nc\177", 7,
		  "3:2 error: the character that begins with byte 0x7f is not allowed " },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(parsed_done) struct parsed parsed = { 0 };
		_cleanup_(freep) char *actual = NULL, *expected = NULL;

		parsed.result = policy_parse("t.yaml", cases[i].text, cases[i].size, 0,
					     &parsed.policy, &parsed.diagnostics);
		actual = told(&parsed.diagnostics);
		assert_true(asprintf(&expected, "%s%s", cases[i].told, hint) > 0);
		assert_string_equal(actual, expected);
		assert_int_equal(parsed.result, -EINVAL);
	}
	expect("\xff\xfer: 1",
	       "1:1 error: byte 0xff is no text (this seems to be UTF-16: save it as "
	       "UTF-8)\n");
	expect("\xef\xbb\xbf" RULE, "");
}

static void empty_files(void **state)
{
	expect("", "1:1 error: the file is empty\n");
	expect("\n\n# nothing\n", "1:1 error: the file is empty\n");
	expect("---\n", NO_RULES);
	expect("~", NO_RULES);
	expect("5",
	       "1:1 error: a policy must be a map of keys and values, not \"5\" (a policy begins "
	       "like this: \"rules:\")\n");
	expect("[]", "1:1 error: a policy must be a map of keys and values, not a list (a policy "
		     "begins like this: \"rules:\")\n");
}

static void syntax(void **state)
{
	expect("rules:\n\tr: 1\n", "2:1 error: a tab cannot indent YAML (use spaces)\n");
	expect("rules:\n  r: @x\n",
	       "2:6 error: a value cannot begin with \"@\" (put the value into quotes)\n");
	expect("a: b: c\n", "1:5 error: mapping values are not allowed in this context (check the "
			    "indentation; a value with \": \" in it needs quotes)\n");
	expect("a:\n  b: 1\n c: 2\n",
	       "3:2 error: did not find expected key (keys of one map begin in the same column)\n"
	       "1:1 note: while parsing a block mapping that begins here\n");
	expect("a: [1, 2\nb: 3\n", "2:2 error: did not find expected ',' or ']' (is a comma or the "
				   "closing \"]\" missing?)\n"
				   "1:4 note: while parsing a flow sequence that begins here\n");
	expect("a: \"x\n",
	       "2:1 error: found unexpected end of stream (is a closing quote missing?)\n"
	       "1:4 note: while scanning a quoted scalar that begins here\n");
	expect("a: \"\\q\"\n",
	       "1:5 error: found unknown escape character (inside \"...\" write \\\\ "
	       "for one \\, or use '...')\n");
	expect("a\nb\n",
	       "1:1 error: a policy must be a map of keys and values, not \"a b\" (a policy "
	       "begins like this: \"rules:\")\n");
	expect("[a]: b\n" RULE, "1:1 error: a key must be a name, not a list\n");
	expect("a: \"x\\0y\"\n", "1:4 error: a value cannot contain a NUL character\n");
	expect("a: !foo x\n",
	       "1:4 error: the tag \"!foo\" means nothing here (take the tag out)\n");
	expect(RULE "name: !!str 5\nmode: !!str audit\n", "");
	expect("%YAML 1.2\n---\n" RULE "...\n", "");
}

static void one_document(void **state)
{
	const char *two = RULE "---\nname: x\n";

	expect(two,
	       "2:1 error: a second document begins here: only the first is read (put the second "
	       "one into a file of its own in conf.d/)\n");
	expect_fetter(two,
		      "2:1 warning: a second document begins here: only the first is read (put "
		      "the second one into a file of its own in conf.d/)\n");
}

static void duplicate_keys(void **state)
{
	const char *text = "name: a\n" RULE "name: b\nname: c\n";
	_cleanup_(parsed_done) struct parsed parsed = parse_named("t", text, LOAD_COMPAT_FETTER);

	expect(text, "3:1 error: duplicate key \"name\"\n"
		     "1:1 note: the first is here\n"
		     "4:1 error: duplicate key \"name\"\n"
		     "1:1 note: the first is here\n");
	expect_fetter(text, "3:1 warning: duplicate key \"name\": the last one is used\n"
			    "1:1 note: the first is here\n"
			    "4:1 warning: duplicate key \"name\": the last one is used\n"
			    "1:1 note: the first is here\n");
	assert_string_equal(parsed.policy->name, "c");
}

/* Enough keys for the hash, with the doubles next to each other and apart. */
static void duplicate_keys_in_a_large_map(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed = { 0 };
	struct text text;

	text_init(&text);
	text_add(&text, "groups:\n");
	for (int i = 0; i < 100; i++)
		text_addf(&text, "  g%d: {pids: %d}\n", i / 2 * 2, i + 1);
	text_add(&text, "  g0: {pids: 1000}\nrules: {}\n");
	parsed = parse_named("t.yaml", text.data, LOAD_COMPAT_FETTER);
	text_done(&text);
	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.diagnostics.warnings, 52);
	assert_int_equal(parsed.policy->group_count, 50);
	assert_string_equal(parsed.policy->groups[0].name, "g0");
	assert_int_equal(parsed.policy->groups[0].limits.pids, 1000);
	assert_int_equal(parsed.policy->groups[49].limits.pids, 100);
}

static void anchors_and_merges(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed =
		parse("groups:\n"
		      "  a: &a {pids: 1, cpu: 5}\n"
		      "  b: {<<: *a, pids: 2}\n"
		      "  c: &c {<<: [{ram: 1}, *a], oom: group}\n"
		      "  d: {cpu: 6, <<: *c}\n"
		      "  e: *a\n"
		      "rules:\n"
		      "  r: &r {paths: &p [/x], action: &x execute, group: a}\n"
		      "  s: {<<: *r, action: read}\n"
		      "  t: {paths: *p, action: write, trigger: KILL}\n"
		      "  execute2: {paths: [/y], action: *x, trigger: KILL}\n");
	const struct policy *policy = parsed.policy;

	assert_int_equal(parsed.result, 0);
	assert_int_equal(policy->group_count, 5);
	assert_int_equal(policy->groups[1].limits.pids, 2);
	assert_int_equal(policy->groups[1].limits.cpu.millionths, 50000);
	assert_int_equal(policy->groups[2].limits.ram, 1 << 20);
	assert_int_equal(policy->groups[2].limits.pids, 1);
	assert_int_equal(policy->groups[3].limits.cpu.millionths, 60000);
	assert_true(policy->groups[3].limits.oom_group);
	assert_int_equal(policy->groups[4].limits.pids, 1);
	/* Where it stands is where it was written. */
	assert_int_equal(policy->groups[3].limit_at[LIMIT_PIDS].line, 2);
	assert_int_equal(policy->rule_count, 4);
	assert_int_equal(policy->rules[1].on, OCCASION_BIT(ON_READ));
	assert_int_equal(policy->rules[2].on, OCCASION_BIT(ON_WRITE));
	assert_int_equal(policy->rules[3].on, OCCASION_BIT(ON_EXECUTE));
	assert_string_equal(policy->rules[2].paths[0].text, "/x");
}

static void bad_aliases(void **state)
{
	expect("a: *b\n",
	       "1:4 error: \"*b\": no anchor of that name before this line (an anchor is written "
	       "\"&name\")\n");
	expect("a: &a [*a]\n", "1:8 error: \"*a\" stands inside of what it names\n");
	expect("a: &a {<<: *a}\n", "1:12 error: \"*a\" stands inside of what it names\n");
	expect("a: {<<: 5}\n",
	       "1:9 error: \"<<\" needs a map to take keys from (write \"<<: *name\" "
	       "or \"<<: [ *name, *other ]\")\n");
	expect("a: {<<: [{}, 5]}\n",
	       "1:14 error: \"<<\" needs a map to take keys from (write \"<<: "
	       "*name\" or \"<<: [ *name, *other ]\")\n");
	expect("? &a [x]\n: 1\n", "1:3 error: a key must be a name, not a list\n");
	expect("a: &a [x]\n*a : 1\n", "2:1 error: a key must be a name, not a list\n");
	/* fetter's library let the merged key win where it comes last. */
	expect_fetter("groups:\n  a: &a {cpu: 5}\n  b: {cpu: 6, <<: *a}\n" RULE,
		      "3:7 warning: \"cpu\" stands before \"<<\": it is kept here, fetter took the "
		      "merged one (put \"<<\" before the keys that differ)\n");
}

static void repeated(struct text *text, const char *part, size_t count)
{
	for (size_t i = 0; i < count; i++)
		text_add(text, part);
}

static void depth_is_bounded(void **state)
{
	struct text text;

	text_init(&text);
	repeated(&text, "[", 100000);
	expect(text.data, "1:65 error: nested too deeply: at most 64 levels are allowed\n");
	text_done(&text);
	repeated(&text, "- ", 100000);
	expect(text.data, "1:129 error: nested too deeply: at most 64 levels are allowed\n");
	text_done(&text);
	repeated(&text, "[", 100000);
	expect_named("t.json", text.data, 0,
		     "1:65 error: nested too deeply: at most 64 levels are allowed\n");
	text_done(&text);
}

static void bombs_stay_small(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed = { 0 };
	struct text text;

	/* Every level ten times the one before: 10^12 entries, if anyone counted. */
	text_init(&text);
	text_add(&text, "a0: &a0 {x: 1}\n");
	for (int i = 1; i < 12; i++) {
		text_addf(&text, "a%d: &a%d [", i, i);
		for (int j = 0; j < 10; j++)
			text_addf(&text, "*a%d,", i - 1);
		text_add(&text, "]\n");
	}
	text_add(&text, "rules: {r: {paths: *a11, action: execute, trigger: KILL}}\n");
	parsed = parse(text.data);
	text_done(&text);
	assert_int_equal(parsed.result, -EINVAL);
	/* 12 unknown keys, and 10 paths that are lists */
	assert_int_equal(parsed.diagnostics.errors, 22);
}

static void paths_by_alias_are_bounded(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed = { 0 };
	_cleanup_(freep) char *actual = NULL;
	struct text text;

	text_init(&text);
	text_add(&text, "rules:\n  r: {action: execute, trigger: KILL, paths: &p [");
	for (int i = 0; i < 2000; i++)
		text_addf(&text, "/%d,", i);
	text_add(&text, "]}\n");
	for (int i = 0; i < 2000; i++)
		text_addf(&text, "  r%d: {action: execute, trigger: KILL, paths: *p}\n", i);
	parsed = parse(text.data);
	text_done(&text);
	assert_int_equal(parsed.result, -EINVAL);
	actual = told(&parsed.diagnostics);
	assert_non_null(strstr(actual, "more than 1000000 paths in all rules"));
}

static void merges_are_bounded(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed = { 0 };
	_cleanup_(freep) char *actual = NULL;
	struct text text;

	text_init(&text);
	text_add(&text, "a: &a {");
	for (int i = 0; i < 5000; i++)
		text_addf(&text, "%d: 1,", i);
	text_add(&text, "}\nb: {<<: [");
	repeated(&text, "*a,", 5000);
	text_add(&text, "]}\n");
	parsed = parse(text.data);
	text_done(&text);
	actual = told(&parsed.diagnostics);
	assert_string_equal(actual, "1:4 error: the policy is too large: aliases (*name) make more "
				    "than 4194304 entries of it\n");
}

static void long_values(void **state)
{
	struct text text;

	text_init(&text);
	text_add(&text, "a: ");
	repeated(&text, "x", 70000);
	expect(text.data,
	       "1:4 error: this value is too long: 70000 bytes, at most 65535 are allowed\n");
	text_done(&text);
	repeated(&text, "%TAG ! x\n", 20);
	expect(text.data, "17:1 error: more than 16 %TAG lines\n");
	text_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_that_are_no_text),
		cmocka_unit_test(empty_files),
		cmocka_unit_test(syntax),
		cmocka_unit_test(one_document),
		cmocka_unit_test(duplicate_keys),
		cmocka_unit_test(duplicate_keys_in_a_large_map),
		cmocka_unit_test(anchors_and_merges),
		cmocka_unit_test(bad_aliases),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(bombs_stay_small),
		cmocka_unit_test(paths_by_alias_are_bounded),
		cmocka_unit_test(merges_are_bounded),
		cmocka_unit_test(long_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
