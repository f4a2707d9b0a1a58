/* SPDX-License-Identifier: MIT */
/* What the tests of config/ share: parse a text, and compare all that was told about it. */
#pragma once

#include "config/load.h"
#include "util/text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* What the loader says in many places. */
#define TOLD_OCCASIONS "execute, read, write, open, fork, exit, setuid, setgid, oom or limit-hit"
#define TOLD_NOTHING   " does nothing (add group: NAME, trigger: NAME, deny: true or kill: true)"

struct parsed {
	struct policy *policy;
	struct diagnostics diagnostics;
	int result;
};

static inline void parsed_done(struct parsed *parsed)
{
	policy_free(parsed->policy);
	diagnostics_done(&parsed->diagnostics);
}

static inline struct parsed parse_named(const char *name, const char *text, enum load_flags flags)
{
	struct parsed parsed = { 0 };

	parsed.result =
		policy_parse(name, text, strlen(text), flags, &parsed.policy, &parsed.diagnostics);
	return parsed;
}

static inline struct parsed parse(const char *text)
{
	return parse_named("t.yaml", text, 0);
}

/* All as "line:column severity message (hint)\n", without the lines of the file. */
static inline char *told(const struct diagnostics *list)
{
	static const char *const words[] = { "note", "warning", "error" };
	struct text text;

	text_init(&text);
	for (size_t i = 0; i < list->count; i++) {
		const struct diagnostic *item = &list->items[i];

		text_addf(&text, "%u:%u %s: %s", item->line, item->column, words[item->severity],
			  item->message);
		if (item->hint)
			text_addf(&text, " (%s)", item->hint);
		text_add(&text, "\n");
	}
	return text_take(&text);
}

/* Everything that is told about a text must be exactly this, and refused only with errors. */
static inline void expect_named(const char *name, const char *input, enum load_flags flags,
				const char *expected)
{
	_cleanup_(parsed_done) struct parsed parsed = parse_named(name, input, flags);
	_cleanup_(freep) char *actual = told(&parsed.diagnostics);

	if (!streq(actual, expected))
		print_message("input:\n%s\n", input);
	assert_string_equal(actual, expected);
	assert_int_equal(parsed.result, parsed.diagnostics.errors > 0 ? -EINVAL : 0);
	assert_true((parsed.policy != NULL) == (parsed.result == 0));
}

static inline void expect(const char *input, const char *expected)
{
	expect_named("t.yaml", input, 0, expected);
}

static inline void expect_fetter(const char *input, const char *expected)
{
	expect_named("t.yaml", input, LOAD_COMPAT_FETTER, expected);
}
