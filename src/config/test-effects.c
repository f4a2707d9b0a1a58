// SPDX-License-Identifier: MIT
/*
 * What rules do, what does not go together, and what stands beside rules: templates, triggers,
 * tests. covers: schema-effects.c schema-process.c schema-rates.c schema-triggers.c schema-tests.c
 * covers: rule-check.c resolve.c
 */
#include "config/test-policy.h"

#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <syslog.h>

#define X_RULE "rules: {r: {on: fork, stop: true}}\n"
#define GROUPS "groups: {g: , h: }\ntriggers: {t: {run: sh}, u: {run: sh}}\n"

static const struct policy_rule *rule_of(struct parsed *parsed, const char *body)
{
	_cleanup_(freep) char *text = NULL;
	_cleanup_(freep) char *said = NULL;

	assert_true(asprintf(&text, GROUPS "rules: {r: {%s}}\n", body) > 0);
	*parsed = parse(text);
	said = told(&parsed->diagnostics);
	if (parsed->result != 0)
		fail_msg("%s:\n%s", body, said);
	assert_int_equal(parsed->policy->rule_count, 1);
	return &parsed->policy->rules[0];
}

/* The only effect of a rule about executions. */
static const struct policy_effect *effect_of(struct parsed *parsed, const char *body,
					     enum effect_kind kind)
{
	_cleanup_(freep) char *full = NULL;
	const struct policy_rule *rule;

	assert_true(asprintf(&full, "on: execute, paths: [/x], %s", body) > 0);
	rule = rule_of(parsed, full);
	assert_int_equal(rule->effect_count, 1);
	assert_int_equal(rule->effects[0].kind, kind);
	return &rule->effects[0];
}

static void expect_body(const char *body, const char *expected)
{
	_cleanup_(freep) char *text = NULL;

	assert_true(asprintf(&text, "rules: {r: {\n%s}}\n" GROUPS, body) > 0);
	expect(text, expected);
}

static void numbers(void **state)
{
	struct parsed parsed[11] = { 0 };
	const struct policy_effect *effect = effect_of(&parsed[0], "nice: -20", EFFECT_NICE);

	assert_int_equal(effect->nice, -20);
	assert_int_equal(effect->at.line, 3);
	effect = effect_of(&parsed[1], "oom_score_adj: 1000", EFFECT_OOM_SCORE_ADJ);
	assert_int_equal(effect->oom_score_adj, 1000);
	effect = effect_of(&parsed[2], "ionice: best-effort:7", EFFECT_IONICE);
	assert_int_equal(effect->ionice.class, 2);
	assert_int_equal(effect->ionice.level, 7);
	effect = effect_of(&parsed[3], "ionice: idle", EFFECT_IONICE);
	assert_int_equal(effect->ionice.class, 3);
	effect = effect_of(&parsed[4], "sched: fifo 50", EFFECT_SCHED);
	assert_int_equal(effect->sched.policy, SCHED_FIFO);
	assert_int_equal(effect->sched.priority, 50);
	effect = effect_of(&parsed[5], "affinity: '0-2,64'", EFFECT_AFFINITY);
	assert_int_equal(effect->cpus[0], 7);
	assert_int_equal(effect->cpus[1], 1);
	effect = effect_of(&parsed[6], "timer_slack: 50us", EFFECT_TIMER_SLACK);
	assert_int_equal(effect->timer_slack_ns, 50000);
	effect = effect_of(&parsed[7], "delay: 20ms", EFFECT_DELAY);
	assert_int_equal(effect->delay_ns, 20000000);
	effect = effect_of(&parsed[8], "limit: {ram: 1G, pids: 9}", EFFECT_LIMIT);
	assert_int_equal(effect->limit->ram, 1 << 30);
	assert_int_equal(effect->limit->pids, 9);
	effect = effect_of(&parsed[9], "deny: EACCES", EFFECT_DENY);
	assert_int_equal(effect->deny, EACCES);
	effect = effect_of(&parsed[10], "deny: true", EFFECT_DENY);
	assert_int_equal(effect->deny, EPERM);
	for (size_t i = 0; i < ARRAY_SIZE(parsed); i++)
		parsed_done(&parsed[i]);
}

static void number_mistakes(void **state)
{
#define X "on: execute, paths: [/x],\n"
	expect_body(X "nice: 20",
		    "3:7 error: \"nice\" must be a whole number, -20 to 19, not 20\n");
	expect_body(X "nice: 1.5",
		    "3:7 error: \"nice\" must be a whole number, -20 to 19, not 1.5\n");
	expect_body(X "oom_score_adj: --5", "3:16 error: \"oom_score_adj\" must be a whole number, "
					    "-1000 to 1000, not --5\n");
	expect_body(X "ionice: idel", "3:9 error: \"ionice\" must be idle, best-effort:0 to 7, "
				      "realtime:0 to 7, not \"idel\" (did you mean \"idle\"?)\n");
	expect_body(X "ionice: idle:3",
		    "3:9 error: \"ionice\": nothing can stand behind \"idle\"\n");
	expect_body(X "sched: rr", "3:8 error: \"sched\": write \"rr:\" and a number, 1 to 99\n");
	expect_body(X "sched: fifo:100",
		    "3:8 error: \"sched\": write \"fifo:\" and a number, 1 to 99\n");
	expect_body(X "affinity: 3-1", "3:11 error: \"affinity\": \"3-1\" is no list of numbers "
				       "below 1024 (write a list such as \"0-3,8\")\n");
	expect_body(X "affinity: 1024", "3:11 error: \"affinity\": \"1024\" is no list of numbers "
					"below 1024 (write a list such as \"0-3,8\")\n");
	expect_body(X "timer_slack: 50", "3:14 error: \"timer_slack\": \"50\" is no time (write a "
					 "number with ns, us, ms, s, min, h or d)\n");
	expect_body(X "delay: 1min", "3:8 error: \"delay\" must be 1ms to 10.0s, not 1min\n");
	expect_body(X "limit: 5", "3:8 error: \"limit\" must be a map of limits, not \"5\" (write "
				  "limit: { ram: 2G, pids: 100 })\n");
	expect_body(X "limit: {rma: 1G}",
		    "3:9 error: unknown key \"rma\" in a group (did you mean \"ram\"?)\n");
	expect_body(X "limit: {memory: 1G}",
		    "3:9 error: unknown key \"memory\" in a group (here it is \"ram\")\n");
	expect_body(X "limit: {mem: 1G}",
		    "3:9 error: unknown key \"mem\" in a group (here it is \"ram\")\n");
	expect_body(X "deny: EINVAL",
		    "3:7 error: \"deny\" must be EPERM or EACCES, not \"EINVAL\"\n");
}

static void resources(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed = { 0 };
	const struct policy_rule *rule =
		rule_of(&parsed, "on: setuid, rlimits: {nofile: '100:200', core: 0, as: 4G, "
				 "cpu: 1500ms, stack: 'unlimited'}");

	assert_int_equal(rule->effect_count, 5);
	assert_int_equal(rule->effects[0].rlimit.resource, RLIMIT_NOFILE);
	assert_int_equal(rule->effects[0].rlimit.soft, 100);
	assert_int_equal(rule->effects[0].rlimit.hard, 200);
	assert_int_equal(rule->effects[1].rlimit.hard, 0);
	assert_true(rule->effects[2].rlimit.hard == UINT64_C(4) << 30);
	assert_int_equal(rule->effects[3].rlimit.soft, 2);
	assert_true(rule->effects[4].rlimit.soft == RLIM_INFINITY);
	expect_body(X "rlimits: {nofiel: 5}",
		    "3:11 error: \"nofiel\" is no limit of a process (did "
		    "you mean \"nofile\"?)\n");
	expect_body(X "rlimits: {nofile: '9:5', core: x, nice: -1}",
		    "3:19 error: \"nofile\": the soft limit is above the hard one (write "
		    "\"soft:hard\")\n"
		    "3:32 error: \"core\": \"x\" is no limit (write a number, \"unlimited\", or "
		    "\"soft:hard\")\n"
		    "3:41 error: \"nice\": \"-1\" is no limit (write a number, \"unlimited\", or "
		    "\"soft:hard\")\n");
	expect_body(X "rlimits: 5",
		    "3:10 error: \"rlimits\" must be a map of keys and values, not \"5\"\n");
}

/* They come in the order in which they are carried out. */
static void several(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed = { 0 };
	const struct policy_rule *rule =
		rule_of(&parsed,
			"on: execute, paths: [/x], kill: true, trigger: [t, KILL, u], log: 'a %p', "
			"group: h, deny: true, nice: 5");
	static const enum effect_kind kinds[] = { EFFECT_DENY, EFFECT_GROUP,   EFFECT_NICE,
						  EFFECT_LOG,  EFFECT_TRIGGER, EFFECT_TRIGGER,
						  EFFECT_KILL };

	assert_int_equal(rule->effect_count, ARRAY_SIZE(kinds));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		assert_int_equal(rule->effects[i].kind, kinds[i]);
	assert_int_equal(rule->effects[1].group.index, 1);
	assert_null(rule->effects[1].group.template);
	assert_int_equal(rule->effects[3].log.level, LOG_NOTICE);
	assert_string_equal(rule->effects[3].log.message, "a %p");
	assert_int_equal(rule->effects[4].trigger, 0);
	assert_int_equal(rule->effects[5].trigger, 1);
	assert_int_equal(rule->effects[6].signal.number, SIGKILL);
	expect_body(X "trigger: [t, v]", "3:14 error: trigger \"v\" is not defined\n");
	expect_body(X "trigger: []", "3:10 error: \"trigger\" is empty (take the key out)\n");
	expect_body(X "log: {level: warn, message: '%z'}",
		    "3:14 error: \"level\" must be debug, info, notice, warning or error, not "
		    "\"warn\"\n"
		    "3:29 error: \"message\": \"%z\" is no field: write %% for the sign itself\n");
}

static void scopes(void **state)
{
	_cleanup_(parsed_done) struct parsed tree = { 0 }, own = { 0 }, plain = { 0 }, kill = { 0 };
	const struct policy_rule *rule =
		rule_of(&tree,
			"on: execute, paths: [/x], signal: sigterm, freeze: on, scope: tree");

	assert_int_equal(rule->effects[0].scope, SCOPE_TREE);
	assert_int_equal(rule->effects[1].signal.number, SIGTERM);
	assert_int_equal(rule->effects[1].signal.scope, SCOPE_TREE);
	rule = rule_of(&own, "on: execute, paths: [/x], group: g, signal: 10, kill: process, "
			     "scope: group");
	assert_int_equal(rule->effects[1].signal.scope, SCOPE_GROUP);
	assert_int_equal(rule->effects[2].signal.scope, SCOPE_PROCESS);
	assert_int_equal(effect_of(&plain, "thaw: true", EFFECT_THAW)->scope, SCOPE_PROCESS);
	assert_int_equal(effect_of(&kill, "signal: KILL", EFFECT_KILL)->signal.number, SIGKILL);
	expect_body(X "signal: TREM", "3:9 error: \"signal\": there is no signal \"TREM\" (did you "
				      "mean \"TERM\"?)\n");
	expect_body(X "signal: 65", "3:9 error: \"signal\": there is no signal \"65\"\n");
	expect_body(X "kill: all", "3:7 error: \"kill\" must be process, tree or group, not "
				   "\"all\"\n");
	expect_body(X "kill: group", "3:7 error: \"kill\" goes to a group, and rule \"r\" names "
				     "none (add \"group\" or \"group_in\")\n");
	expect_body(X "group_in: g, kill: group", "");
	expect_body(X "nice: 5, scope: tree", "3:17 warning: \"scope\" has no effect without kill, "
					      "signal, freeze or thaw\n");
	expect_body("on: oom, kill: group", "");
}

static void impossible(void **state)
{
	expect_body("on: exit, exe: /x, deny: true",
		    "2:26 error: \"deny\" on exit comes too late: only execute, read, write and "
		    "open are asked about before they happen\n");
	expect_body("on: [execute, fork], exe: /x, delay: 5ms",
		    "2:38 error: \"delay\" on fork comes too late: only execute, read, write and "
		    "open are asked about before they happen\n");
	expect_body("on: fork, deadline: {after: 20ms}, log: true",
		    "2:21 error: \"deadline\" on fork: nothing waits for the decision\n");
	expect_body("on: exit, nice: 5", "2:17 error: \"nice\" on exit: the process is no more\n");
	expect_body("on: exit, group: g",
		    "2:18 error: \"group\" on exit: the process is no more\n");
	expect_body("on: exit, kill: true", "2:17 error: \"kill\" on exit: the process is no more "
					    "(add scope: tree or scope: group)\n");
	expect_body("on: exit, kill: tree", "");
	expect_body("on: limit-hit, freeze: true",
		    "2:24 error: \"freeze\" on limit-hit: it is a group that this is about (add "
		    "scope: group)\n");
	expect_body("on: limit-hit, limit: {pids: 5}",
		    "2:23 error: \"limit\" on limit-hit: it is a group that this is about\n");
	expect_body(X "freeze: true, thaw: true", "3:21 error: \"freeze\" and \"thaw\" undo each "
						  "other (take one of them out)\n");
	expect_body(X "group: g, limit: {pids: 5}",
		    "3:18 error: \"group\" and \"limit\" are two groups, and a process is in one "
		    "(take one of them out)\n");
	expect_body(X "kill: false", "1:9 error: rule \"r\"" TOLD_NOTHING "\n");
}

static void rates(void **state)
{
	_cleanup_(parsed_done) struct parsed one = { 0 }, map = { 0 }, late = { 0 };
	const struct policy_rule *rule =
		rule_of(&one, "on: fork, rate: {per: user, max: 100/s, then: kill}");

	assert_int_equal(rule->effect_count, 0);
	assert_int_equal(rule->rate.per, RATE_PER_USER);
	assert_int_equal(rule->rate.max, 100);
	assert_int_equal(rule->rate.interval_ns, 1000000000);
	assert_int_equal(rule->rate.then_count, 1);
	assert_int_equal(rule->rate.then[0].kind, EFFECT_KILL);
	assert_int_equal(rule->rate.then[0].signal.number, SIGKILL);
	rule = rule_of(&map, "on: execute, paths: [/x], scope: tree, log: on, rate: {max: 3/10s, "
			     "then: {trigger: u, freeze: true, group: h}}");
	assert_int_equal(rule->rate.per, RATE_PER_RULE);
	assert_true(rule->rate.interval_ns == UINT64_C(10000000000));
	assert_int_equal(rule->rate.then_count, 3);
	assert_int_equal(rule->rate.then[0].group.index, 1);
	assert_int_equal(rule->rate.then[1].scope, SCOPE_TREE);
	assert_int_equal(rule->rate.then[2].trigger, 1);
	rule = rule_of(&late,
		       "on: write, paths: [/x], log: on, deadline: {after: 20ms, then: deny}");
	assert_int_equal(rule->deadline.after_ns, 20000000);
	assert_true(rule->deadline.deny);
	expect_body("on: fork, rate: {then: kill}",
		    "2:17 error: \"rate\" has no \"max\" (add max: 10/s)\n");
	expect_body("on: fork, rate: {max: often}",
		    "2:23 error: \"max\": \"often\" is no rate (write \"10/s\", \"5/min\" or "
		    "\"100/h\")\n");
	expect_body("on: fork, rate: {max: 5/s, then: deny}",
		    "2:34 error: \"deny\" on fork comes too late: only execute, read, write and "
		    "open are asked about before they happen\n");
	expect_body("on: fork, rate: {max: 5/s, then: stop}",
		    "2:34 error: \"then\" must be deny, kill, freeze or log, not \"stop\"\n");
	expect_body("on: fork, rate: {max: 5/s, per: usr}",
		    "2:33 error: \"per\" must be rule, user, exe or cgroup, not \"usr\" (did you "
		    "mean \"user\"?)\n");
	expect_body(X "log: on, deadline: {then: deny}",
		    "3:20 error: \"deadline\" has no \"after\" (add after: 20ms)\n");
}

static void templates(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed =
		parse("groups: {'users/%u': {pids: 9}, a%%b: }\n"
		      "rules:\n"
		      "  a: {on: fork, group: 'users/%u'}\n"
		      "  b: {on: fork, group: 'apps/x/%n-%c'}\n"
		      "  c: {on: fork, group: 'a%%b'}\n"
		      "  d: {on: fork, group_in: [users/alice, users], stop: true}\n");
	_cleanup_(freep) char *said = told(&parsed.diagnostics);
	const struct policy *policy = parsed.policy;
	const struct policy_effect *effect;

	assert_string_equal(said, "");
	/* The parents of what they make are groups like others. */
	assert_int_equal(policy->group_count, 4);
	assert_true(policy_find_group(policy, "users") >= 0);
	assert_true(policy_find_group(policy, "apps/x") >= 0);
	assert_int_equal(policy_find_group(policy, "users/%u"), POLICY_NONE);
	effect = &policy->rules[0].effects[0];
	assert_int_equal(effect->group.index, POLICY_NONE);
	assert_string_equal(effect->group.template, "users/%u");
	assert_int_equal(effect->group.limits->pids, 9);
	effect = &policy->rules[1].effects[0];
	assert_string_equal(effect->group.template, "apps/x/%n-%c");
	assert_null(effect->group.limits);
	effect = &policy->rules[2].effects[0];
	assert_int_equal(effect->group.index, policy_find_group(policy, "a%b"));
	assert_null(effect->group.template);
	expect("groups: {'a%e': , 'b%': , '%u/../x': }\n" X_RULE,
	       "1:10 error: group \"a%e\": the field %e cannot stand here\n"
	       "1:19 error: group \"b%\": a single % at the end: write %% for the sign itself\n"
	       "1:27 error: a group cannot be named \"%u/../x\": \"..\" is not allowed in it\n");
	expect_body("on: fork, group: 'x/%r'",
		    "2:18 error: group \"x/%r\": the field %r cannot stand here\n");
	expect_body("on: fork, group: '%u/cpu.max'",
		    "2:18 error: a group cannot be named \"%u/cpu.max\": \"cpu.max\" is a name of "
		    "the kernel's own files\n");
}

static void triggers(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed = parse(
		"groups: {g: , h: }\n" X_RULE
		"triggers: {t: {run: sh, user: 0, env: {A: 1, B_2: 'x y', C: }, cwd: /etc, "
		"timeout: 5s, concurrency: 2, rate: 10/min, queue: 0, group: h, stdin: event, "
		"args: ['%p', '100%%']}, u: {run: sh, timeout: none}}\n");
	_cleanup_(freep) char *said = told(&parsed.diagnostics);
	const struct policy_trigger *trigger;

	assert_string_equal(said, "");
	trigger = &parsed.policy->triggers[0];
	assert_string_equal(trigger->user, "root");
	assert_string_equal(trigger->env[0], "A=1");
	assert_string_equal(trigger->env[1], "B_2=x y");
	assert_string_equal(trigger->env[2], "C=");
	assert_null(trigger->env[3]);
	assert_string_equal(trigger->cwd, "/etc");
	assert_true(trigger->timeout_ns == UINT64_C(5000000000));
	assert_int_equal(trigger->concurrency, 2);
	assert_int_equal(trigger->rate, 10);
	assert_true(trigger->rate_interval_ns == UINT64_C(60000000000));
	assert_int_equal(trigger->queue, 0);
	assert_int_equal(trigger->group, 1);
	assert_true(trigger->event_on_stdin);
	assert_true(trigger->group_count >= 1);
	assert_non_null(trigger->shell);
	trigger++;
	assert_true(trigger->timeout_ns == UINT64_MAX);
	assert_int_equal(trigger->queue, 64);
	assert_int_equal(trigger->concurrency, 0);
	assert_int_equal(trigger->group, POLICY_NONE);
	assert_null(trigger->env);
	assert_string_equal(trigger->user, "nobody");
}

static void trigger_mistakes(void **state)
{
	expect(X_RULE "triggers: {t: {run: sh, args: ['%z'], env: {1A: x, REEVE_X: y, B: []}, "
		      "concurrency: 0}}\n",
	       "2:32 error: \"args\": \"%z\" is no field: write %% for the sign itself\n"
	       "2:45 error: \"1A\" is no name of a variable\n"
	       "2:52 error: \"REEVE_X\": variables named so tell of the event (choose another "
	       "name)\n"
	       "2:67 error: \"B\" must be a text, not a list\n"
	       "2:85 error: \"concurrency\" must be 1 to 1024, not 0\n");
	expect(X_RULE "triggers: {t: {run: sh, cwd: etc, group: no, user: 400000000}}\n",
	       "2:30 error: \"cwd\": \"etc\" does not begin with \"/\" (write the path from \"/\" "
	       "on)\n"
	       "2:42 error: group \"no\" is not defined\n"
	       "2:52 error: there is no user \"400000000\" on this host\n");
	expect(X_RULE "triggers: {t: {run: sh, cwd: /none, timeout: 5, rate: 5, stdin: evnt}}\n",
	       "2:30 error: \"cwd\": there is no folder \"/none\"\n"
	       "2:46 error: \"timeout\": \"5\" is no time (write a number with ns, us, ms, s, min, "
	       "h or d)\n"
	       "2:55 error: \"rate\": \"5\" is no rate (write \"10/s\", \"5/min\" or \"100/h\")\n"
	       "2:65 error: \"stdin\" must be nothing or event, not \"evnt\" (did you mean "
	       "\"event\"?)\n");
}

static void tests_of_a_policy(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed =
		parse(X_RULE "tests:\n"
			     "- name: one\n"
			     "  exe: /usr/bin/make\n"
			     "  user: alice\n"
			     "  unix_group: [a, b]\n"
			     "  args: [make, -j8]\n"
			     "  time: sat 22:30\n"
			     "  memfd: no\n"
			     "  expect: {group: none, rules: [r], kill: yes}\n"
			     "- on: write\n"
			     "  path: //etc/passwd\n"
			     "  time: '2026-03-31 12:00'\n"
			     "  expect: {group: users/alice, deny: no}\n"
			     "groups: {users/alice: }\n");
	_cleanup_(freep) char *said = told(&parsed.diagnostics);
	const struct policy_test *test;

	assert_string_equal(said, "");
	assert_int_equal(parsed.policy->test_count, 2);
	test = &parsed.policy->tests[0];
	assert_string_equal(test->name, "one");
	assert_int_equal(test->on, ON_EXECUTE);
	assert_string_equal(test->path, "/usr/bin/make");
	assert_string_equal(test->args[1], "-j8");
	assert_null(test->args[2]);
	assert_int_equal(test->given_count, 5);
	assert_int_equal(test->given[4].kind, CONDITION_MEMFD);
	assert_string_equal(test->given[4].text, "false");
	assert_string_equal(test->group, "");
	assert_string_equal(test->rules[0], "r");
	assert_int_equal(test->kill, 1);
	assert_int_equal(test->deny, -1);
	assert_true(test->time > 0);
	test++;
	assert_int_equal(test->on, ON_WRITE);
	assert_string_equal(test->path, "/etc/passwd");
	assert_null(test->args);
	assert_null(test->rules);
	assert_string_equal(test->group, "users/alice");
	assert_int_equal(test->deny, 0);
	assert_int_equal(test->at.line, 11);
}

static void mistakes_in_tests(void **state)
{
	expect(X_RULE "tests: [5, {path: /x}, {expect: {kill: on}}, {on: exit, path: /x, expect: "
		      "{}}, {path: /x, tiem: 5, expect: {}}]\n",
	       "2:9 error: a test must be a map, not \"5\"\n"
	       "2:12 error: this test expects nothing (add expect: { group: NAME })\n"
	       "2:24 error: this test says not which file (add path: /usr/bin/name)\n"
	       "2:63 error: \"path\" on exit: no file is opened (use \"exe\")\n"
	       "2:91 error: unknown key \"tiem\" in a test (did you mean \"time\"?)\n");
	expect(X_RULE "tests: [{path: /x, time: noon, expect: {}}]\n",
	       "2:26 error: \"time\": \"noon\" is no time (write \"2026-03-31 22:30\" or \"sat "
	       "22:30\")\n");
	expect("groups: {g: , 'u/%u': }\n"
	       "rules: {rule: {on: fork, group: 'u/%u'}}\n"
	       "tests:\n"
	       "- {on: fork, expect: {rules: [rule, ruel], group: u/x}}\n"
	       "- {on: fork, expect: {group: h}}\n",
	       "4:3 error: this test expects a rule \"ruel\", and there is none (did you mean "
	       "\"rule\"?)\n"
	       "5:3 error: this test expects a group \"h\", and there is none\n");
	expect(X_RULE "tests: {}\n",
	       "2:8 error: \"tests\" must be a list, not a map (write - name: WHAT)\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(number_mistakes),
		cmocka_unit_test(resources),
		cmocka_unit_test(several),
		cmocka_unit_test(scopes),
		cmocka_unit_test(impossible),
		cmocka_unit_test(rates),
		cmocka_unit_test(templates),
		cmocka_unit_test(triggers),
		cmocka_unit_test(trigger_mistakes),
		cmocka_unit_test(tests_of_a_policy),
		cmocka_unit_test(mistakes_in_tests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
