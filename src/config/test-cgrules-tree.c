// SPDX-License-Identifier: MIT
/* What rules of libcgroup mean: the same as rules written in YAML. */
#include "config/cgrules-tree.h"

#include "config/cgconfig.h"
#include "config/rule.h"
#include "config/test-policy.h"

#include "test/unit.h"

static void add_condition(struct text *text, const struct policy_condition *condition)
{
	static const char *const forms[] = { "", "folder ", "glob ", "regex ", "number " };

	text_addf(text, " %s", condition_name(condition->kind));
	if (condition->word_count == 0)
		text_addf(text, "(%s)", condition->wanted ? "yes" : "no");
	for (size_t i = 0; i < condition->word_count; i++)
		text_addf(text, "%s%s%s%s", i ? ", " : "(", forms[condition->words[i].form],
			  condition->words[i].text, condition->words[i].unknown ? "?" : "");
	text_add(text, condition->word_count ? ")" : "");
}

/* A rule a line: its occasions, conditions and effects, whatever its name is. */
static char *shown(const struct policy *policy, bool names)
{
	struct text text;

	text_init(&text);
	for (size_t i = 0; policy && i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		if (names)
			text_addf(&text, "%u %s:", rule->at.line, rule->name);
		text_addf(&text, "%x", rule->on);
		for (size_t k = 0; k < rule->condition_count; k++)
			add_condition(&text, &rule->conditions[k]);
		for (size_t k = 0; k < rule->effect_count; k++)
			text_addf(&text, " -> %s%s", rule->effects[k].place.text,
				  rule->effects[k].place.fields ? " (made)" : "");
		text_add(&text, rule->stop ? " stop\n" : "\n");
	}
	return text_take(&text);
}

/* The rules, and what is told besides "nobody of that name". */
static void rules(const char *conf, const char *yaml, const char *expected_told)
{
	_cleanup_(parsed_done) struct parsed parsed = parse_named("cgrules.conf", conf, 0);
	_cleanup_(parsed_done) struct parsed wanted = { 0 };
	_cleanup_(freep) char *actual = shown(parsed.policy, false);
	_cleanup_(freep) char *actual_told = told(&parsed.diagnostics);
	_cleanup_(freep) char *text = NULL, *expected = NULL;

	assert_true(asprintf(&text, "rules:\n%s", yaml) > 0);
	wanted = parse(text);
	expected = shown(wanted.policy, false);
	assert_non_null(wanted.policy);
	assert_string_equal(actual, expected);
	assert_string_equal(actual_told, expected_told);
}

#define RULE(name, body)                                                                           \
	"- {name: \"" name "\", on: [execute, setuid, setgid], container: host, stop: true, " body \
	"}\n"

static void users_and_programs(void **state)
{
	rules("root cpu x\n@root cpu,memory /x/y/\n* * z\n",
	      RULE("a", "euid: root, place: \"cpu:x\"")
		      RULE("b", "member_of: root, place: \"cpu,memory:x/y\"")
			      RULE("c", "place: \"*:z\""),
	      "");
	rules("root:cp cpu x\n*:/usr/bin/nosuch cpu x\nroot:* cpu x\nroot: cpu x\n",
	      RULE("a", "euid: root, program: cp, place: \"cpu:x\"")
		      RULE("b", "program: /usr/bin/nosuch, place: \"cpu:x\"")
			      RULE("c", "euid: root, place: \"cpu:x\"")
				      RULE("d", "euid: root, place: \"cpu:x\""),
	      "");
	/* A '*' at the end goes on below; other wildcards are themselves. */
	rules("*:/opt/x/sh* cpu x\n*:a*b?[c] cpu y\n*:re:x cpu z\n*:/a[b]* cpu z",
	      RULE("a", "program: [\"/opt/x/sh*\", \"/opt/x/sh*/**\"], place: \"cpu:x\"")
		      RULE("b", "program: \"a[*]b[?][[]c]\", place: \"cpu:y\"")
			      RULE("c", "program: \"[r]e:x\", place: \"cpu:z\"")
				      RULE("d", "program: [\"/a[[]b]*\", \"/a[[]b]*/**\"], "
						"place: \"cpu:z\""),
	      "");
}

/* Told, left out, and what comes behind them stays. */
static void never(void **state)
{
	rules("*:sh* cpu x\n% cpu y\n*:a/b cpu x\n*:/a//b cpu x\n*:/a/../b cpu x\n: cpu x\n@ cpu "
	      "x\n"
	      "*:cp cpu x ignore\n* cpu x\n",
	      RULE("a", "place: \"cpu:x\""),
	      "1:3 warning: no program is \"sh*\": libcgroup compares it with the whole path, "
	      "which "
	      "begins with '/'; the rule is left out (write the whole path, with a '*' at its end "
	      "if "
	      "need be, or its last part)\n"
	      "3:3 warning: no program is \"a/b\": it is neither a whole path nor the last part of "
	      "one; the rule is left out (write the whole path, with a '*' at its end if need be, "
	      "or "
	      "its last part)\n"
	      "4:3 warning: no program is \"/a//b\": the kernel never gives a program's path that "
	      "way; the rule is left out (write the whole path, with a '*' at its end if need be, "
	      "or "
	      "its last part)\n"
	      "5:3 warning: no program is \"/a/../b\": the kernel never gives a program's path "
	      "that "
	      "way; the rule is left out (write the whole path, with a '*' at its end if need be, "
	      "or "
	      "its last part)\n"
	      "6:1 warning: no user or group is named: the rule is left out\n"
	      "7:1 warning: no user or group is named: the rule is left out\n"
	      "8:3 warning: no program is \"cp\": libcgroup compares it with the whole path where "
	      "a "
	      "rule says ignore; the rule is left out (write the whole path, with a '*' at its end "
	      "if "
	      "need be, or its last part)\n");
}

static void numbers(void **state)
{
	(void)state;
	rules("60001 cpu x\n% pids y\n@12:a cpu x\n* cpu x\n", RULE("a", "place: \"cpu:x\""),
	      "1:1 warning: \"60001\" is a number, and no user is called so: the rule is left out "
	      "(write the name)\n"
	      "3:1 warning: \"12\" is a number, and no group is called so: the rule is left out "
	      "(write the name)\n");
}

static void destinations(void **state)
{
	rules("* cpu u/%u/%U/%g/%G/%p/%P\n* cpu a%zb/100%%/\\%u/c\\d\n* cpu /\n* cpu .//a/./b/.\n",
	      RULE("a", "place: \"cpu:u/%u/%U/%g/%G/%n/%p\"")
		      RULE("b", "place: \"cpu:a%%zb/100%%%%/%%u/cd\"") RULE("c", "place: \"cpu:/\"")
			      RULE("d", "place: \"cpu:a/b\""),
	      "");
	/* Lines of one rule: of one hierarchy the last counted there, and the first counts here. */
	rules("* cpu a\n% memory b\n% pids c\n* cpu a\n% memory b\n% cpuacct c\n* * a\n% cpu b\n",
	      RULE("a", "place: [\"cpu:a\", \"memory:b\", \"pids:c\"]")
		      RULE("b", "place: [\"cpuacct:c\", \"memory:b\", \"cpu:a\"]")
			      RULE("c", "place: [\"cpu:b\", \"*:a\"]"),
	      "");
}

static void ignored(void **state)
{
	rules("root cpu c ignore\nroot:/bin/nosuch * /c/ ignore_rt\n* cpu * ignore,ignore_rt\n"
	      "* cpu a*b%u ignore\n",
	      RULE("a", "euid: root, realtime: false, cgroup: \"/c*\"")
		      RULE("b",
			   "euid: root, program: /bin/nosuch, realtime: true, cgroup: \"/c/*\"")
			      RULE("c", "") RULE("d", "realtime: false, cgroup: \"/a[*]b%u*\""),
	      "");
	rules("* cpu a ignore\n% cpu b\n* cpu a\n% cpu b ignore\n",
	      RULE("a", "realtime: false, cgroup: \"/a*\"")
		      RULE("b", "place: [\"cpu:b\", \"cpu:a\"]"),
	      "2:1 warning: the rule that it goes on with leaves processes alone: it is left out\n"
	      "4:9 warning: \"ignore\" says nothing in a '%' line\n");
}

/* Nobody of that name yet: kept, and told. */
static void unknown(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed =
		parse_named("/etc/cgrules.d/site",
			    "reeve-nobody cpu x\n% memory x\n@reeve-none:a cpu y\n", 0);
	_cleanup_(freep) char *actual = shown(parsed.policy, true);
	_cleanup_(freep) char *said = told(&parsed.diagnostics);

	assert_string_equal(actual, "1 reeve-nobody:c1 euid(number reeve-nobody?) container(host) "
				    "-> cpu:/x, memory:/x "
				    "stop\n"
				    "3 @reeve-none:a:c1 member_of(number reeve-none?) program(a) "
				    "container(host) -> cpu:/y "
				    "stop\n");
	assert_string_equal(said, "1:1 warning: rule \"reeve-nobody\": there is no user "
				  "\"reeve-nobody\" on this host (yet)\n"
				  "3:1 warning: rule \"@reeve-none:a\": there is no group "
				  "\"reeve-none\" on this host (yet)\n");
}

/* A name that was taken gets the place of its line. */
static void names(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed =
		parse_named("cgrules.conf", "root cpu x\nroot cpu y\n\n", 0);

	assert_string_equal(parsed.policy->rules[0].name, "root");
	assert_string_equal(parsed.policy->rules[1].name, "root (cgrules.conf:2)");
	assert_int_equal(parsed.policy->rules[1].at.line, 2);
}

/* A line that is wrong is told, and so is what is wrong in others. */
static void wrong(void **state)
{
	expect_named("cgrules.conf", "root cpu\n* cpu cpu.max\n* cpu x\n", 0,
		     "1:9 error: the rule has no destination (the fields are: user[:program] "
		     "controllers destination [options])\n"
		     "2:7 error: \"place\": a group cannot be at \"/cpu.max\": \"cpu.max\" is a "
		     "name of the kernel's own files\n");
}

/* /etc as libcgroup has it: rules first, then groups, folders by name. */
static void folder(void **state)
{
	_cleanup_(unit_folder_freep) char *etc = unit_folder_new();
	_cleanup_(parsed_done) struct parsed parsed = { 0 };
	_cleanup_(freep) char *actual = NULL, *said = NULL;

	parsed.result =
		policy_load(etc, LOAD_COMPAT_LIBCGROUP, &parsed.policy, &parsed.diagnostics);
	assert_int_equal(parsed.result, -ENOENT);
	unit_write(etc, "cgrules.conf", "root cpu a\n");
	unit_write(etc, "cgrules.d/b", "root memory b\n");
	unit_write(etc, "cgrules.d/a.conf", "root cpu x\n");
	unit_write(etc, "cgrules.d/a.conf.rpmsave", "root cpu y\n");
	unit_write(etc, "cgconfig.conf", "group g { cpu { } }");
	unit_write(etc, "cgconfig.d/x.conf",
		   "template t/%u { perm { task { uid = 0; } admin { } } "
		   "cpu { cpu.shares = 5; } }");
	diagnostics_done(&parsed.diagnostics);
	parsed.result =
		policy_load(etc, LOAD_COMPAT_LIBCGROUP, &parsed.policy, &parsed.diagnostics);
	assert_int_equal(parsed.result, 0);
	said = told(&parsed.diagnostics);
	assert_non_null(strstr(said, "its name is that of a copy or a hidden file"));
	actual = shown(parsed.policy, false);
	assert_string_equal(actual, "c1 euid(number root) container(host) -> cpu:/a stop\n"
				    "c1 euid(number root) container(host) -> cpu:/x stop\n"
				    "c1 euid(number root) container(host) -> memory:/b stop\n");
	assert_int_equal(parsed.policy->foreign->groups.count, 1);
	assert_int_equal(parsed.policy->foreign->templates.items[0].perm.task.uid, 0);
	assert_int_equal(parsed.policy->file_count, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_and_programs),
		cmocka_unit_test(never),
		cmocka_unit_test(numbers),
		cmocka_unit_test(destinations),
		cmocka_unit_test(ignored),
		cmocka_unit_test(unknown),
		cmocka_unit_test(names),
		cmocka_unit_test(wrong),
		cmocka_unit_test(folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
