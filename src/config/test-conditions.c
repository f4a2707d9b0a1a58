// SPDX-License-Identifier: MIT
/*
 * What a rule is about, and under which conditions.
 * covers: schema-accounts.c schema-conditions.c schema-rules.c
 */
#include "config/test-policy.h"

#include <grp.h>
#include <pwd.h>

/* The only rule of "rules: {r: {...}}". */
static const struct policy_rule *rule_of(struct parsed *parsed, const char *body)
{
	_cleanup_(freep) char *text = NULL;
	_cleanup_(freep) char *said = NULL;

	assert_true(asprintf(&text, "groups: {g: , g/h: }\nrules: {r: {%s}}\n", body) > 0);
	*parsed = parse(text);
	said = told(&parsed->diagnostics);
	if (parsed->result != 0)
		fail_msg("%s:\n%s", body, said);
	assert_int_equal(parsed->policy->rule_count, 1);
	return &parsed->policy->rules[0];
}

/* Conditions as one text: "user=alice:1000;not(exe=/x)". */
static void show(struct text *text, const struct policy_condition *conditions, size_t count)
{
	static const char forms[] = { [WORD_EXACT] = '=',
				      [WORD_FOLDER] = '/',
				      [WORD_GLOB] = '*',
				      [WORD_REGEX] = '~',
				      [WORD_NUMBER] = '#' };

	for (size_t i = 0; i < count; i++) {
		const struct policy_condition *condition = &conditions[i];

		text_addf(text, "%s%d", i ? ";" : "", condition->kind);
		if (condition->wanted)
			text_add(text, "!");
		for (size_t j = 0; j < condition->word_count; j++) {
			const struct policy_word *word = &condition->words[j];

			text_addf(text, "%s%c%s", word->joined ? "all" : "", forms[word->form],
				  word->text);
			if (word->form == WORD_NUMBER)
				text_addf(text, ":%llu-%llu", (unsigned long long)word->least,
					  (unsigned long long)word->most);
			if (word->unknown)
				text_add(text, "?");
		}
		if (condition->window_count > 0)
			text_addf(text, "%zu", condition->window_count);
		if (condition->inner_count > 0) {
			text_add(text, "(");
			show(text, condition->inner, condition->inner_count);
			text_add(text, ")");
		}
	}
}

static void expect_conditions(const char *body, const char *expected)
{
	_cleanup_(parsed_done) struct parsed parsed = { 0 };
	_cleanup_(freep) char *actual = NULL, *full = NULL;
	const struct policy_rule *rule;
	struct text text;

	assert_true(asprintf(&full, "on: fork, stop: true, %s", body) > 0);
	rule = rule_of(&parsed, full);
	text_init(&text);
	show(&text, rule->conditions, rule->condition_count);
	actual = text_take(&text);
	assert_string_equal(actual, expected);
}

static void expect_mistake(const char *body, const char *expected)
{
	_cleanup_(freep) char *text = NULL;

	assert_true(asprintf(&text, "rules: {r: {on: fork, stop: true,\n%s}}\n", body) > 0);
	expect(text, expected);
}

static void words(void **state)
{
	char expected[64];

	snprintf(expected, sizeof(expected), "%d=make*a?b*[x]~^x$", CONDITION_COMM);
	expect_conditions("comm: [make, 'a?b', '[x]', 're:^x$']", expected);
	snprintf(expected, sizeof(expected), "%d=-jall~a b", CONDITION_ARGS);
	expect_conditions("args: [-j, 'all:re:a b']", expected);
	snprintf(expected, sizeof(expected), "%d=pts/3*pts/*=none", CONDITION_TTY);
	expect_conditions("tty: [/dev/pts/3, 'pts/*', none]", expected);
	snprintf(expected, sizeof(expected), "%d=/a*/b/*", CONDITION_CGROUP);
	expect_conditions("cgroup: [/a/, '/b/*']", expected);
	snprintf(expected, sizeof(expected), "%d=g=g/h", CONDITION_GROUP_IN);
	expect_conditions("group_in: [g, g/h]", expected);
	snprintf(expected, sizeof(expected), "%d=host=docker=0123abc=pod:1-2", CONDITION_CONTAINER);
	expect_conditions("container: [host, docker, 0123abc, 'pod:1-2']", expected);
	snprintf(expected, sizeof(expected), "%d=net:other#pid:4026531836:4026531836-4026531836",
		 CONDITION_NAMESPACE);
	expect_conditions("namespace: ['net:other', 'pid:4026531836']", expected);
	snprintf(expected, sizeof(expected), "%d!;%d;%d!", CONDITION_MEMFD, CONDITION_DELETED,
		 CONDITION_SETUID_PROGRAM);
	expect_conditions("setuid_program: yes, memfd: true, deleted: no", expected);
	snprintf(expected, sizeof(expected), "%d2", CONDITION_TIME);
	expect_conditions("time: [sat, '* * * * 1']", expected);
}

static void paths(void **state)
{
	char expected[96];

	snprintf(expected, sizeof(expected), "%d=/none/x//none*/a/**~^/b", CONDITION_EXE);
	expect_conditions("exe: [//none/x, /none/, '/a/**', 're:^/b']", expected);
	/* What is a folder now is one without its slash, too; a working folder stays itself. */
	snprintf(expected, sizeof(expected), "%d//etc;%d=/etc", CONDITION_SCRIPT, CONDITION_CWD);
	expect_conditions("cwd: /etc, script: /etc", expected);
	snprintf(expected, sizeof(expected), "%d=sshd*ssh?;%d=/none/x", CONDITION_PARENT,
		 CONDITION_ANCESTOR);
	expect_conditions("ancestor: /none/x, parent: [sshd, 'ssh?']", expected);
}

/* A link stands for where it leads, too. */
static void links(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed = { 0 };
	char link[] = "/tmp/reeve-test-link-XXXXXX", body[128];
	const struct policy_condition *condition;

	assert_non_null(mkdtemp(link));
	assert_int_equal(rmdir(link), 0);
	assert_int_equal(symlink("/usr/bin/env", link), 0);
	snprintf(body, sizeof(body), "on: fork, stop: true, parent: %s", link);
	condition = rule_of(&parsed, body)->conditions;
	unlink(link);
	assert_int_equal(condition->word_count, 2);
	assert_string_equal(condition->words[0].text, link);
	assert_string_equal(condition->words[1].text, "/usr/bin/env");
}

static void users(void **state)
{
	const struct passwd *nobody = getpwnam("nobody");
	const struct group *daemon = getgrnam("daemon");
	char expected[192];

	assert_true(nobody && daemon);
	snprintf(expected, sizeof(expected),
		 "%d#5:5-5#1000-1999:1000-1999;%d#root:0-0#nobody:%u-%u#7:7-7;%d#unset:%u-%u;"
		 "%d#daemon:%u-%u",
		 CONDITION_UID, CONDITION_USER, nobody->pw_uid, nobody->pw_uid, CONDITION_LOGINUID,
		 UINT32_MAX, UINT32_MAX, CONDITION_UNIX_GROUP, daemon->gr_gid, daemon->gr_gid);
	expect_conditions("unix_group: daemon, loginuid: unset, user: [root, nobody, 7], "
			  "uid: [5, 1000-1999]",
			  expected);
}

/* Told with the rule's name, and kept: nobody is matched. */
static void unknown_users(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed =
		parse("rules: {r: {on: fork, stop: true, user: [root, nosuchuser], unix_group: "
		      "nosuchgroup}}\n");
	_cleanup_(freep) char *said = told(&parsed.diagnostics);
	const struct policy_word *word;

	assert_string_equal(said, "1:48 warning: rule \"r\": there is no user \"nosuchuser\" on "
				  "this host (yet)\n"
				  "1:73 warning: rule \"r\": there is no group \"nosuchgroup\" on "
				  "this host (yet)\n");
	assert_int_equal(parsed.result, 0);
	word = &parsed.policy->rules[0].conditions[0].words[1];
	assert_string_equal(word->text, "nosuchuser");
	assert_true(word->unknown);
	assert_true(word->least > word->most);
	assert_int_equal(word->at.column, 48);
}

static void nots(void **state)
{
	char expected[128];

	snprintf(expected, sizeof(expected), "%d=a;%d(%d#root:0-0;%d=b);%d(%d(%d=c))",
		 CONDITION_COMM, CONDITION_NOT, CONDITION_USER, CONDITION_COMM, CONDITION_NOT,
		 CONDITION_NOT, CONDITION_COMM);
	expect_conditions("not: [{comm: b, user: root}, {not: {comm: c}}], comm: a", expected);
	expect_mistake("not: {}", "2:6 error: \"not\" must be a map of conditions, or a list of "
				  "such, not an empty one (write not: { user: root })\n");
	expect_mistake("not: [root]", "2:7 error: \"not\" must be a map of conditions, or a list "
				      "of such, not \"root\" (write not: { user: root })\n");
	expect_mistake("not: {usr: root}",
		       "2:7 error: unknown key \"usr\" in \"not\" (did you mean \"user\"?)\n");
	expect_mistake("not: {group: g}",
		       "2:7 error: unknown key \"group\" in \"not\" (did you mean \"cgroup\"?)\n");
	expect_mistake("not: {paths: [/x]}", "2:7 error: unknown key \"paths\" in \"not\" (put a "
					     "rule with these paths and "
					     "\"stop: true\" before it)\n");
	expect_mistake("not: {not: {not: {not: {not: {comm: a}}}}}",
		       "2:30 error: more than 4 \"not\" in one another\n");
}

static void mistakes(void **state)
{
	expect_mistake("usre: root",
		       "2:1 error: unknown key \"usre\" in a rule (did you mean \"user\"?)\n");
	expect_mistake("uid: root", "2:6 error: \"uid\": \"root\" is no number (names stand in "
				    "\"user\")\n");
	expect_mistake("uid: 9-5", "2:6 error: \"uid\": \"9-5\" is no number, and no range of "
				   "numbers that goes up\n");
	expect_mistake("uid: 4294967295", "2:6 error: \"uid\": \"4294967295\" is no number, and no "
					  "range of numbers that goes up\n");
	expect_mistake("comm: a-long-name-of-program",
		       "2:7 error: \"comm\": the kernel keeps 15 bytes of a name, "
		       "\"a-long-name-of-program\" has 22 (write its first 15 bytes, or use "
		       "\"exe\")\n");
	expect_mistake("comm: 'a[b'", "2:7 error: \"comm\": \"a[b\" is no pattern: \"[\" has no "
				      "closing \"]\"\n");
	expect_mistake("args: 're:(a'", "2:7 error: \"args\": \"(a\" is no expression: this ( is "
					"never closed\n");
	expect_mistake("args: re:x)y", "2:11 error: \"args\": \"x)y\" is no expression: this ) "
				       "closes nothing\n");
	expect_mistake("comm: {}",
		       "2:7 error: \"comm\" must be one or a list of them, not a map\n");
	expect_mistake("comm: []", "2:7 error: \"comm\" is an empty list (take the key out)\n");
	expect_mistake("comm: ",
		       "2:7 error: \"comm\" has no value (take the key out for its default)\n");
	expect_mistake("cgroup: a", "2:9 error: \"cgroup\": \"a\" does not begin with \"/\" (write "
				    "the path from \"/\" on)\n");
	expect_mistake("cwd: a/b", "2:6 error: \"a/b\" is no path for a rule: it does not begin "
				   "with \"/\" (write the path from \"/\" on)\n");
	expect_mistake("namespace: other",
		       "2:12 error: \"namespace\": \"other\" is none (write \"net:other\", "
		       "\"mnt:host\" or \"pid:4026531836\"; kinds are cgroup, ipc, mnt, net, pid, "
		       "time, user and uts)\n");
	expect_mistake("group_in: nope", "2:11 error: group \"nope\" is not defined\n");
	expect_mistake("container: dokcer",
		       "2:12 warning: \"dokcer\" is taken as the name of a container (did you mean "
		       "\"docker\"?)\n");
	expect_mistake("time: noon",
		       "2:7 error: \"time\": \"noon\" is no time: a day is one of mon, tue, wed, "
		       "thu, fri, sat and sun (write \"mon-fri 08:00-18:00\" or \"* 8-17 * * "
		       "1-5\")\n");
	expect_mistake("memfd: 1", "2:8 error: \"memfd\" must be true or false, not \"1\"\n");
}

/* ---- what it is about ---- */

static void occasions(void **state)
{
	_cleanup_(parsed_done) struct parsed one = { 0 }, several = { 0 };

	assert_int_equal(rule_of(&one, "on: limit-hit, log: true")->on, OCCASION_BIT(ON_LIMIT_HIT));
	assert_int_equal(rule_of(&several, "action: [read, open], paths: [/x], log: true")->on,
			 OCCASION_BIT(ON_READ) | OCCASION_BIT(ON_OPEN));
	expect("rules: {r: {on: [fork, exti], stop: true}}\n",
	       "1:24 error: \"on\" must be " TOLD_OCCASIONS
	       ", not \"exti\" (did you mean \"exit\"?)\n");
	expect("rules: {r: {on: fork, action: fork, stop: true}}\n",
	       "1:17 error: \"on\" and \"action\" are the same (take one of them out)\n");
	expect("rules: {r: {on: [], stop: true}}\n", "1:17 error: \"on\" is an empty list\n");
}

/* Programs are paths of an execution, and a condition of all else. */
static void programs(void **state)
{
	_cleanup_(parsed_done) struct parsed one = { 0 }, two = { 0 }, three = { 0 }, four = { 0 };
	_cleanup_(parsed_done) struct parsed five = { 0 };
	const struct policy_rule *rule =
		rule_of(&one, "on: execute, exe: [/none/x, /n/], kill: on");

	assert_int_equal(rule->path_count, 2);
	assert_string_equal(rule->paths[0].text, "/none/x");
	assert_true(rule->paths[1].folder);
	assert_int_equal(rule->condition_count, 0);
	rule = rule_of(&two, "on: execute, exe: 're:/x$', kill: on");
	assert_int_equal(rule->path_count, 0);
	assert_int_equal(rule->conditions[0].kind, CONDITION_EXE);
	rule = rule_of(&three, "on: [exit], paths: [/none/x], log: on");
	assert_int_equal(rule->path_count, 0);
	assert_string_equal(rule->conditions[0].words[0].text, "/none/x");
	rule = rule_of(&four, "on: write, paths: [/none/x], exe: /none/y, log: on");
	assert_string_equal(rule->paths[0].text, "/none/x");
	assert_string_equal(rule->conditions[0].words[0].text, "/none/y");
	rule = rule_of(&five, "on: [execute, fork], paths: [/none/x], exe: /none/y, log: on");
	assert_int_equal(rule->path_count, 0);
	assert_int_equal(rule->condition_count, 2);
	expect("rules: {r: {on: [write, exit], paths: [/x], log: on}}\n",
	       "1:39 error: \"paths\" would be files for one occasion, and programs for another "
	       "(make two rules of it)\n");
	expect("rules: {r: {on: write, exe: /x, log: on}}\n",
	       "1:9 error: rule \"r\" has no paths (add paths: [ /usr/bin/name ])\n");
	expect("rules: {r: {on: execute, log: on}}\n",
	       "1:9 error: rule \"r\" has no paths (add paths: [ /usr/bin/name ])\n");
	expect("rules: {r: {on: execute, user: root, log: on}}\n", "");
	expect("rules: {r: {on: execute, rate: {max: 9/s, then: kill}}}\n", "");
}

static void lists_of_rules(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed = parse(
		"rules:\n- {name: b, on: fork, stop: yes}\n- {on: exit, name: a, log: yes}\n");

	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.policy->rule_count, 2);
	assert_string_equal(parsed.policy->rules[0].name, "b");
	assert_true(parsed.policy->rules[0].stop);
	assert_string_equal(parsed.policy->rules[1].name, "a");
	assert_int_equal(parsed.policy->rules[1].at.line, 3);
	expect("rules: [{on: fork, stop: yes}, {name: , on: fork}]\n",
	       "1:9 error: this rule has no name (add name: NAME)\n"
	       "1:39 error: \"name\" must be a text, not nothing\n");
	expect("rules: [{name: a, on: fork, stop: yes}, {name: a, on: fork, stop: yes}]\n",
	       "1:48 error: rule \"a\" is there twice\n1:16 note: the first is here\n");
	expect("rules: {a: {name: a, on: fork, stop: yes}}\n",
	       "1:19 error: this rule has its name already (rules of a list have it)\n");
	expect_fetter("rules: [{name: a, on: fork, stop: yes}]\n",
		      "1:8 error: \"rules\" must be a map of keys and values, not a list\n");
}

static void flags(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed = { 0 }, policy = parse("dry_run: true\n"
									    "rules: {}\n");
	const struct policy_rule *rule =
		rule_of(&parsed, "on: fork, dry_run: true, force: true, stop: false, log: true");

	assert_true(rule->dry_run);
	assert_true(rule->force);
	assert_false(rule->stop);
	assert_false(parsed.policy->dry_run);
	assert_true(policy.policy->dry_run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),	 cmocka_unit_test(paths),
		cmocka_unit_test(links),	 cmocka_unit_test(users),
		cmocka_unit_test(unknown_users), cmocka_unit_test(nots),
		cmocka_unit_test(mistakes),	 cmocka_unit_test(occasions),
		cmocka_unit_test(programs),	 cmocka_unit_test(lists_of_rules),
		cmocka_unit_test(flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
