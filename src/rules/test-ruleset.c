// SPDX-License-Identifier: MIT
/* covers: path-index.c shared-paths.c */
#include "rules/ruleset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct policy_effect to_group[] = {
	{ .kind = EFFECT_GROUP, .group.index = 0 },
	{ .kind = EFFECT_GROUP, .group.index = 1 },
	{ .kind = EFFECT_GROUP, .group.index = 2 },
	{ .kind = EFFECT_GROUP, .group.index = 3 },
};
static struct policy_effect to_trigger = { .kind = EFFECT_TRIGGER, .trigger = 0 };
static struct policy_effect to_kill = { .kind = EFFECT_KILL, .signal.number = 9 };

#define EXECUTED .path_count = 1, .on = OCCASION_BIT(ON_EXECUTE), .effect_count = 1

static struct policy_rule rule_table[] = {
	{ EXECUTED, .effects = &to_group[0] },
	{ EXECUTED, .effects = &to_group[1] },
	{ EXECUTED, .effects = &to_trigger },
	{ .path_count = 1, .on = OCCASION_BIT(ON_READ), .effect_count = 1, .effects = &to_kill },
	{ EXECUTED, .effects = &to_group[2] },
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

static bool match(struct ruleset *rules, enum occasion on, const char *path, ino_t ino,
		  struct verdict *verdict)
{
	struct facts facts = {
		.on = on,
		.has_file = true,
		.file = { .dev = 1, .ino = ino, .path = path, .length = strlen(path) },
	};

	return ruleset_judge(rules, &facts, verdict);
}

static void matches(void **state)
{
	_cleanup_(ruleset_freep) struct ruleset *rules = NULL;
	struct verdict v;

	assert_int_equal(ruleset_new(&policy, targets, ARRAY_SIZE(targets), &rules), 0);
	assert_true(match(rules, ON_EXECUTE, "/bin/sh", 7, &v));
	assert_int_equal(v.group, 0);
	assert_int_equal(v.count, 1);
	/* the name wins over the identity */
	assert_true(match(rules, ON_EXECUTE, "/bin/sh2", 7, &v));
	assert_int_equal(v.group, 2);
	/* a replaced program: new inode, same name */
	assert_true(match(rules, ON_EXECUTE, "/bin/sh", 99, &v));
	/* a hard link: other name, same inode; both rules, the first in the file decides */
	assert_true(match(rules, ON_EXECUTE, "/tmp/link", 7, &v));
	assert_int_equal(v.count, 2);
	assert_int_equal(v.group, 0);
	assert_false(match(rules, ON_EXECUTE, "/tmp/other", 8, &v));
	assert_false(match(rules, ON_WRITE, "/bin/sh", 7, &v));
	assert_true(match(rules, ON_READ, "/etc/secret", 3, &v));
	assert_true(v.kill);
}

static void folders_and_globs(void **state)
{
	_cleanup_(ruleset_freep) struct ruleset *rules = NULL;
	struct verdict v;

	assert_int_equal(ruleset_new(&policy, targets, ARRAY_SIZE(targets), &rules), 0);
	assert_true(match(rules, ON_EXECUTE, "/opt/a/b", 3, &v));
	assert_int_equal(v.count, 1);
	assert_int_equal(v.group, 1);
	assert_true(match(rules, ON_EXECUTE, "/opt/a/xyz", 3, &v));
	assert_int_equal(v.count, 2);
	assert_int_equal(v.rules[0], 1);
	assert_int_equal(v.rules[1], 2);
	assert_false(match(rules, ON_EXECUTE, "/opt2/a", 3, &v));
	assert_false(match(rules, ON_EXECUTE, "/opt", 3, &v));
	assert_int_equal(ruleset_occasions(rules),
			 OCCASION_BIT(ON_EXECUTE) | OCCASION_BIT(ON_READ));
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
		many[i] = (struct policy_rule){ EXECUTED, .effects = &to_trigger };
		globs[i] = (struct rule_target){ .rule = MANY - 1 - i,
						 .kind = TARGET_GLOB,
						 .text = "/**" };
	}
	/* What decides about the process counts wherever it stands. */
	many[MANY - 1].effects = &to_group[3];
	many[MANY - 2].effects = &to_group[2];
	many[MANY - 3].effects = &to_kill;
	assert_int_equal(ruleset_new(&p, globs, MANY, &rules), 0);
	assert_true(match(rules, ON_EXECUTE, "/x", 1, &v));
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
	assert_false(match(rules, ON_EXECUTE, "/bin/sh", 7, &v));
}

/* ---- the whole language ---- */

enum { WEB, BUILD };

static char alice_name[] = "alice", git_name[] = "git", tmp_name[] = "/tmp";
static struct policy_word alice = {
	.form = WORD_NUMBER, .text = alice_name, .least = 1000, .most = 1000
};
static struct policy_word git = { .form = WORD_EXACT, .text = git_name };
static struct policy_word in_tmp = { .form = WORD_FOLDER, .text = tmp_name };
static struct policy_condition is_alice = { .kind = CONDITION_USER,
					    .words = &alice,
					    .word_count = 1 };
static struct policy_condition alice_in_tmp[] = {
	{ .kind = CONDITION_USER, .words = &alice, .word_count = 1 },
	{ .kind = CONDITION_CWD, .words = &in_tmp, .word_count = 1 },
};
static struct policy_condition is_git = { .kind = CONDITION_EXE, .words = &git, .word_count = 1 };
static struct policy_condition not_git = { .kind = CONDITION_NOT,
					   .inner = &is_git,
					   .inner_count = 1 };
static struct policy_effect to_web = { .kind = EFFECT_GROUP, .group = { .index = WEB } };
static struct policy_effect to_build[] = {
	{ .kind = EFFECT_GROUP, .group = { .index = BUILD } },
	{ .kind = EFFECT_KILL },
};

static struct facts facts_of(enum occasion on, const char *path, uid_t uid)
{
	struct facts facts = {
		.on = on,
		.has_file = path != NULL,
		.known = UINT32_C(1) << FACT_EFFECTIVE | UINT32_C(1) << FACT_IDS |
			 UINT32_C(1) << FACT_EXE,
		.uid = uid,
		.exe = slice_of("/usr/bin/git"),
	};

	if (path)
		facts.file = (struct file_key){ .path = path, .length = strlen(path) };
	return facts;
}

static bool judge(const struct ruleset *rules, struct facts facts, struct verdict *verdict)
{
	return ruleset_judge(rules, &facts, verdict);
}

#define ON_FILES (OCCASION_BIT(ON_READ) | OCCASION_BIT(ON_WRITE))

static struct policy_rule language[] = {
	{ .name = tmp_name,
	  .path_count = 1,
	  .on = OCCASION_BIT(ON_EXECUTE),
	  .dry_run = true,
	  .stop = true,
	  .effects = &to_web,
	  .effect_count = 1 },
	{ .path_count = 1,
	  .on = ON_FILES,
	  .conditions = &not_git,
	  .condition_count = 1,
	  .effects = to_build,
	  .effect_count = 2 },
	{ .on = OCCASION_BIT(ON_EXECUTE) | OCCASION_BIT(ON_FORK),
	  .conditions = &is_alice,
	  .condition_count = 1,
	  .effects = to_build,
	  .effect_count = 1 },
	{ .path_count = 1,
	  .on = OCCASION_BIT(ON_EXECUTE) | OCCASION_BIT(ON_EXIT),
	  .conditions = alice_in_tmp,
	  .condition_count = 2,
	  .effects = &to_web,
	  .effect_count = 1 },
	{ .path_count = 1,
	  .on = OCCASION_BIT(ON_EXECUTE) | OCCASION_BIT(ON_EXIT),
	  .stop = true,
	  .effects = &to_web,
	  .effect_count = 1 },
	{ .on = OCCASION_BIT(ON_EXECUTE) | OCCASION_BIT(ON_EXIT) | OCCASION_BIT(ON_OPEN) },
};
static const struct rule_target language_targets[] = {
	{ .rule = 0, .kind = TARGET_FILE, .text = "/usr/bin/git" },
	{ .rule = 1, .kind = TARGET_FOLDER, .text = "/etc" },
	{ .rule = 3, .kind = TARGET_FILE, .text = "/usr/bin/git" },
	{ .rule = 4, .kind = TARGET_FILE, .text = "/usr/bin/git" },
};
static const struct policy language_policy = { .rules = language,
					       .rule_count = ARRAY_SIZE(language) };

static struct ruleset *compiled(const struct policy *from)
{
	struct ruleset *rules = NULL;

	assert_int_equal(ruleset_new(from, language_targets, ARRAY_SIZE(language_targets), &rules),
			 0);
	return rules;
}

static void judges(void **state)
{
	_cleanup_(ruleset_freep) struct ruleset *rules = compiled(&language_policy);
	struct facts facts;
	struct verdict v;

	/* All that match, up to `stop`; a dry run stops nothing and gives no group. */
	assert_true(judge(rules, facts_of(ON_EXECUTE, "/usr/bin/git", 1000), &v));
	assert_int_equal(v.count, 3);
	assert_int_equal(v.rules[0], 0);
	assert_int_equal(v.rules[1], 2);
	assert_int_equal(v.rules[2], 4);
	assert_int_equal(v.group, BUILD);
	assert_int_equal(v.group_rule, 2);
	assert_false(v.kill);
	assert_true(judge(rules, facts_of(ON_EXECUTE, "/usr/bin/git", 7), &v));
	assert_int_equal(v.group, WEB);
	assert_int_equal(v.group_rule, 4);
	/* Without a file the program is meant. */
	assert_true(judge(rules, facts_of(ON_EXIT, NULL, 7), &v));
	assert_int_equal(v.count, 1);
	assert_int_equal(v.rules[0], 4);
	assert_true(judge(rules, facts_of(ON_FORK, NULL, 1000), &v));
	assert_int_equal(v.rules[0], 2);
	assert_false(judge(rules, facts_of(ON_FORK, NULL, 7), &v));
	/* An opening is several occasions at once, and its rules are tried in one order. */
	assert_false(judge(rules, facts_of(ON_READ, "/etc/passwd", 7), &v));
	facts = facts_of(ON_WRITE, "/etc/passwd", 7);
	facts.occasions = ON_FILES | OCCASION_BIT(ON_OPEN);
	facts.exe = slice_of("/bin/sh");
	assert_true(ruleset_judge(rules, &facts, &v));
	assert_int_equal(v.count, 2);
	assert_true(v.kill);
	facts.known = 0;
	assert_true(ruleset_judge(rules, &facts, &v));
	assert_int_equal(v.count, 1);
	assert_false(v.kill);
}

static void a_dry_policy_is_judged_as_it_would_be(void **state)
{
	struct policy dry = language_policy;
	_cleanup_(ruleset_freep) struct ruleset *rules = NULL;
	struct verdict v;

	dry.dry_run = true;
	rules = compiled(&dry);
	assert_true(judge(rules, facts_of(ON_EXECUTE, "/usr/bin/git", 1000), &v));
	assert_int_equal(v.count, 1);
	assert_int_equal(v.group, WEB);
}

static void what_can_be_forgotten(void **state)
{
	_cleanup_(ruleset_freep) struct ruleset *rules = compiled(&language_policy);
	struct file_key passwd = { .path = "/etc/passwd", .length = 11 };
	struct file_key other = { .path = "/var/x", .length = 6 };

	assert_false(ruleset_can_forget(rules, ON_READ, &passwd, true));
	assert_true(ruleset_can_forget(rules, ON_READ, &other, true));
	/* by another name it may be below /etc */
	assert_false(ruleset_can_forget(rules, ON_READ, &other, false));
	/* a rule about whoever executes */
	assert_false(ruleset_can_forget(rules, ON_EXECUTE, &other, true));
	assert_true(ruleset_concerns(rules, ON_FILES, &passwd));
	assert_false(ruleset_concerns(rules, ON_FILES, &other));
	assert_int_equal(ruleset_occasions(rules),
			 ON_FILES | OCCASION_BIT(ON_EXECUTE) | OCCASION_BIT(ON_FORK) |
				 OCCASION_BIT(ON_EXIT) | OCCASION_BIT(ON_OPEN));
}

/* Conditions on the program say of most files that no rule is about them. */
static void what_programs_leave_to_forget(void **state)
{
	char name[] = "make";
	struct policy_word word = { .form = WORD_EXACT, .text = name };
	struct policy_condition conditions[] = {
		{ .kind = CONDITION_PROGRAM, .words = &word, .word_count = 1 },
		{ .kind = CONDITION_TIME },
	};
	struct policy_rule rule[] = {
		{ .conditions = conditions,
		  .condition_count = 1,
		  .on = OCCASION_BIT(ON_EXECUTE) | OCCASION_BIT(ON_SETUID) },
		{ .conditions = &conditions[1], .condition_count = 1, .on = OCCASION_BIT(ON_EXIT) },
	};
	struct policy p = { .rules = rule, .rule_count = ARRAY_SIZE(rule) };
	struct file_key make = { .path = "/usr/bin/make", .length = 13 };
	struct file_key other = { .path = "/make/x", .length = 7 };
	struct file_key nameless = { .path = "" };
	_cleanup_(ruleset_freep) struct ruleset *rules = NULL;

	assert_int_equal(ruleset_new(&p, NULL, 0, &rules), 0);
	assert_true(ruleset_goes_by_name(rules, ON_EXECUTE));
	assert_false(ruleset_can_forget(rules, ON_EXECUTE, &make, true));
	assert_true(ruleset_can_forget(rules, ON_EXECUTE, &other, true));
	assert_false(ruleset_can_forget(rules, ON_EXECUTE, &other, false));
	assert_false(ruleset_can_forget(rules, ON_EXECUTE, &nameless, true));
	/* There the program is who does it, and a file is nothing to it. */
	assert_false(ruleset_can_forget(rules, ON_SETUID, &other, true));
	ruleset_freep(&rules);
	rule[1].on |= OCCASION_BIT(ON_EXECUTE);
	rules = NULL;
	assert_int_equal(ruleset_new(&p, NULL, 0, &rules), 0);
	assert_false(ruleset_can_forget(rules, ON_EXECUTE, &other, true));
}

static void keep(const struct explanation *explanation, void *userdata)
{
	((struct explanation *)userdata)[explanation->rule] = *explanation;
}

/* Rules for users alone: who is none of them is told before the file is known. */
static void who_passes(void **state)
{
	struct policy_rule for_users[] = {
		{ .on = OCCASION_BIT(ON_EXECUTE), .conditions = &is_alice, .condition_count = 1 },
		{ .on = OCCASION_BIT(ON_EXECUTE),
		  .conditions = alice_in_tmp,
		  .condition_count = 2 },
	};
	const struct policy p = { .rules = for_users, .rule_count = ARRAY_SIZE(for_users) };
	_cleanup_(ruleset_freep) struct ruleset *rules = NULL, *mixed = compiled(&language_policy);
	struct facts named = facts_of(ON_EXECUTE, NULL, 1000), bob = facts_of(ON_EXECUTE, NULL, 7);

	assert_int_equal(ruleset_new(&p, NULL, 0, &rules), 0);
	assert_true(ruleset_goes_by_process(rules, ON_EXECUTE));
	assert_true(ruleset_may_match(rules, &named));
	assert_false(ruleset_may_match(rules, &bob));
	/* Whose ids cannot be known is nobody whom a rule could name. */
	named.known = 0;
	assert_false(ruleset_may_match(rules, &named));
	assert_false(ruleset_goes_by_process(rules, ON_READ));
	/* A rule with paths, and one for everybody. */
	assert_false(ruleset_goes_by_process(mixed, ON_EXECUTE));
	assert_false(ruleset_goes_by_process(mixed, ON_OPEN));
}

static void explains(void **state)
{
	_cleanup_(ruleset_freep) struct ruleset *rules = compiled(&language_policy);
	struct facts facts = facts_of(ON_EXECUTE, "/usr/bin/git", 1000);
	struct explanation told[ARRAY_SIZE(language)] = { 0 };

	ruleset_explain(rules, &facts, keep, told);
	assert_true(told[0].matched);
	assert_true(told[1].not_on);
	assert_true(told[2].matched);
	assert_ptr_equal(told[3].failed, &alice_in_tmp[1]);
	assert_true(told[3].unknown);
	assert_true(told[4].matched);
	assert_true(told[5].not_tried);
	facts = facts_of(ON_EXECUTE, "/usr/bin/gi", 7);
	ruleset_explain(rules, &facts, keep, told);
	assert_true(told[0].file_differs);
	assert_ptr_equal(told[2].failed, &is_alice);
	assert_false(told[2].unknown);
	assert_true(told[5].matched);
}

/* More rules than are looked at at once. */
static void very_many_rules_keep_their_order(void **state)
{
	enum { MANY = 100000 };
	_cleanup_(freep) struct policy_rule *many = calloc(MANY, sizeof(*many));
	struct policy p = { .rules = many, .rule_count = MANY };
	_cleanup_(ruleset_freep) struct ruleset *rules = NULL;
	struct verdict v;

	assert_non_null(many);
	for (size_t i = 0; i < MANY; i++)
		many[i] = (struct policy_rule){ .on = OCCASION_BIT(ON_OOM) };
	for (size_t i = 0; i < MANY - 2; i++)
		if (i != 5 && i != 70000)
			many[i].conditions = &is_alice, many[i].condition_count = 1;
	many[MANY - 2].stop = true;
	assert_int_equal(ruleset_new(&p, NULL, 0, &rules), 0);
	assert_true(judge(rules, facts_of(ON_OOM, NULL, 7), &v));
	assert_int_equal(v.count, 3);
	assert_int_equal(v.rules[0], 5);
	assert_int_equal(v.rules[1], 70000);
	assert_int_equal(v.rules[2], MANY - 2);
}

/* Many rules on one path: each is found by its user, and only where the path is right. */
static void shared_paths_are_still_compared(void **state)
{
	enum { MANY = 300 };
	static struct policy_rule many[MANY];
	static struct policy_condition users[MANY];
	static struct policy_word numbers[MANY];
	static struct rule_target places[MANY];
	struct policy p = { .rules = many, .rule_count = MANY };
	_cleanup_(ruleset_freep) struct ruleset *rules = NULL;
	struct explanation told[MANY];
	struct facts facts;
	struct verdict v;

	for (uint32_t i = 0; i < MANY; i++) {
		numbers[i] = (struct policy_word){
			.form = WORD_NUMBER, .text = alice_name, .least = i / 3, .most = i / 3
		};
		users[i] = (struct policy_condition){ .kind = CONDITION_USER,
						      .words = &numbers[i],
						      .word_count = 1 };
		many[i] = (struct policy_rule){ .path_count = 1,
						.on = OCCASION_BIT(ON_EXECUTE),
						.conditions = &users[i],
						.condition_count = 1 };
		places[i] = (struct rule_target){ .rule = i, .kind = (enum target_kind)(i % 3) };
		places[i].text = i % 3 == TARGET_FILE	  ? "/usr/bin/ssh"
				 : i % 3 == TARGET_FOLDER ? "/usr/bin"
							  : "/usr/*/ss?";
		places[i].has_identity = i % 3 == TARGET_FILE;
		places[i].ino = 7;
	}
	assert_int_equal(ruleset_new(&p, places, MANY, &rules), 0);
	assert_true(judge(rules, facts_of(ON_EXECUTE, "/usr/bin/ssh", 5), &v));
	assert_int_equal(v.count, 3);
	assert_int_equal(v.rules[0], 15);
	assert_true(judge(rules, facts_of(ON_EXECUTE, "/usr/bin/cc", 5), &v));
	assert_int_equal(v.count, 1);
	assert_int_equal(v.rules[0], 16);
	assert_true(judge(rules, facts_of(ON_EXECUTE, "/usr/lib/ssx", 5), &v));
	assert_int_equal(v.rules[0], 17);
	assert_false(judge(rules, facts_of(ON_EXECUTE, "/bin/ssh", 5), &v));
	/* by identity, where no rule names the path */
	facts = facts_of(ON_EXECUTE, "/tmp/link", 5);
	facts.file.ino = 7;
	assert_true(judge(rules, facts, &v));
	assert_int_equal(v.count, 1);
	assert_int_equal(v.rules[0], 15);
	assert_true(ruleset_concerns(rules, OCCASION_BIT(ON_EXECUTE), &facts.file));
	ruleset_explain(rules, &facts, keep, told);
	assert_true(told[15].matched);
	assert_true(told[16].file_differs);
	assert_ptr_equal(told[18].failed, &users[18]);
}

static void a_wrong_regex_is_told(void **state)
{
	char text[] = "(";
	struct policy_word word = { .form = WORD_REGEX, .text = text };
	struct policy_condition condition = { .kind = CONDITION_COMM,
					      .words = &word,
					      .word_count = 1 };
	struct policy_rule rule = { .conditions = &condition, .condition_count = 1 };
	struct policy p = { .rules = &rule, .rule_count = 1 };
	struct ruleset *rules = NULL;

	assert_int_equal(ruleset_new(&p, NULL, 0, &rules), -EINVAL);
	assert_null(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches),
		cmocka_unit_test(folders_and_globs),
		cmocka_unit_test(many_rules_are_cut_in_order),
		cmocka_unit_test(nothing_matches_nothing),
		cmocka_unit_test(judges),
		cmocka_unit_test(a_dry_policy_is_judged_as_it_would_be),
		cmocka_unit_test(what_can_be_forgotten),
		cmocka_unit_test(what_programs_leave_to_forget),
		cmocka_unit_test(who_passes),
		cmocka_unit_test(explains),
		cmocka_unit_test(very_many_rules_keep_their_order),
		cmocka_unit_test(shared_paths_are_still_compared),
		cmocka_unit_test(a_wrong_regex_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
