// SPDX-License-Identifier: MIT
/*
 * Programs that conditions name ("program", "exe", "parent" ...). Where such a name is a link, or
 * is below one, the policy has where it leads beside it, looked up when it was read: when one of
 * the names on that way changes, or a name becomes a link, the policy has to be read again.
 *
 * Most are no links. Of those no file is looked at, and nothing is kept but their folder: only when
 * a link has appeared there is it asked whether a rule has its name.
 */
#include "core/resolve-internal.h"

static bool names_files(enum condition_kind kind)
{
	switch (kind) {
	case CONDITION_EXE:
	case CONDITION_PROGRAM:
	case CONDITION_SCRIPT:
	case CONDITION_INTERPRETER:
	case CONDITION_CWD:
	case CONDITION_PARENT:
	case CONDITION_ANCESTOR:
		return true;
	default:
		return false;
	}
}

static bool is_path(const struct policy_word *word)
{
	return (word->form == WORD_EXACT || word->form == WORD_FOLDER) && word->text[0] == '/';
}

/* A word and where it leads come from one place. */
static bool is_led_on(const struct policy_word *word, const struct policy_word *next)
{
	return is_path(next) && word->at.file == next->at.file && word->at.line == next->at.line &&
	       word->at.column == next->at.column;
}

static int watch_words(struct pass *pass, const struct policy_condition *condition)
{
	int r = 0;

	for (size_t i = 0; i < condition->word_count && r >= 0; i++) {
		const struct policy_word *word = &condition->words[i];

		if (!is_path(word))
			continue;
		if (i + 1 == condition->word_count || !is_led_on(word, word + 1)) {
			r = resolve_folder_of(pass, word->text);
			continue;
		}
		r = resolve_way(pass, word->text);
		i++;
	}
	return r;
}

static int watch_conditions(struct pass *pass, const struct policy_condition *conditions,
			    size_t count)
{
	int r = 0;

	for (size_t i = 0; i < count && r >= 0; i++) {
		if (names_files(conditions[i].kind))
			r = watch_words(pass, &conditions[i]);
		if (r >= 0)
			r = watch_conditions(pass, conditions[i].inner, conditions[i].inner_count);
	}
	return r;
}

int resolve_links(struct pass *pass, const struct policy *policy)
{
	int r = 0;

	for (size_t i = 0; i < policy->rule_count && r >= 0; i++)
		r = watch_conditions(pass, policy->rules[i].conditions,
				     policy->rules[i].condition_count);
	return r;
}

static bool is_named_in(const struct policy_condition *conditions, size_t count, const char *path)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; names_files(conditions[i].kind) && k < conditions[i].word_count;
		     k++)
			if (is_path(&conditions[i].words[k]) &&
			    streq(conditions[i].words[k].text, path))
				return true;
		if (is_named_in(conditions[i].inner, conditions[i].inner_count, path))
			return true;
	}
	return false;
}

bool resolve_is_named(const struct policy *policy, const char *path)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		if (is_named_in(policy->rules[i].conditions, policy->rules[i].condition_count,
				path))
			return true;
	return false;
}
