// SPDX-License-Identifier: MIT
/* Texts that are laid over each other: what replaces what, and what is told. */
#include "config/test-policy.h"

static struct parsed load(const char *const *texts)
{
	static const char *const names[] = { "one", "two", "three" };
	struct policy_layer layers[3];
	struct parsed parsed = { 0 };
	size_t count = 0;

	for (; texts[count]; count++)
		layers[count] =
			(struct policy_layer){ names[count], texts[count], strlen(texts[count]) };
	parsed.result =
		policy_load_layered(NULL, 0, layers, count, &parsed.policy, &parsed.diagnostics);
	return parsed;
}
#define LOAD(...) load((const char *const[]){ __VA_ARGS__, NULL })

static void test_replaces(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed =
		LOAD("groups: {a: {pids: 1}, b: {pids: 2}}\n"
		     "triggers: {t: {run: /bin/true, user: nobody}}\n"
		     "rules:\n  first: {paths: [/x], action: execute, group: a}\n  second: {paths: "
		     "[/y], action: execute, group: b}\n",
		     "groups: {a: {pids: 7}, c: {pids: 3}}\nrules:\n  - name: first\n"
		     "    paths: [/z]\n    action: execute\n    group: c\n",
		     "groups: {a: {pids: 9}}\nrules: {third: {paths: [/q], action: execute, group: "
		     "a}}\n");
	const struct policy *policy = parsed.policy;

	assert_int_equal(parsed.result, 0);
	assert_int_equal(policy->group_count, 3);
	assert_int_equal(policy->groups[policy_find_group(policy, "a")].limits.pids, 9);
	/* In the place of the one that it replaces, from the file that it is in. */
	assert_int_equal(policy->rule_count, 3);
	assert_string_equal(policy->rules[0].name, "first");
	assert_int_equal(policy->rules[0].at.file, 1);
	assert_int_equal(policy->rules[0].at.line, 3);
	assert_string_equal(policy->rules[2].name, "third");
	assert_string_equal(policy->files[2], "three");
}

/* What was replaced need not make sense; what is left must. */
static void test_replaced_is_not_read(void **state)
{
	_cleanup_(parsed_done) struct parsed good =
		LOAD("groups: {a: {nonsense: 1}}\nrules: {}\n", "groups: {a: {pids: 1}}\n");
	_cleanup_(parsed_done) struct parsed bad =
		LOAD("groups: {a: {pids: 1}}\nrules: {}\n", "groups: {a: {nonsense: 1}}\n");

	assert_int_equal(good.result, 0);
	assert_int_equal(bad.result, -EINVAL);
	assert_string_equal(bad.diagnostics.items[0].file, "two");
	assert_int_equal(bad.diagnostics.items[0].line, 1);
	assert_int_equal(bad.diagnostics.items[0].column, 14);
}

static void expect_told(const struct parsed *parsed, const char *expected)
{
	_cleanup_(freep) char *all = told(&parsed->diagnostics);

	assert_string_equal(all, expected);
	assert_int_equal(parsed->result, -EINVAL);
}

static void test_twice_in_a_layer(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed =
		LOAD("rules: {r: {paths: [/a], on: execute, kill: true}}\n",
		     "rules:\n- {name: r, paths: [/a], on: execute, kill: true}\n"
		     "- {name: r, paths: [/b], on: execute, kill: true}\n");

	expect_told(&parsed, "3:10 error: rule \"r\" is there twice\n"
			     "2:10 note: the first is here\n");
}

static void test_single_values(void **state)
{
	_cleanup_(parsed_done) struct parsed good =
		LOAD("logging: {level: info}\nrules: {}\n", "logging: {level: debug}\n");
	_cleanup_(parsed_done) struct parsed bad =
		LOAD("rules: {}\n", "name: other\nfleet: {etcd: {endpoints: [http://a:1]}}\n");

	assert_int_equal(good.result, 0);
	assert_int_equal(good.policy->log_level, 7);
	expect_told(&bad, "1:7 error: \"name\" is for each host to say, in its own file\n"
			  "2:8 error: \"fleet\" is for each host to say, in its own file\n");
}

/* A layer is as any text that somebody else wrote. */
static void test_bad_text(void **state)
{
	_cleanup_(parsed_done) struct parsed binary = LOAD("rules: {}\n", "rules: {\xff: 1}\n");
	_cleanup_(parsed_done) struct parsed broken = LOAD("rules: {}\n", "rules: [\n");
	_cleanup_(parsed_done) struct parsed empty = LOAD("rules: {}\n", "# nothing\n");

	assert_int_equal(binary.result, -EINVAL);
	assert_int_equal(broken.result, -EINVAL);
	assert_int_equal(empty.result, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replaces),
		cmocka_unit_test(test_replaced_is_not_read),
		cmocka_unit_test(test_twice_in_a_layer),
		cmocka_unit_test(test_single_values),
		cmocka_unit_test(test_bad_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
