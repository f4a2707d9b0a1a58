// SPDX-License-Identifier: MIT
/*
 * Of a rule that names programs in several conditions any one will do: the first whose words all
 * say how a name ends. Names are kept as hashes, for one that is taken for another is asked about
 * once too often and that is all. Whatever is more than a name or a pattern for one (an expression,
 * a folder, a `**`, a `not`) could be any file.
 */
#include "rules/program-names.h"

#include "rules/glob.h"
#include "util/hash.h"

enum { PATTERNS_MOST = 256 }; /* tried one by one, and where there are more it is any file */

struct program_names {
	uint64_t *hashes;
	size_t count, room;
	const char *patterns[PATTERNS_MOST];
	size_t pattern_count;
};

/* Where `*` stays within a part, and no slash can be hidden in a set or behind a backslash. */
static bool is_simple_pattern(const char *text)
{
	return !strstr(text, "**") && !strpbrk(text, "[\\");
}

static bool tells_name(const struct policy_condition *condition)
{
	if (condition->kind != CONDITION_EXE && condition->kind != CONDITION_PROGRAM)
		return false;
	for (size_t i = 0; i < condition->word_count; i++) {
		const struct policy_word *word = &condition->words[i];

		if (word->form != WORD_EXACT &&
		    (word->form != WORD_GLOB || !is_simple_pattern(word->text)))
			return false;
	}
	return true;
}

static int add_name(struct program_names *names, struct slice name)
{
	if (names->count == names->room) {
		size_t room = names->room ? names->room * 2 : 64;
		uint64_t *larger = reallocarray(names->hashes, room, sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		names->hashes = larger;
		names->room = room;
	}
	names->hashes[names->count++] = hash_bytes(name.data, name.size);
	return 1;
}

static int add_word(struct program_names *names, const struct policy_word *word)
{
	struct slice name = slice_last_part(slice_of(word->text));

	if (word->form == WORD_EXACT)
		return add_name(names, name);
	if (names->pattern_count == PATTERNS_MOST)
		return 0;
	names->patterns[names->pattern_count++] = name.data;
	return 1;
}

int program_names_new(struct program_names **ret_names)
{
	*ret_names = calloc(1, sizeof(**ret_names));
	return *ret_names ? 0 : -ENOMEM;
}

void program_names_free(struct program_names *names)
{
	if (!names)
		return;
	free(names->hashes);
	free(names);
}

int program_names_add(struct program_names *names, const struct policy_condition *conditions,
		      size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int r = 1;

		if (!tells_name(&conditions[i]))
			continue;
		for (size_t j = 0; j < conditions[i].word_count && r > 0; j++)
			r = add_word(names, &conditions[i].words[j]);
		return r;
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *one = a, *other = b;

	return (*one > *other) - (*one < *other);
}

/* A program that many rules name is one. */
void program_names_sort(struct program_names *names)
{
	size_t kept = 0;
	uint64_t *smaller;

	if (names->count == 0)
		return;
	qsort(names->hashes, names->count, sizeof(*names->hashes), compare);
	for (size_t i = 0; i < names->count; i++)
		if (i == 0 || names->hashes[i] != names->hashes[kept - 1])
			names->hashes[kept++] = names->hashes[i];
	names->count = names->room = kept;
	smaller = reallocarray(names->hashes, kept, sizeof(*smaller));
	if (smaller)
		names->hashes = smaller;
}

bool program_names_have(const struct program_names *names, struct slice path)
{
	struct slice name = slice_last_part(path);
	uint64_t hash = hash_bytes(name.data, name.size);

	if (names->count > 0 && bsearch(&hash, names->hashes, names->count, sizeof(hash), compare))
		return true;
	for (size_t i = 0; i < names->pattern_count; i++)
		if (glob_matches(GLOB_PATH, names->patterns[i], name))
			return true;
	return false;
}
