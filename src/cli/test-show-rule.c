// SPDX-License-Identifier: MIT
#include "cli/show-rule.h"

#include "config/load.h"
#include "test/unit.h"

static struct policy *parse(const char *text)
{
	struct diagnostics diagnostics = { 0 };
	struct policy *policy = NULL;

	if (policy_parse("t.yaml", text, strlen(text), 0, &policy, &diagnostics) < 0) {
		diagnostics_print(&diagnostics, false, stderr);
		fail();
	}
	diagnostics_done(&diagnostics);
	return policy;
}

static void is(char *shown, const char *expected)
{
	assert_non_null(shown);
	assert_string_equal(shown, expected);
	free(shown);
}

static void test_a_rule(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = parse(
		"rules:\n"
		"  one: {on: [read, write], paths: [/etc/x], uid: [0, 1000-1999], tty: none,\n"
		"        not: {exe: [/usr/bin/make, /opt/tool/], memfd: false},\n"
		"        group: g, nice: 5, deny: EACCES, kill: true, stop: true}\n"
		"  two: {on: execute, exe: /usr/bin/a, comm: [a, b, c, d, e, f], stop: true}\n"
		"groups: {g: {pids: 3}}\n");
	const struct policy_rule *rule = &policy->rules[0];

	is(rule_occasions(rule), "read or write");
	is(rule_effects(policy, rule), "deny EACCES, group g, nice 5, kill, stop");
	assert_int_equal(rule->condition_count, 3);
	is(rule_condition(&rule->conditions[0]), "uid: 0, 1000-1999");
	is(rule_condition(&rule->conditions[1]), "tty: none");
	is(rule_condition(&rule->conditions[2]),
	   "not: {memfd: false, exe: /usr/bin/make, /opt/tool/}");
	is(rule_effects(policy, &policy->rules[1]), "stop");
	is(rule_condition(&policy->rules[1].conditions[0]), "comm: a, b, c, d and 2 more");
}

static void test_other_effects(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = parse(
		"dry_run: true\n"
		"rules:\n"
		"  one: {on: execute, paths: [/usr/bin/a], signal: TERM, scope: tree,\n"
		"        delay: 20ms, group: \"users/%u\", trigger: t}\n"
		"  two: {on: exit, exe: /usr/bin/a, time: \"mon-fri 22:00-06:00\", log: true}\n"
		"triggers: {t: {run: /bin/true}}\n");

	is(rule_effects(policy, &policy->rules[0]),
	   "delay 20ms, group users/%u, trigger t, signal SIGTERM of the whole tree (dry run)");
	is(rule_effects(policy, &policy->rules[1]), "log (dry run)");
}

static void test_names(void **state)
{
	assert_int_equal(condition_of_name("unix_group"), CONDITION_UNIX_GROUP);
	assert_int_equal(condition_of_name("nobody"), -EINVAL);
	assert_int_equal(occasion_of_name("limit-hit"), ON_LIMIT_HIT);
	assert_int_equal(occasion_of_name(""), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_rule),
		cmocka_unit_test(test_other_effects),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
