// SPDX-License-Identifier: MIT
/*
 * Every key of the schema but those of groups (test-schema-groups.c): what it becomes, and what is
 * said about wrong values.
 * covers: reader.c resolve.c rule-check.c schema-*.c values.c
 */
#include "config/schema.h"
#include "config/test-policy.h"

#include "util/fd.h"

#include <fcntl.h>
#include <syslog.h>

#define RULES "rules: {r: {paths: [/x], action: execute, trigger: KILL}}\n"

static void defaults(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed = parse(RULES);
	const struct policy *policy = parsed.policy;

	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.diagnostics.count, 0);
	assert_string_equal(policy->name, "reeve");
	assert_int_equal(policy->mode, MODE_AUDIT);
	assert_string_equal(policy->log_file, "stderr");
	assert_int_equal(policy->log_level, LOG_INFO);
	assert_string_equal(policy->audit_mode, "override");
	assert_int_equal(policy->favordynmods, FAVORDYNMODS_AUTO);
	assert_int_equal(policy->gate_threads, 0);
	assert_string_equal(policy->source, "auto");
	assert_int_equal(policy->file_count, 1);
	assert_string_equal(policy->files[0], "t.yaml");
	assert_null(policy->files[1]);
	assert_int_equal(policy->group_count, 0);
	assert_int_equal(policy->trigger_count, 0);
}

static void null_sections_are_defaults(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed =
		parse("logging:\naudit:\ntuning: ~\ngroups:\ntriggers: null\n" RULES);

	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.diagnostics.count, 0);
	assert_string_equal(parsed.policy->log_file, "stderr");
}

static void top_level(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed =
		parse("name: two words\n"
		      "mode: scanner\n"
		      "logging: {file: /var/log/reeve.log, level: WARN}\n"
		      "audit: {mode: preserve}\n"
		      "source: off\n"
		      "tuning: {favordynmods: off, gate_threads: 3}\n" RULES);
	const struct policy *policy = parsed.policy;

	assert_int_equal(parsed.result, 0);
	assert_string_equal(policy->name, "two words");
	assert_int_equal(policy->mode, MODE_SCANNER);
	assert_string_equal(policy->log_file, "/var/log/reeve.log");
	assert_int_equal(policy->log_level, LOG_WARNING);
	assert_string_equal(policy->audit_mode, "preserve");
	assert_int_equal(policy->favordynmods, FAVORDYNMODS_OFF);
	assert_int_equal(policy->gate_threads, 3);
	assert_string_equal(policy->source, "off");
}

static void top_level_mistakes(void **state)
{
	expect("nmae: x\n" RULES,
	       "1:1 error: unknown key \"nmae\" in a policy (did you mean \"name\"?)\n");
	expect("name: ../../x\n" RULES,
	       "1:7 error: \"name\" cannot be \"../../x\": \"..\" is not allowed in it\n");
	expect("name: a/b\n" RULES, "1:7 error: \"name\" cannot contain \"/\"\n");
	expect("name: ''\n" RULES,
	       "1:7 error: \"name\" is empty (take the key out for its default)\n");
	expect("name:\n" RULES,
	       "1:6 error: \"name\" has no value (take the key out for its default)\n");
	expect("name: {}\n" RULES, "1:7 error: \"name\" must be a text, not a map\n");
	expect("mode: AUDIT\n" RULES, "1:7 error: \"mode\" must be audit or scanner, not \"AUDIT\" "
				      "(did you mean \"audit\"?)\n");
	expect("mode: [audit]\n" RULES,
	       "1:7 error: \"mode\" must be audit or scanner, not a list\n");
	expect("logging: [x]\n" RULES,
	       "1:10 error: \"logging\" must be a map of keys and values, not a list\n");
	expect("logging: {file: /tmp/fetter.log}\n" RULES,
	       "1:17 error: the log file is in a folder that every user may write (use a folder "
	       "that "
	       "only root may write, such as /var/log)\n");
	expect("logging: {file: reeve.log}\n" RULES,
	       "1:17 error: the log file \"reeve.log\" depends on the folder that reeve is started "
	       "in "
	       "(write a path from \"/\" on, \"stderr\" or \"journal\")\n");
	expect("logging: {file: stdout}\n" RULES,
	       "1:17 warning: nothing is logged to stdout: stderr is used (write \"stderr\")\n");
	expect("logging: {level: loud}\n" RULES, "1:18 error: \"level\" must be debug, info, "
						 "notice, warning or error, not \"loud\"\n");
	expect("logging: {levle: info}\n" RULES,
	       "1:11 error: unknown key \"levle\" in \"logging\" (did you mean \"level\"?)\n");
	expect("audit: {mode: reused}\n" RULES, "1:15 error: \"mode\" must be override, preserve "
						"or reuse, not \"reused\" (did you mean "
						"\"reuse\"?)\n");
	expect("source: bfp\n" RULES,
	       "1:9 error: \"source\" must be auto, bpf, connector, audit, procfs or off, not "
	       "\"bfp\" (did you mean \"bpf\"?)\n");
	expect("tuning: {favordynmods: yes, gate_threads: 0}\n" RULES,
	       "1:24 error: \"favordynmods\" must be auto or off, not \"yes\"\n"
	       "1:43 error: \"gate_threads\" must be 1 to 1024, not 0\n");
}

static void rules_section(void **state)
{
	expect("groups: {}\n",
	       "0:0 error: required key \"rules\" is missing (add \"rules:\"; \"rules: "
	       "{}\" if there are to be none)\n");
	expect("rules:\n",
	       "0:0 error: required key \"rules\" is missing (add \"rules:\"; \"rules: {}\" "
	       "if there are to be none)\n");
	expect("rules: {}\n", "0:0 warning: no rules: nothing will be done\n");
	expect("rules: [x]\n", "1:9 error: a rule must be a map, not \"x\" (write - name: NAME)\n");
	expect("rules: []\n", "0:0 warning: no rules: nothing will be done\n");
	expect("rules: x\n", "1:8 error: \"rules\" must be a map of keys and values, not \"x\"\n");
}

static void rules(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed = parse(
		"rules:\n"
		"  5: {paths: [//usr/./bin/x, /opt/, '/a/*'], action: read, group: g, trigger: t}\n"
		"  'a, b': {paths: [/usr/bin/x], action: write, trigger: KILL, group: g}\n"
		"groups: {g: , KILL: }\n"
		"triggers: {t: {run: sh, args: [-c, 1, yes, ''], user: root}}\n");
	const struct policy *policy = parsed.policy;
	const struct policy_rule *rule;

	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.diagnostics.count, 0);
	rule = &policy->rules[0];
	assert_string_equal(rule->name, "5");
	assert_int_equal(rule->path_count, 3);
	assert_string_equal(rule->paths[0].text, "/usr/bin/x");
	assert_true(rule->paths[1].folder);
	assert_int_equal(rule->paths[2].at.line, 2);
	assert_int_equal(rule->paths[2].at.column, 37);
	assert_int_equal(rule->on, OCCASION_BIT(ON_READ));
	assert_int_equal(rule_effect(rule, EFFECT_GROUP)->group.index, 0);
	assert_int_equal(rule_effect(rule, EFFECT_TRIGGER)->trigger, 0);
	assert_null(rule_effect(rule, EFFECT_KILL));
	rule = &policy->rules[1];
	assert_string_equal(rule->name, "a, b");
	assert_null(rule_effect(rule, EFFECT_TRIGGER));
	assert_non_null(rule_effect(rule, EFFECT_KILL));
	assert_string_equal(policy->triggers[0].name, "t");
	assert_true(policy->triggers[0].run[0] == '/');
	assert_non_null(strstr(policy->triggers[0].run, "/sh"));
	assert_string_equal(policy->triggers[0].args[0], "-c");
	assert_string_equal(policy->triggers[0].args[2], "yes");
	assert_string_equal(policy->triggers[0].args[3], "");
	assert_null(policy->triggers[0].args[4]);
	assert_string_equal(policy->triggers[0].user, "root");
	assert_int_equal(policy->triggers[0].uid, 0);
	assert_string_equal(policy->triggers[0].home, "/root");
}

static void rule_mistakes(void **state)
{
	expect("rules:\n  r:\n",
	       "2:3 error: rule \"r\" has no action (add action: execute, read or write)\n"
	       "2:3 error: rule \"r\" has no paths (add paths: [ /usr/bin/name ])\n"
	       "2:3 error: rule \"r\"" TOLD_NOTHING "\n");
	expect("rules: {r: {paths: /x, action: exec, group: g}}\ngroups: {g: }\n",
	       "1:20 error: \"paths\" must be a list, not \"/x\" (write paths: [ /usr/bin/name ])\n"
	       "1:32 error: \"action\" must be " TOLD_OCCASIONS ", not \"exec\"\n");
	expect("rules: {r: {paths: [], action: raed, group: g}}\ngroups: {g: }\n",
	       "1:20 error: \"paths\" is empty\n"
	       "1:32 error: \"action\" must be " TOLD_OCCASIONS
	       ", not \"raed\" (did you mean \"read\"?)\n");
	expect("rules: {r: {paths: , action: read, group: bulid}}\ngroups: {build: }\n",
	       "1:20 error: \"paths\" is empty\n"
	       "1:43 error: group \"bulid\" is not defined (did you mean \"build\"?)\n");
	expect("rules: {r: {paths: [bin/x, ~, '', [/x], /a/b*/../c], action: read, trigger: "
	       "mail}}\n"
	       "triggers: {mial: {run: sh}}\n",
	       "1:21 error: \"bin/x\" is no path for a rule: it does not begin with \"/\" (write "
	       "the path "
	       "from \"/\" on)\n"
	       "1:28 error: a path is empty\n"
	       "1:31 error: a path is empty\n"
	       "1:35 error: \"paths\" must be a text, not a list\n"
	       "1:47 error: \"/a/b*/../c\" is no path for a rule: \"..\" is not allowed: behind a "
	       "symlink "
	       "it is another place\n"
	       "1:77 error: trigger \"mail\" is not defined (did you mean \"mial\"?)\n");
	expect("rules: {r: {paths: [/x], action: read, group: KILL}}\n",
	       "1:47 error: group \"KILL\" is not defined (write \"trigger: KILL\")\n");
	expect("rules: {r: {paths: [/x], action: read, trigger: KILL, group: none}}\n",
	       "1:62 error: group \"none\" is not defined\n");
	expect("rules: {r: {paths: [/x], action: read, group: '', trigger: KILL}}\n",
	       "1:47 error: \"group\" is empty (take the key out for its default)\n");
	expect("rules: {'': {paths: [/x], action: read, trigger: KILL}}\n",
	       "1:9 error: a rule needs a name\n");
	expect("rules: {\"a\\tb\": {paths: [/x], action: read, trigger: KILL}}\n",
	       "1:9 error: a name cannot contain a control character\n");
	expect("rules: {r: {path: [/x], action: read, trigger: KILL}}\n",
	       "1:13 error: unknown key \"path\" in a rule (did you mean \"paths\"?)\n");
	expect("rules: {r: {paths: [/], action: read, trigger: KILL}}\n",
	       "1:21 warning: this names every file of the machine\n");
}

/* Every rule acts on its paths; told is what can have no effect. */
static void several_rules_for_a_path(void **state)
{
	expect("rules:\n"
	       "  a: {paths: [/x, /y, //x], action: read, trigger: KILL}\n"
	       "  b: {paths: [/y/], action: read, trigger: KILL}\n",
	       "2:23 error: \"/x\" is there twice in one rule\n"
	       "2:15 note: the first is here\n");
	expect("groups: {g: , h: }\n"
	       "rules:\n"
	       "  a: {paths: [/x], action: read, group: g}\n"
	       "  b: {paths: [/x], action: read, group: h}\n"
	       "  c: {paths: [/x], action: read, group: h, log: true}\n"
	       "  d: {paths: [/x], action: write, group: h}\n"
	       "  e: {paths: [/x], action: [read, write], group: h}\n"
	       "  f: {paths: [/x], action: read, stop: true}\n",
	       "4:15 warning: rule \"b\" has no effect on \"/x\": rule \"a\" has put it into a "
	       "group already\n"
	       "3:15 note: that is here\n");
	expect("rules:\n"
	       "  a: {paths: [/x], action: read, stop: true}\n"
	       "  b: {paths: [/x, /y], action: read, trigger: KILL}\n",
	       "3:15 warning: rule \"b\" never gets \"/x\": rule \"a\" stops before it\n"
	       "2:15 note: that is here\n");
	expect("rules:\n"
	       "  a: {paths: [/x], action: read, user: root, stop: true}\n"
	       "  b: {paths: [/x], action: read, trigger: KILL}\n",
	       "");
}

static void trigger_mistakes(void **state)
{
	expect("triggers: {t: }\n" RULES,
	       "1:12 error: trigger \"t\" has no program (add run: /path/of/program)\n");
	expect("triggers: {t: {run: /nothing/here, user: nosuchuser, args: x}}\n" RULES,
	       "1:21 error: \"run\": there is no program \"/nothing/here\"\n"
	       "1:42 error: there is no user \"nosuchuser\" on this host\n"
	       "1:60 error: \"args\" must be a list, not \"x\" (write args: [ one, two ])\n");
	expect("triggers: {t: {run: nothing-here, user: 0, args: [[x], ~]}}\n" RULES,
	       "1:21 error: \"run\": there is no program \"nothing-here\"\n"
	       "1:51 error: an argument must be a text, not a list\n"
	       "1:56 error: an argument has no value (write \"\" for an empty one)\n");
	expect("triggers: {t: {run: bin/sh}}\n" RULES,
	       "1:21 error: \"run\": \"bin/sh\" is neither absolute nor a plain name (write the "
	       "path from "
	       "\"/\" on)\n");
	expect("triggers: {t: {run: /etc/passwd}}\n" RULES,
	       "1:21 error: \"run\": there is no program \"/etc/passwd\"\n");
	expect("triggers: {t: {run: /}}\n" RULES,
	       "1:21 error: \"run\": there is no program \"/\"\n");
	expect("triggers: {KILL: {run: sh}}\n" RULES, "1:12 error: \"KILL\" in a rule kills, it is "
						      "no trigger's name (choose another name)\n");
	expect("triggers: {t: {run: sh, usr: root}}\n" RULES,
	       "1:25 error: unknown key \"usr\" in a trigger (did you mean \"user\"?)\n");
}

/* The manual names every key, so that it cannot fall behind the tables. */
static void the_manual_has_every_key(void **state)
{
	const struct schema *const all[] = {
		&policy_schema, &logging_schema, &audit_schema, &tuning_schema,	  &decisions_schema,
		&rule_schema,	&group_schema,	 &io_schema,	&trigger_schema,  &condition_schema,
		&effect_schema, &log_schema,	 &rate_schema,	&deadline_schema, &test_schema,
		&expect_schema, &sink_schema,	 &kafka_schema, &tls_schema,	  &sasl_schema,
		&file_schema,	&event_schema,	 &spool_schema
	};
	_cleanup_(freep) char *manual = NULL;

	assert_int_equal(file_read_at(AT_FDCWD, "man/reeve.yaml.5.scd", 1 << 20, &manual, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		for (size_t j = 0; j < all[i]->count; j++) {
			const char *part = all[i]->keys[j].name;
			_cleanup_(freep) char *entry = NULL;
			struct text name;

			text_init(&name);
			text_add(&name, "*");
			for (; *part; part++) /* scdoc wants underscores escaped */
				text_addf(&name, "%s%c", *part == '_' ? "\\" : "", *part);
			text_add(&name, "*");
			entry = text_take(&name);
			if (!strstr(manual, entry))
				fail_msg("man/reeve.yaml.5.scd does not have %s", entry);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),	    cmocka_unit_test(null_sections_are_defaults),
		cmocka_unit_test(top_level),	    cmocka_unit_test(top_level_mistakes),
		cmocka_unit_test(rules_section),    cmocka_unit_test(rules),
		cmocka_unit_test(rule_mistakes),    cmocka_unit_test(several_rules_for_a_path),
		cmocka_unit_test(trigger_mistakes), cmocka_unit_test(the_manual_has_every_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
