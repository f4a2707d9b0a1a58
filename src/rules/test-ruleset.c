// SPDX-License-Identifier: MIT
#include "rules/ruleset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct policy_rule rule_table[] = {
	{ .action = ACTION_EXECUTE, .group = 0, .trigger = POLICY_NONE },
	{ .action = ACTION_EXECUTE, .group = 1, .trigger = POLICY_NONE },
	{ .action = ACTION_EXECUTE, .group = POLICY_NONE, .trigger = 0 },
	{ .action = ACTION_READ, .group = POLICY_NONE, .kill = true },
	{ .action = ACTION_EXECUTE, .group = 2, .trigger = POLICY_NONE },
};

static const struct policy policy = { .rules = rule_table, .rule_count = 5 };

static const struct rule_target targets[] = {
	{ .rule = 0,
	  .kind = TARGET_FILE,
	  .text = "/bin/sh",
	  .has_identity = true,
	  .dev = 1,
	  .ino = 7 },
	{ .rule = 1, .kind = TARGET_FOLDER, .text = "/opt" },
	{ .rule = 2, .kind = TARGET_GLOB, .text = "/opt/**/x*" },
	{ .rule = 3, .kind = TARGET_FILE, .text = "/etc/secret" },
	{ .rule = 4,
	  .kind = TARGET_FILE,
	  .text = "/bin/sh2",
	  .has_identity = true,
	  .dev = 1,
	  .ino = 7 },
};

static bool match(struct ruleset *rules, enum policy_action action, const char *path, ino_t ino,
		  struct verdict *verdict)
{
	struct file_key key = { .dev = 1, .ino = ino, .path = path, .length = strlen(path) };

	return ruleset_match(rules, action, &key, verdict);
}

static void matches(void **state)
{
	_cleanup_(ruleset_freep) struct ruleset *rules = NULL;
	struct verdict v;

	assert_int_equal(ruleset_new(&policy, targets, ARRAY_SIZE(targets), &rules), 0);
	assert_true(match(rules, ACTION_EXECUTE, "/bin/sh", 7, &v));
	assert_int_equal(v.group, 0);
	assert_int_equal(v.count, 1);
	/* the name wins over the identity */
	assert_true(match(rules, ACTION_EXECUTE, "/bin/sh2", 7, &v));
	assert_int_equal(v.group, 2);
	/* a replaced program: new inode, same name */
	assert_true(match(rules, ACTION_EXECUTE, "/bin/sh", 99, &v));
	/* a hard link: other name, same inode; both rules, the first in the file decides */
	assert_true(match(rules, ACTION_EXECUTE, "/tmp/link", 7, &v));
	assert_int_equal(v.count, 2);
	assert_int_equal(v.group, 0);
	assert_false(match(rules, ACTION_EXECUTE, "/tmp/other", 8, &v));
	assert_false(match(rules, ACTION_WRITE, "/bin/sh", 7, &v));
	assert_true(match(rules, ACTION_READ, "/etc/secret", 3, &v));
	assert_true(v.kill);
}

static void folders_and_globs(void **state)
{
	_cleanup_(ruleset_freep) struct ruleset *rules = NULL;
	struct verdict v;

	assert_int_equal(ruleset_new(&policy, targets, ARRAY_SIZE(targets), &rules), 0);
	assert_true(match(rules, ACTION_EXECUTE, "/opt/a/b", 3, &v));
	assert_int_equal(v.count, 1);
	assert_int_equal(v.group, 1);
	assert_true(match(rules, ACTION_EXECUTE, "/opt/a/xyz", 3, &v));
	assert_int_equal(v.count, 2);
	assert_int_equal(v.rules[0], 1);
	assert_int_equal(v.rules[1], 2);
	assert_false(match(rules, ACTION_EXECUTE, "/opt2/a", 3, &v));
	assert_false(match(rules, ACTION_EXECUTE, "/opt", 3, &v));
	assert_true(ruleset_has_names(rules, ACTION_EXECUTE));
	assert_false(ruleset_has_names(rules, ACTION_READ));
	assert_true(ruleset_has(rules, ACTION_READ));
	assert_false(ruleset_has(rules, ACTION_WRITE));
}

static void many_rules_are_cut_in_order(void **state)
{
	enum { MANY = VERDICT_RULES + 8 };
	struct policy_rule many[MANY] = { 0 };
	struct rule_target globs[MANY];
	struct policy p = { .rules = many, .rule_count = MANY };
	_cleanup_(ruleset_freep) struct ruleset *rules = NULL;
	struct verdict v;

	for (unsigned i = 0; i < MANY; i++) {
		many[i] = (struct policy_rule){ .group = POLICY_NONE, .trigger = 0 };
		globs[i] = (struct rule_target){ .rule = MANY - 1 - i,
						 .kind = TARGET_GLOB,
						 .text = "/**" };
	}
	/* What decides about the process counts wherever it stands. */
	many[MANY - 1].group = 3;
	many[MANY - 2].group = 2;
	many[MANY - 3].kill = true;
	assert_int_equal(ruleset_new(&p, globs, MANY, &rules), 0);
	assert_true(match(rules, ACTION_EXECUTE, "/x", 1, &v));
	assert_true(v.truncated);
	assert_int_equal(v.count, VERDICT_RULES);
	for (unsigned i = 0; i < VERDICT_RULES; i++)
		assert_int_equal(v.rules[i], i);
	assert_int_equal(v.group, 2);
	assert_int_equal(v.group_rule, MANY - 2);
	assert_true(v.kill);
}

static void nothing_matches_nothing(void **state)
{
	_cleanup_(ruleset_freep) struct ruleset *rules = NULL;
	struct verdict v;

	assert_int_equal(ruleset_new(&policy, NULL, 0, &rules), 0);
	assert_false(match(rules, ACTION_EXECUTE, "/bin/sh", 7, &v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches),
		cmocka_unit_test(folders_and_globs),
		cmocka_unit_test(many_rules_are_cut_in_order),
		cmocka_unit_test(nothing_matches_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
