// SPDX-License-Identifier: MIT
/*
 * Rules and processes are drawn from the same words, so that they often meet: whatever a rule's
 * conditions hold for has to be found.
 * covers: selector-find.c keys.c
 */
#include "rules/selector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/sysmacros.h>
#include <cmocka.h>

enum { RULES = 600, PROCESSES = 400, CONDITIONS_MOST = 3, WORDS_MOST = 2 };

static const struct {
	enum condition_kind kind;
	enum word_form form;
	const char *text;
	uint64_t least, most;
	bool joined;
} pool[] = {
	{ CONDITION_UID, WORD_NUMBER, "1000", 1000, 1000 },
	{ CONDITION_UID, WORD_NUMBER, "999-1001", 999, 1001 },
	{ CONDITION_UID, WORD_NUMBER, "0-", 0, UINT32_MAX },
	{ CONDITION_USER, WORD_NUMBER, "root", 0, 0 },
	{ CONDITION_EUID, WORD_NUMBER, "5-4096", 5, 4096 },
	{ CONDITION_LOGINUID, WORD_EXACT, "unset" },
	{ CONDITION_LOGINUID, WORD_NUMBER, "1000", 1000, 1000 },
	{ CONDITION_UNIX_GROUP, WORD_NUMBER, "27", 27, 27 },
	{ CONDITION_UNIX_GROUP, WORD_NUMBER, "100-200", 100, 200 },
	{ CONDITION_MEMBER_OF, WORD_NUMBER, "27", 27, 27 },
	{ CONDITION_MEMBER_OF, WORD_NUMBER, "100-200", 100, 200 },
	{ CONDITION_PROGRAM, WORD_EXACT, "git" },
	{ CONDITION_PROGRAM, WORD_EXACT, "/usr/bin/git" },
	{ CONDITION_PROGRAM, WORD_GLOB, "/usr/*/g?t" },
	{ CONDITION_COMM, WORD_EXACT, "git" },
	{ CONDITION_COMM, WORD_GLOB, "k*:1" },
	{ CONDITION_COMM, WORD_REGEX, "^g(it|cc)$" },
	{ CONDITION_EXE, WORD_EXACT, "/usr/bin/git" },
	{ CONDITION_EXE, WORD_EXACT, "git" },
	{ CONDITION_EXE, WORD_FOLDER, "/usr" },
	{ CONDITION_EXE, WORD_FOLDER, "/" },
	{ CONDITION_EXE, WORD_GLOB, "/usr/*/g?t" },
	{ CONDITION_EXE, WORD_GLOB, "g*" },
	{ CONDITION_EXE, WORD_REGEX, "bin/g" },
	{ CONDITION_TTY, WORD_EXACT, "any" },
	{ CONDITION_TTY, WORD_EXACT, "none" },
	{ CONDITION_TTY, WORD_GLOB, "pts/*" },
	{ CONDITION_TTY, WORD_EXACT, "pts/3" },
	{ CONDITION_CGROUP, WORD_EXACT, "/user.slice" },
	{ CONDITION_CGROUP, WORD_EXACT, "user.slice/x" },
	{ CONDITION_CGROUP, WORD_EXACT, "/" },
	{ CONDITION_CGROUP, WORD_GLOB, "/user.slice/*" },
	{ CONDITION_CGROUP, WORD_REGEX, "slice$" },
	{ CONDITION_GROUP_IN, WORD_EXACT, "build" },
	{ CONDITION_GROUP_IN, WORD_EXACT, "build/link" },
	{ CONDITION_CONTAINER, WORD_EXACT, "host" },
	{ CONDITION_CONTAINER, WORD_EXACT, "any" },
	{ CONDITION_CONTAINER, WORD_EXACT, "docker" },
	{ CONDITION_CONTAINER, WORD_EXACT, "0123" },
	{ CONDITION_CONTAINER, WORD_EXACT, "pod:p-1" },
	{ CONDITION_CONTAINER, WORD_GLOB, "01*" },
	{ CONDITION_NAMESPACE, WORD_EXACT, "mnt:host" },
	{ CONDITION_NAMESPACE, WORD_EXACT, "mnt:other" },
	{ CONDITION_NAMESPACE, WORD_EXACT, "pid:9" },
	{ CONDITION_SCRIPT, WORD_EXACT, "x.sh" },
	{ CONDITION_INTERPRETER, WORD_EXACT, "/bin/sh" },
	{ CONDITION_CWD, WORD_FOLDER, "/home/me" },
	{ CONDITION_CWD, WORD_EXACT, "/home" },
	{ CONDITION_ARGS, WORD_EXACT, "push" },
	{ CONDITION_ARGS, WORD_GLOB, "--f*" },
	{ CONDITION_ARGS, WORD_REGEX, "^-" },
	{ CONDITION_ARGS, WORD_REGEX, "push --f", .joined = true },
	{ CONDITION_ARGS, WORD_GLOB, "p* --force", .joined = true },
	{ CONDITION_ARGS, WORD_EXACT, "push --force", .joined = true },
	{ CONDITION_PARENT, WORD_EXACT, "git" },
	{ CONDITION_PARENT, WORD_FOLDER, "/usr/bin" },
	{ CONDITION_ANCESTOR, WORD_EXACT, "/sbin/init" },
	{ CONDITION_ANCESTOR, WORD_GLOB, "/**/i*" },
};

static uint32_t state_of_chance = 1;

static uint32_t chance(uint32_t below)
{
	state_of_chance ^= state_of_chance << 13;
	state_of_chance ^= state_of_chance >> 17;
	state_of_chance ^= state_of_chance << 5;
	return state_of_chance % below;
}

struct drawn {
	struct policy_condition conditions[CONDITIONS_MOST], inner[CONDITIONS_MOST];
	struct policy_word words[CONDITIONS_MOST][WORDS_MOST];
	char texts[CONDITIONS_MOST][WORDS_MOST][32];
	size_t count;
	struct condition *compiled;
};

static int by_kind(const void *a, const void *b)
{
	return (int)((const struct policy_condition *)a)->kind -
	       (int)((const struct policy_condition *)b)->kind;
}

static void draw_words(struct drawn *drawn, size_t i)
{
	struct policy_condition *condition = &drawn->conditions[i];
	size_t at = chance(ARRAY_SIZE(pool));

	condition->kind = pool[at].kind;
	condition->words = drawn->words[i];
	condition->word_count = 0;
	for (; at < ARRAY_SIZE(pool) && pool[at].kind == condition->kind &&
	       condition->word_count < 1 + chance(WORDS_MOST);
	     at++) {
		size_t word = condition->word_count++;

		snprintf(drawn->texts[i][word], 32, "%s", pool[at].text);
		drawn->words[i][word] = (struct policy_word){ .form = pool[at].form,
							      .text = drawn->texts[i][word],
							      .least = pool[at].least,
							      .most = pool[at].most,
							      .joined = pool[at].joined };
	}
}

static void draw_rule(struct drawn *drawn)
{
	drawn->count = chance(CONDITIONS_MOST + 1);
	for (size_t i = 0; i < drawn->count; i++) {
		draw_words(drawn, i);
		switch (chance(8)) {
		case 0:
			drawn->conditions[i] = (struct policy_condition){ .kind = CONDITION_DELETED,
									  .wanted = chance(2) };
			break;
		case 1:
			drawn->inner[i] = drawn->conditions[i];
			drawn->conditions[i] = (struct policy_condition){ .kind = CONDITION_NOT,
									  .inner = &drawn->inner[i],
									  .inner_count = 1 };
			break;
		}
	}
	qsort(drawn->conditions, drawn->count, sizeof(drawn->conditions[0]), by_kind);
	assert_int_equal(conditions_new(drawn->conditions, drawn->count, &drawn->compiled), 0);
}

static struct slice draw(const char *const *texts, size_t count)
{
	return slice_of(texts[chance((uint32_t)count)]);
}

static struct facts draw_process(void)
{
	static const char *const programs[] = { "/usr/bin/git", "/usr/bin/got", "/sbin/init",
						"/git",		"/opt/x.sh",	"/bin/sh" };
	static const char *const names[] = { "git", "gcc", "kworker/0:1" };
	static const char *const cgroups[] = { "/", "/user.slice", "/user.slice/x/y", "/a" };
	static const char *const folders[] = { "/home", "/home/me", "/home/me/x", "/" };
	static const char *const groups[] = { "", "build", "build/link", "builds" };
	static const char argv[] = "git\0push\0--force", short_argv[] = "git\0-h";
	static const char v1[] = "cpu:/user.slice/x\0memory:/";
	struct facts facts = {
		.known = chance(4) ? UINT32_MAX : chance(UINT32_MAX),
		.uid = 998 + chance(4),
		.euid = chance(2) * 4000,
		.gid = chance(300),
		.egid = 3,
		.loginuid = chance(2) ? UINT32_MAX : 1000,
		.tty = chance(2) ? (uint32_t)makedev(136, 3) : 0,
		.gids = { 27, 44 },
		.gid_count = chance(3),
		.exe = draw(programs, ARRAY_SIZE(programs)),
		.comm = draw(names, ARRAY_SIZE(names)),
		.cwd = draw(folders, ARRAY_SIZE(folders)),
		.cgroup = draw(cgroups, ARRAY_SIZE(cgroups)),
		.group = draw(groups, ARRAY_SIZE(groups)),
		.namespaces = { [NS_MNT] = 7 + chance(2), [NS_PID] = 9 },
		.host_namespaces = { [NS_MNT] = 7, [NS_PID] = 8 },
		.deleted = chance(2),
	};

	facts.argv = chance(2) ? (struct slice){ argv, sizeof(argv) }
			       : (struct slice){ short_argv, sizeof(short_argv) };
	if (chance(2))
		facts.cgroup_v1 = (struct slice){ v1, sizeof(v1) };
	if (chance(2))
		facts.script = draw(programs, ARRAY_SIZE(programs));
	if (chance(2))
		facts.interpreter = slice_of("/bin/sh");
	if (chance(2)) {
		facts.container_runtime = slice_of("docker");
		facts.container_id = slice_of("0123456789");
		facts.pod = slice_of("p-1");
	}
	for (; facts.ancestor_count < chance(4); facts.ancestor_count++)
		facts.ancestors[facts.ancestor_count].exe = draw(programs, ARRAY_SIZE(programs));
	return facts;
}

static bool holds(const struct drawn *drawn, struct facts *facts)
{
	for (size_t i = 0; i < drawn->count; i++)
		if (condition_holds(&drawn->compiled[i], facts) != HOLDS_YES)
			return false;
	return true;
}

static void check_process(const struct selector *selector, const struct drawn *drawn,
			  const struct selector_rule *rules)
{
	struct facts facts = draw_process();
	struct candidates found;

	candidates_begin(&found, 0);
	selector_find(selector, &facts, &found);
	for (size_t i = 0; i < RULES; i++)
		if (holds(&drawn[i], &facts) && !candidates_have(&found, rules[i].rule))
			fail_msg("rule %zu is not found; seed of the next process %u", i,
				 state_of_chance);
}

static void what_holds_is_found(void **state)
{
	_cleanup_(selector_freep) struct selector *selector = NULL;
	_cleanup_(freep) struct drawn *drawn = calloc(RULES, sizeof(*drawn));
	struct selector_rule rules[RULES];

	assert_non_null(drawn);
	for (uint32_t i = 0; i < RULES; i++) {
		draw_rule(&drawn[i]);
		rules[i] = (struct selector_rule){ .rule = i,
						   .conditions = drawn[i].compiled,
						   .count = drawn[i].count };
	}
	/* Alone, so that every kind is filed under; and all together. */
	for (size_t i = 0; i < RULES; i++) {
		_cleanup_(selector_freep) struct selector *alone = NULL;

		assert_int_equal(selector_new(&rules[i], 1, &alone), 0);
		for (int j = 0; j < 20; j++) {
			struct facts facts = draw_process();
			struct candidates found;

			candidates_begin(&found, 0);
			selector_find(alone, &facts, &found);
			if (holds(&drawn[i], &facts))
				assert_int_equal(candidates_take(&found), i);
		}
	}
	assert_int_equal(selector_new(rules, RULES, &selector), 0);
	for (size_t i = 0; i < PROCESSES; i++)
		check_process(selector, drawn, rules);
	for (size_t i = 0; i < RULES; i++)
		conditions_free(drawn[i].compiled, drawn[i].count);
}

/* Each of many users has a rule: one process meets its own alone. */
static void few_are_found(void **state)
{
	enum { MANY = 10000 };
	_cleanup_(selector_freep) struct selector *selector = NULL;
	_cleanup_(freep) struct policy_word *words = calloc(MANY, sizeof(*words));
	_cleanup_(freep) struct policy_condition *from = calloc(MANY, sizeof(*from));
	_cleanup_(freep) struct selector_rule *rules = calloc(MANY, sizeof(*rules));
	struct condition *compiled = NULL;
	struct facts facts = { .known = UINT32_MAX, .uid = 1234 };
	struct candidates found;
	char text[] = "x";

	assert_true(words && from && rules);
	for (uint32_t i = 0; i < MANY; i++) {
		words[i] = (struct policy_word){
			.form = WORD_NUMBER, .text = text, .least = i, .most = i
		};
		from[i] = (struct policy_condition){ .kind = CONDITION_UID,
						     .words = &words[i],
						     .word_count = 1 };
	}
	assert_int_equal(conditions_new(from, MANY, &compiled), 0);
	for (uint32_t i = 0; i < MANY; i++)
		rules[i] =
			(struct selector_rule){ .rule = i, .conditions = &compiled[i], .count = 1 };
	assert_int_equal(selector_new(rules, MANY, &selector), 0);
	assert_int_equal(selector_always(selector), 0);
	candidates_begin(&found, 0);
	selector_find(selector, &facts, &found);
	assert_int_equal(candidates_take(&found), 1234);
	assert_int_equal(candidates_take(&found), NO_CANDIDATE);
	conditions_free(compiled, MANY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_holds_is_found),
		cmocka_unit_test(few_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
