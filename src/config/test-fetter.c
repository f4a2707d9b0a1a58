// SPDX-License-Identifier: MIT
/*
 * fetter's own behaviour was probed file by file (the numbers in the comments); each probe is here
 * with what reeve does, natively and with LOAD_COMPAT_FETTER.
 *
 * Natively, what fetter left silent (unknown key, duplicate key, truncated float, bad action, empty
 * paths, missing user, missing program of a trigger, two rules on one path) is an error. With
 * compat it is a warning, and what fetter skipped later is left out at once.
 */
#include "config/test-policy.h"

#include <syslog.h>

#define MISSING                                                                           \
	"0:0 error: required key \"rules\" is missing (add \"rules:\"; \"rules: {}\" if " \
	"there are to be none)\n"
#define R	 "rules: {r: {paths: [/x], action: execute, group: g}}\n"
#define G	 "groups: {g: }\n"
#define NO_RULES "0:0 warning: no rules: nothing will be done\n"

/* The same sentences, as errors natively and as warnings with compat. */
static void expect_quirk(const char *text, const char *error, const char *warning)
{
	expect(text, error);
	expect_fetter(text, warning);
}

static void whole_files(void **state)
{
	expect_quirk("rules: {}", NO_RULES, NO_RULES); /* 05 ok */
	/* 02 an empty file is an error */
	expect_quirk("", "1:1 error: the file is empty\n", "1:1 error: the file is empty\n");
	expect_quirk("---\n", MISSING, MISSING);
	expect_quirk("rules:\n", MISSING, MISSING); /* 04 error */
	/* 43 a list is an error */
	expect_fetter("rules: []",
		      "1:8 error: \"rules\" must be a map of keys and values, not a list\n");
	/* 44 so is bad syntax */
	expect_fetter("rules: {", "2:1 error: did not find expected node content (is a value or a "
				  "closing bracket missing?)\n");
	/* 54 keys are not taken in another case */
	expect_fetter("Rules: {}",
		      MISSING "1:1 warning: unknown key \"Rules\" in a policy (did you mean "
			      "\"rules\"?)\n");
}

static void name_and_mode(void **state)
{
	/* 06, 07, 08 were errors, since the key was then missing; with compat they are defaults */
	expect_quirk("name: ''\n" R G,
		     "1:7 error: \"name\" is empty (take the key out for its default)\n",
		     "1:7 warning: \"name\" is empty (take the key out for its default)\n");
	expect_quirk("name:\n" R G,
		     "1:6 error: \"name\" has no value (take the key out for its default)\n",
		     "1:6 warning: \"name\" has no value (take the key out for its default)\n");
	expect_fetter("mode:\n" R G,
		      "1:6 warning: \"mode\" has no value (take the key out for its default)\n");
	/* 09 error */
	expect_fetter("mode: AUDIT\n" R G, "1:7 error: \"mode\" must be audit or scanner, not "
					   "\"AUDIT\" (did you mean \"audit\"?)\n");
	expect_fetter("mode: ''\n" R G, "1:7 error: \"mode\" must be audit or scanner, not \"\"\n");
	/* 45 was ok, and `clean` then removed a foreign folder: never */
	expect_fetter("name: ../../../etc\n" R G, "1:7 error: \"name\" cannot be \"../../../etc\": "
						  "\"..\" is not allowed in it\n");
}

static void default_name(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed = parse_named("t", R G, LOAD_COMPAT_FETTER);

	assert_string_equal(parsed.policy->name, "fetter");
}

static void keys(void **state)
{
	/* 10, 11 unknown keys were ok at every level */
	expect_quirk("foo: 1\n" R "groups: {g: {foo: 1}}\n",
		     "1:1 error: unknown key \"foo\" in a policy\n"
		     "3:14 error: unknown key \"foo\" in a group\n",
		     "1:1 warning: unknown key \"foo\" in a policy\n"
		     "3:14 warning: unknown key \"foo\" in a group\n");
	/* 35, 36 of duplicate keys the last was taken */
	expect_quirk(R "groups: {g: {cpu: 1, cpu: 2}}\n",
		     "2:22 error: duplicate key \"cpu\"\n2:14 note: the first is here\n",
		     "2:22 warning: duplicate key \"cpu\": the last one is used\n"
		     "2:14 note: the first is here\n");
	/* 41 of two documents the first: see test-yaml.c. 55 anchors: there too. */
}

static void rules(void **state)
{
	/* 12 error */
	expect_fetter("rules: {r: {paths: /x, action: execute, group: g}}\n" G,
		      "1:20 error: \"paths\" must be a list, not \"/x\" (write paths: [ "
		      "/usr/bin/name "
		      "])\n");
	/* 13 missing and 14 empty paths were loaded, and the rule skipped later */
	expect_quirk("rules: {r: {action: execute, group: g}}\n" G,
		     "1:9 error: rule \"r\" has no paths (add paths: [ /usr/bin/name ])\n",
		     NO_RULES
		     "1:9 warning: rule \"r\" has no paths (add paths: [ /usr/bin/name ])\n");
	expect_quirk("rules: {r: {paths: [], action: execute, group: g}}\n" G,
		     "1:20 error: \"paths\" is empty\n",
		     NO_RULES "1:20 warning: \"paths\" is empty\n");
	/* 15 no action, 16 an unknown one */
	expect_quirk("rules: {r: {paths: [/x], group: g}}\n" G,
		     "1:9 error: rule \"r\" has no action (add action: execute, read or write)\n",
		     NO_RULES "1:9 warning: rule \"r\" has no action (add action: execute, read or "
			      "write)\n");
	expect_quirk("rules: {r: {paths: [/x], action: exec, group: g}}\n" G,
		     "1:34 error: \"action\" must be " TOLD_OCCASIONS ", not \"exec\"\n",
		     NO_RULES "1:34 warning: \"action\" must be " TOLD_OCCASIONS
			      ", not \"exec\"\n");
	/* 17 neither group nor trigger */
	expect_quirk("rules: {r: {paths: [/x], action: read}}\n",
		     "1:9 error: rule \"r\"" TOLD_NOTHING "\n",
		     NO_RULES "1:9 warning: rule \"r\"" TOLD_NOTHING "\n");
	/* 47 a relative path was loaded and never matched */
	expect_quirk("rules: {r: {paths: [x, /x], action: read, group: g}}\n" G,
		     "1:21 error: \"x\" is no path for a rule: it does not begin with \"/\" (write "
		     "the "
		     "path from \"/\" on)\n",
		     "1:21 warning: \"x\" is no path for a rule: it does not begin with \"/\" "
		     "(write the "
		     "path from \"/\" on)\n");
	/* 46 spaces and commas in names and paths: loaded there and broken; they work here */
	expect_quirk("rules: {'a b,c': {paths: [/x y, '/x,y'], action: read, group: g}}\n" G, "",
		     "");
	/* 56-58 null and empty entries were ok */
	expect_quirk(
		"rules: {r: {paths: [~, '', /x, 1], action: read, group: g}}\n" G,
		"1:21 error: a path is empty\n"
		"1:24 error: a path is empty\n"
		"1:32 error: \"1\" is no path for a rule: it does not begin with \"/\" (write the "
		"path from \"/\" on)\n",
		"1:21 warning: a path is empty\n"
		"1:24 warning: a path is empty\n"
		"1:32 warning: \"1\" is no path for a rule: it does not begin with \"/\" (write "
		"the path from \"/\" on)\n");
	/* of two rules on one path one won, at random: all act, the first group wins */
	expect_quirk("rules:\n  a: {paths: [/x], action: read, group: g}\n"
		     "  b: {paths: [/x], action: read, trigger: KILL}\n" G,
		     "", "");
}

static void links(void **state)
{
	/* 18, 20 ok */
	expect_quirk("rules: {r: {paths: [/x], action: read, trigger: KILL}}\n", "", "");
	expect_quirk("rules: {r: {paths: [/x], action: read, trigger: KILL, group: g}}\n" G, "",
		     "");
	/* 19 an error, unless a group has that name */
	expect_fetter("rules: {r: {paths: [/x], action: read, group: KILL}}\n",
		      "1:47 error: group \"KILL\" is not defined (write \"trigger: KILL\")\n");
	expect_quirk("rules: {r: {paths: [/x], action: read, group: KILL}}\ngroups: {KILL: }\n", "",
		     "");
	/* 21 with KILL the group was not looked at */
	expect_quirk("rules: {r: {paths: [/x], action: read, trigger: KILL, group: no}}\n",
		     "1:62 error: group \"no\" is not defined\n",
		     "1:62 warning: group \"no\" is not defined\n");
	/* 22 error; fetter's named the trigger */
	expect_fetter("rules: {r: {paths: [/x], action: read, trigger: t, group: no}}\n"
		      "triggers: {t: {run: sh}}\n",
		      "1:59 error: group \"no\" is not defined\n");
	expect_fetter("rules: {r: {paths: [/x], action: read, trigger: no}}\n",
		      "1:49 error: trigger \"no\" is not defined\n");
}

static void triggers(void **state)
{
	/* 23 without a program it was loaded, and failed at each event */
	const char *text = "rules:\n"
			   "  a: {paths: [/x], action: read, trigger: t}\n"
			   "  b: {paths: [/y], action: read, trigger: t, group: g}\n"
			   "  c: {paths: [/z], action: read, trigger: u}\n" G
			   "triggers: {t: , u: {run: sh}, v: {run: /none, user: none}}\n";
	_cleanup_(parsed_done) struct parsed parsed = parse_named("t", text, LOAD_COMPAT_FETTER);
	const struct policy *policy = parsed.policy;

	expect_quirk(text,
		     "6:12 error: trigger \"t\" has no program (add run: /path/of/program)\n"
		     "6:40 error: \"run\": there is no program \"/none\"\n"
		     "6:53 error: there is no user \"none\" on this host\n",
		     "6:12 warning: trigger \"t\" has no program (add run: /path/of/program)\n"
		     "6:40 warning: \"run\": there is no program \"/none\"\n"
		     "6:53 warning: there is no user \"none\" on this host\n");
	assert_int_equal(policy->trigger_count, 1);
	assert_string_equal(policy->triggers[0].name, "u");
	assert_int_equal(policy->rule_count, 2);
	assert_string_equal(policy->rules[0].name, "b");
	assert_null(rule_effect(&policy->rules[0], EFFECT_TRIGGER));
	assert_int_equal(rule_effect(&policy->rules[0], EFFECT_GROUP)->group.index, 0);
	assert_int_equal(rule_effect(&policy->rules[1], EFFECT_TRIGGER)->trigger, 0);
	/* "" meant nobody */
	expect_quirk(R G "triggers: {t: {run: sh, user: ''}}\n",
		     "3:31 error: \"user\" is empty (take the key out for its default)\n",
		     "3:31 warning: \"user\" is empty (take the key out for its default)\n");
	expect_fetter(R G "triggers: {t: {run: sh, args: foo}}\n",
		      "3:31 error: \"args\" must be a list, not \"foo\" (write args: [ one, two "
		      "])\n");
}

/* A "%" was one to fetter: in arguments, which it gave as they are, and in names of groups. */
static void percents(void **state)
{
	const char *text = "rules:\n"
			   "  a: {paths: [/x], action: read, group: 100%, trigger: t}\n"
			   "  b: {paths: [/y], action: read, group: u/%u}\n"
			   "groups: {100%: , u/%u: }\n"
			   "triggers: {t: {run: sh, args: ['%p', 50%, plain]}}\n";
	_cleanup_(parsed_done) struct parsed parsed = parse_named("t", text, LOAD_COMPAT_FETTER);
	const struct policy *policy = parsed.policy;

	expect_fetter(text, "");
	assert_int_equal(policy->group_count, 3);
	assert_string_equal(policy->groups[policy->rules[0].effects[0].group.index].name, "100%");
	assert_string_equal(policy->groups[policy->rules[1].effects[0].group.index].name, "u/%u");
	assert_null(policy->rules[1].effects[0].group.template);
	/* The runner fills fields in; doubled it is the sign. */
	assert_string_equal(policy->triggers[0].args[0], "%%p");
	assert_string_equal(policy->triggers[0].args[1], "50%%");
	assert_string_equal(policy->triggers[0].args[2], "plain");
}

/* What fetter's rules become in the new language. */
static void meaning(void **state)
{
	const char *text = "rules:\n"
			   "  a: {paths: [/x], action: write, group: g, trigger: KILL}\n"
			   "  b: {paths: [/y/], action: execute, trigger: t}\n"
			   "  c: {paths: [/y/], action: execute, trigger: KILL, group: no}\n" G
			   "triggers: {t: {run: sh}}\n";
	_cleanup_(parsed_done) struct parsed parsed = parse_named("t", text, LOAD_COMPAT_FETTER);
	const struct policy_rule *rules = parsed.policy->rules;

	assert_int_equal(parsed.policy->rule_count, 3);
	assert_int_equal(rules[0].on, OCCASION_BIT(ON_WRITE));
	assert_int_equal(rules[0].effect_count, 2);
	assert_int_equal(rules[0].effects[0].kind, EFFECT_GROUP);
	assert_int_equal(rules[0].effects[1].kind, EFFECT_KILL);
	assert_int_equal(rules[1].on, OCCASION_BIT(ON_EXECUTE));
	assert_int_equal(rules[1].effect_count, 1);
	assert_int_equal(rules[1].effects[0].trigger, 0);
	assert_int_equal(rules[2].effect_count, 1);
	assert_int_equal(rules[2].effects[0].kind, EFFECT_KILL);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(rules[i].condition_count, 0);
		assert_false(rules[i].stop || rules[i].dry_run || rules[i].force);
	}
}

static struct limits group(struct parsed *parsed, const char *limits)
{
	_cleanup_(freep) char *text = NULL;

	assert_true(asprintf(&text, "%sgroups: {g: {%s}}\n", R, limits) > 0);
	*parsed = parse_named("t", text, LOAD_COMPAT_FETTER);
	assert_int_equal(parsed->result, 0);
	return parsed->policy->groups[0].limits;
}

static void numbers(void **state)
{
	_cleanup_(parsed_done) struct parsed zero = { 0 }, below = { 0 }, cut = { 0 },
					     small = { 0 }, odd = { 0 };
	struct limits limits;

	/* zero is "no limit", as documented */
	limits = group(&zero, "cpu: 0, ram: 0, pids: 0, freeze: false");
	assert_int_equal(limits.set, LIMIT_BIT(LIMIT_FREEZE));
	assert_int_equal(zero.diagnostics.count, 0);
	/* 24 so were negative numbers */
	limits = group(&below, "cpu: -1, ram: -2, pids: -3");
	assert_int_equal(limits.set, 0);
	assert_int_equal(below.diagnostics.warnings, 3);
	/* 25 floats lost their fraction */
	limits = group(&cut, "cpu: 12.5, ram: 1e2, pids: 7.9");
	assert_int_equal(limits.cpu.millionths, 120000);
	assert_int_equal(limits.ram, 100 << 20);
	assert_int_equal(limits.pids, 7);
	assert_int_equal(cut.diagnostics.warnings, 3);
	limits = group(&small, "cpu: 0.5, ram: -0.5, pids: -1.5");
	assert_int_equal(limits.set, 0);
	/* YAML 1.1's ways to write a number; 32 cpu above 100 */
	limits = group(&odd, "cpu: 500, ram: 1_000, pids: 010");
	assert_int_equal(limits.cpu.millionths, 5000000);
	assert_int_equal(limits.ram, 1000 << 20);
	assert_int_equal(limits.pids, 8);
	expect(R "groups: {g: {cpu: 0, ram: -1, pids: 7.9}}\n",
	       "2:19 error: \"cpu\" must be 1 to 1000000, not 0 (take the key out for no limit)\n"
	       "2:27 error: \"ram\" must be 4K or more, not -1 (take the key out for no limit)\n"
	       "2:37 error: \"pids\" must be a whole number, not 7.9\n");
	/* 27, 28, 30, 31, 33 were errors. Quoted numbers and units are taken here. */
	expect_fetter(R "groups: {g: {cpu: '200', ram: 2G}}\n",
		      "2:19 warning: \"cpu\" is more than the whole machine: no limit in effect\n");
	expect_fetter(R "groups: {g: {ram: 99999999999999999999, freeze: 1}}\n",
		      "2:19 error: \"ram\": 99999999999999999999 is more than any machine has "
		      "(write "
		      "\"max\" for no limit)\n"
		      "2:49 error: \"freeze\" must be true or false, not \"1\"\n");
	expect_fetter(R "groups: {g: {freeze: 'true'}}\n",
		      "2:22 error: \"freeze\" must be true or false, not \"true\" (without "
		      "quotes)\n");
	expect_fetter(R "groups: {g: [cpu]}\n",
		      "2:13 error: \"g\" must be a map of keys and values, not a list\n");
}

static void logging_and_audit(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed =
		parse_named("t", "logging: {file: foo.log, level: debug}\n" R G,
			    LOAD_COMPAT_FETTER);
	_cleanup_(parsed_done) struct parsed public =
		parse_named("t", "logging: {file: 'file:///tmp/fetter.log', level: Fatal}\n" R G,
			    LOAD_COMPAT_FETTER);

	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.diagnostics.warnings, 1);
	assert_true(parsed.policy->log_file[0] == '/');
	assert_non_null(strstr(parsed.policy->log_file, "/foo.log"));
	assert_int_equal(parsed.policy->log_level, LOG_DEBUG);
	assert_int_equal(public.result, 0);
	assert_string_equal(public.policy->log_file, "stderr");
	assert_int_equal(public.policy->log_level, LOG_ERR);
	/* 37 was ok at load; 38 was told, and info used */
	expect_fetter("audit: {mode: bad}\nlogging: {level: none}\n" R G,
		      "1:15 warning: \"mode\" must be override, preserve or reuse, not \"bad\"\n"
		      "2:18 warning: \"level\" must be debug, info, notice, warning or error, not "
		      "\"none\": info is used\n");
}

/* fetter's own test file, and what its test wants of it. */
static void its_own_test_file(void **state)
{
	static const char text[] =
		"logging:\n  file: foo.log\n  level: debug\n"
		"name: testing-fetter\nmode: scanner\naudit:\n  mode: reuse\n"
		"rules:\n"
		"  r1:\n    paths: [/bin/r1]\n    action: execute\n    group: g1\n"
		"  r2:\n    paths: [/bin/r2]\n    action: read\n    group: g2\n"
		"    trigger: t2\n"
		"  r3:\n    paths: [/bin/r3]\n    action: execute\n"
		"    trigger: KILL\n"
		"groups:\n"
		"  g1:\n    ram: 100\n    cpu: 10\n    pids: 1\n"
		"  g2:\n    ram: 200\n    cpu: 20\n    pids: 0\n    freeze: true\n"
		"triggers:\n"
		"  t1:\n    run: /bin/true\n    args: [foo, bar]\n    user: nobody\n"
		"  t2:\n    run: /bin/false\n";
	_cleanup_(parsed_done) struct parsed parsed = parse_named("t", text, LOAD_COMPAT_FETTER);
	const struct policy *policy = parsed.policy;

	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.diagnostics.warnings, 1); /* the log's relative path */
	assert_string_equal(policy->name, "testing-fetter");
	assert_int_equal(policy->mode, MODE_SCANNER);
	assert_string_equal(policy->audit_mode, "reuse");
	assert_int_equal(policy->rule_count, 3);
	assert_int_equal(policy->rules[0].on, OCCASION_BIT(ON_EXECUTE));
	assert_int_equal(rule_effect(&policy->rules[0], EFFECT_GROUP)->group.index, 0);
	assert_int_equal(policy->rules[1].on, OCCASION_BIT(ON_READ));
	assert_int_equal(rule_effect(&policy->rules[1], EFFECT_GROUP)->group.index, 1);
	assert_int_equal(rule_effect(&policy->rules[1], EFFECT_TRIGGER)->trigger, 1);
	assert_non_null(rule_effect(&policy->rules[2], EFFECT_KILL));
	assert_int_equal(policy->groups[0].limits.ram, 100 << 20);
	assert_int_equal(policy->groups[0].limits.cpu.millionths, 100000);
	assert_int_equal(policy->groups[0].limits.pids, 1);
	assert_false(limits_has(&policy->groups[1].limits, LIMIT_PIDS));
	assert_true(policy->groups[1].limits.freeze);
	assert_string_equal(policy->triggers[0].run, "/bin/true");
	assert_string_equal(policy->triggers[0].args[1], "bar");
	assert_string_equal(policy->triggers[1].user, "nobody");
	assert_null(policy->triggers[1].args[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_files),
		cmocka_unit_test(name_and_mode),
		cmocka_unit_test(default_name),
		cmocka_unit_test(keys),
		cmocka_unit_test(rules),
		cmocka_unit_test(links),
		cmocka_unit_test(triggers),
		cmocka_unit_test(percents),
		cmocka_unit_test(meaning),
		cmocka_unit_test(numbers),
		cmocka_unit_test(logging_and_audit),
		cmocka_unit_test(its_own_test_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
