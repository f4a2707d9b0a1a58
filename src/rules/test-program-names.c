// SPDX-License-Identifier: MIT
#include "rules/program-names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static char make[] = "make", full[] = "/usr/bin/gcc", cc[] = "cc?", lib[] = "/usr/lib/*/x*";
static char deep[] = "/opt/**", set[] = "a[b/]", folder[] = "/opt", regex[] = "^/usr/bin/m";

static struct policy_word words[] = {
	{ .form = WORD_EXACT, .text = make },	 { .form = WORD_EXACT, .text = full },
	{ .form = WORD_GLOB, .text = cc },	 { .form = WORD_GLOB, .text = lib },
	{ .form = WORD_GLOB, .text = deep },	 { .form = WORD_GLOB, .text = set },
	{ .form = WORD_FOLDER, .text = folder }, { .form = WORD_REGEX, .text = regex },
};

static bool has(const struct program_names *names, const char *path)
{
	return program_names_have(names, slice_of(path));
}

static void by_last_part(void **state)
{
	const struct policy_condition all[] = {
		{ .kind = CONDITION_UID },
		{ .kind = CONDITION_EXE, .words = words, .word_count = 2 },
		{ .kind = CONDITION_PROGRAM, .words = &words[2], .word_count = 2 },
	};
	_cleanup_(program_names_freep) struct program_names *names = NULL;

	assert_int_equal(program_names_new(&names), 0);
	assert_false(has(names, "/usr/bin/make"));
	/* Of two conditions the first is enough: both have to hold. */
	assert_true(program_names_add(names, all, 3) > 0);
	assert_true(program_names_add(names, all, 2) > 0);
	program_names_sort(names);
	assert_true(has(names, "/usr/bin/make"));
	assert_true(has(names, "make"));
	assert_true(has(names, "/usr/bin/gcc"));
	/* Its folder may be called otherwise tomorrow, and nobody is told. */
	assert_true(has(names, "/tmp/gcc"));
	assert_false(has(names, "/usr/bin/cc1"));
	assert_false(has(names, "/usr/bin/make/x"));
	assert_false(has(names, "/usr/bin/gcc2"));
	assert_true(program_names_add(names, &all[2], 1) > 0);
	program_names_sort(names);
	assert_true(has(names, "/usr/bin/cc1"));
	assert_true(has(names, "/anywhere/xyz"));
	assert_false(has(names, "/usr/lib/a/y"));
	assert_true(has(names, "/usr/bin/make"));
}

/* With any of these a rule could be about any file. */
static void what_tells_nothing(void **state)
{
	struct policy_condition condition = { .words = words, .word_count = 1 };
	_cleanup_(program_names_freep) struct program_names *names = NULL;

	assert_int_equal(program_names_new(&names), 0);
	assert_int_equal(program_names_add(names, NULL, 0), 0);
	for (unsigned kind = 0; kind < CONDITIONS; kind++) {
		bool tells = kind == CONDITION_EXE || kind == CONDITION_PROGRAM;

		condition.kind = (enum condition_kind)kind;
		assert_int_equal(program_names_add(names, &condition, 1), tells ? 1 : 0);
	}
	condition.kind = CONDITION_PROGRAM;
	for (unsigned i = 4; i < ARRAY_SIZE(words); i++) {
		condition.words = &words[i];
		assert_int_equal(program_names_add(names, &condition, 1), 0);
	}
	/* One of its words is enough for it to hold. */
	condition.words = &words[3];
	condition.word_count = 2;
	assert_int_equal(program_names_add(names, &condition, 1), 0);
}

static void many_patterns_are_any_file(void **state)
{
	const struct policy_condition condition = { .kind = CONDITION_EXE,
						    .words = &words[2],
						    .word_count = 1 };
	_cleanup_(program_names_freep) struct program_names *names = NULL;
	unsigned taken = 0;

	assert_int_equal(program_names_new(&names), 0);
	while (taken < 1000 && program_names_add(names, &condition, 1) > 0)
		taken++;
	assert_int_equal(taken, 256);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_last_part),
		cmocka_unit_test(what_tells_nothing),
		cmocka_unit_test(many_patterns_are_any_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
