// SPDX-License-Identifier: MIT
#include "rules/policy-test.h"

#include "util/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static char make[] = "make", quiet[] = "quiet", watched[] = "watched", build[] = "build";
static char root[] = "0", ci[] = "17", in_home[] = "/home", usr_bin_make[] = "/usr/bin/make";
static char template_text[] = "%n/%U", make_17[] = "make/17", nothing[] = "", none[] = "absent";
static char argument[] = "-j*", j8[] = "-j8", tool[] = "/opt/tool/bin/x", opt[] = "/opt/tool";
static char container[] = "docker:0123", docker[] = "docker", sshd[] = "/usr/sbin/sshd";

static struct policy_word is_root = { .form = WORD_NUMBER, .text = root };
static struct policy_word has_j = { .form = WORD_GLOB, .text = argument };
static struct policy_word is_docker = { .text = docker }, is_sshd = { .text = sshd };
static struct policy_word at_home = { .form = WORD_FOLDER, .text = in_home };
static struct policy_condition user_root = { .kind = CONDITION_USER,
					     .words = &is_root,
					     .word_count = 1 };
static struct policy_condition not_root_with_j[] = {
	{ .kind = CONDITION_ARGS, .words = &has_j, .word_count = 1 },
	{ .kind = CONDITION_NOT, .inner = &user_root, .inner_count = 1 },
};
static struct policy_condition from_outside[] = {
	{ .kind = CONDITION_CONTAINER, .words = &is_docker, .word_count = 1 },
	{ .kind = CONDITION_ANCESTOR, .words = &is_sshd, .word_count = 1 },
};
static struct policy_condition stands_at_home = { .kind = CONDITION_CWD,
						  .words = &at_home,
						  .word_count = 1 };
static struct policy_effect to_template = {
	.kind = EFFECT_GROUP, .group = { .index = POLICY_NONE, .template = template_text }
};
static struct policy_effect to_build = { .kind = EFFECT_GROUP, .group = { .index = 0 } };
static struct policy_effect deny = { .kind = EFFECT_DENY, .deny = EPERM };
static struct policy_effect kill_it = { .kind = EFFECT_KILL };
static struct policy_path make_path = { .text = usr_bin_make }, opt_path = { .text = opt };
static struct policy_group groups[] = { { .name = build } };
static struct policy_rule rules[] = {
	{ .name = make,
	  .on = OCCASION_BIT(ON_EXECUTE),
	  .paths = &make_path,
	  .path_count = 1,
	  .conditions = not_root_with_j,
	  .condition_count = 2,
	  .effects = &to_template,
	  .effect_count = 1 },
	{ .name = build,
	  .on = OCCASION_BIT(ON_EXECUTE),
	  .paths = &opt_path,
	  .path_count = 1,
	  .effects = &to_build,
	  .effect_count = 1 },
	{ .name = quiet,
	  .on = OCCASION_BIT(ON_FORK),
	  .conditions = from_outside,
	  .condition_count = 2,
	  .effects = &deny,
	  .effect_count = 1 },
	{ .name = watched,
	  .on = OCCASION_BIT(ON_OPEN),
	  .conditions = &stands_at_home,
	  .condition_count = 1,
	  .effects = &kill_it,
	  .effect_count = 1 },
};

static void collect(const struct policy_test_failure *failure, void *userdata)
{
	text_addf(userdata, "%s\n", failure->message);
}

/* Runs one test; returns what was told, to be freed. */
static char *run(struct policy_test test, int wanted)
{
	struct policy policy = { .rules = rules,
				 .rule_count = ARRAY_SIZE(rules),
				 .groups = groups,
				 .group_count = 1,
				 .tests = &test,
				 .test_count = 1 };
	struct text text;

	text_init(&text);
	assert_int_equal(policy_tests_run(&policy, collect, &text), wanted);
	return text_take(&text);
}

static void passes(struct policy_test test)
{
	_cleanup_(freep) char *told = run(test, 0);

	assert_string_equal(told, "");
}

static void fails(struct policy_test test, const char *wanted)
{
	_cleanup_(freep) char *told = run(test, 1);

	if (!strstr(told, wanted))
		fail_msg("\"%s\" is not in \"%s\"", wanted, told);
}

/* The shape of `given` has no name of its own. */
#define GIVEN(test, k, t)                                        \
	do {                                                     \
		(test)->given[(test)->given_count].kind = (k);   \
		(test)->given[(test)->given_count++].text = (t); \
	} while (0)

static struct policy_test executing(char *path)
{
	struct policy_test test = { .on = ON_EXECUTE, .path = path, .kill = -1, .deny = -1 };

	test.given = calloc(8, sizeof(*test.given));
	assert_non_null(test.given);
	return test;
}

static void what_is_given_decides(void **state)
{
	char *args[] = { make, j8, NULL }, *expected[] = { make, NULL }, *nobody[] = { NULL };
	struct policy_test test = executing(usr_bin_make);

	test.args = args;
	test.group = make_17;
	test.rules = expected;
	fails(test, "rule \"make\" asks for \"not\", which the test does not give");
	GIVEN(&test, CONDITION_UID, ci);
	passes(test);
	test.group = build;
	fails(test, "it should be put into \"build\", and rule \"make\" puts it into \"make/17\"");
	test.group = NULL;
	test.rules = nobody;
	fails(test, "rule \"make\" should not match, and does");
	test.given[0].text = root;
	passes(test);
	test.rules = expected;
	fails(test, "rule \"make\" should match, and does not");
	expected[0] = none;
	fails(test, "it expects rule \"absent\", and there is none");
	test.given[0].text = none;
	fails(test, "there is no user \"absent\"");
	free(test.given);
}

static void folders_and_no_group(void **state)
{
	struct policy_test test = executing(tool);

	test.group = build;
	passes(test);
	test.group = nothing;
	fails(test, "it should be put into no group, and rule \"build\" puts it into \"build\"");
	test.path = opt;
	passes((struct policy_test){
		.on = ON_EXECUTE, .path = root, .group = nothing, .kill = -1, .deny = -1 });
	test.path = usr_bin_make;
	test.group = build;
	fails(test, "and is put into no group");
	free(test.given);
}

static void effects_and_occasions(void **state)
{
	struct policy_test test = executing(NULL);

	test.on = ON_FORK;
	test.deny = 1;
	fails(test, "it should be denied, and is not");
	GIVEN(&test, CONDITION_CONTAINER, container);
	GIVEN(&test, CONDITION_PARENT, make);
	GIVEN(&test, CONDITION_ANCESTOR, sshd);
	passes(test);
	test.deny = 0;
	fails(test, "it should not be denied, and rule \"quiet\" does so");
	test.given_count = 0;
	passes(test);
	/* Reading is opening. */
	test = (struct policy_test){
		.on = ON_READ, .path = opt, .given = test.given, .kill = 1, .deny = 0
	};
	fails(test, "asks for \"cwd\"");
	GIVEN(&test, CONDITION_CWD, in_home);
	passes(test);
	free(test.given);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_given_decides),
		cmocka_unit_test(folders_and_no_group),
		cmocka_unit_test(effects_and_occasions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
