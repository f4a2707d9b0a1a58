// SPDX-License-Identifier: MIT
/*
 * A word is filed under a key (keys.h): of a text, of each folder that it could lie in, of a number
 * or of the prefix that a range of numbers shares; or, if it is a pattern, under a gram (grams.h).
 * Asking (selector-find.c) makes the keys that the facts could have been filed under.
 *
 * Conditions are in the order of what it costs to know about them, so the first that few rules
 * share is taken. What a fact that cannot be known would have found is not found: such a condition
 * fails anyway.
 */
#include "rules/selector.h"

#include "rules/selector-internal.h"

enum {
	FEW = 16,    /* rules that share a word: cheap enough to judge one by one */
	PATTERN = 4, /* what a pattern counts: it is looked for in all of a text */
};

/* ---- filing ---- */

/* Conditions that ask for one thing share its keys. */
static enum condition_kind field_of(enum condition_kind kind)
{
	return kind == CONDITION_USER ? CONDITION_UID : kind;
}

/* What a condition could be filed under: handed out one by one. */
struct filing {
	void (*file_key)(struct filing *filing, uint64_t key);
	void (*file_pattern)(struct filing *filing, const struct gram_source *source);
	uint32_t rule;
	enum condition_kind kind;
	/* Counting, then choosing. */
	struct key_entry *entries;
	size_t entry_count, entry_room;
	const struct keys *counts;
	size_t weight;
	/* Building. */
	struct selector *selector;
	struct gram_source *sources[CONDITIONS];
	size_t source_count[CONDITIONS], source_room[CONDITIONS];
	bool failed;
};

static void file_shape(struct filing *filing, enum shape shape, struct slice text)
{
	if (filing->selector)
		filing->selector->sizes[filing->kind][shape] |= size_bit(text.size);
	filing->file_key(filing, text_key(filing->kind, shape, text));
}

/* A range is what a few prefixes begin: at most two of each length. */
static void file_range(struct filing *filing, uint64_t least, uint64_t most)
{
	uint64_t end = MIN(most, (uint64_t)UINT32_MAX) + 1;

	while (least < end) {
		unsigned length = NUMBER_BITS;

		while (length > 0) {
			uint64_t size = UINT64_C(1) << (NUMBER_BITS - length + 1);

			if (least % size != 0 || least + size > end)
				break;
			length--;
		}
		if (filing->selector)
			filing->selector->prefixes[filing->kind] |= UINT64_C(1) << length;
		filing->file_key(filing, number_key(filing->kind, least, length));
		least += UINT64_C(1) << (NUMBER_BITS - length);
	}
}

static bool file_number(struct filing *filing, const struct policy_word *word)
{
	if (word->form == WORD_NUMBER && !word->unknown)
		file_range(filing, word->least, word->most);
	else if (filing->kind == CONDITION_LOGINUID && streq(word->text, "unset"))
		file_shape(filing, SHAPE_EXACT, slice_of("unset"));
	return true;
}

/* Of a line of arguments the blanks between them are not there: the longest piece without. */
static struct slice piece_without_blank(struct slice text, const char *ends)
{
	struct slice best = { text.data, 0 };

	for (size_t i = 0, begin = 0; i <= text.size; i++) {
		if (i < text.size && !strchr(ends, text.data[i]))
			continue;
		if (i - begin > best.size)
			best = (struct slice){ text.data + begin, i - begin };
		begin = i + 1;
	}
	return best;
}

static bool file_joined(struct filing *filing, const struct policy_word *word,
			const struct regex *regex)
{
	struct gram_source source = { .id = filing->rule };

	if (word->form == WORD_REGEX)
		source.literal = piece_without_blank(regex_literal(regex), " ");
	else if (word->form == WORD_GLOB)
		source.literal = piece_without_blank((struct slice){ word->text,
								     strcspn(word->text, "[\\") },
						     " *?");
	else
		source.literal = piece_without_blank(slice_of(word->text), " ");
	if (source.literal.size == 0)
		return false;
	filing->file_pattern(filing, &source);
	return true;
}

/* False where nothing is known of what matches. */
static bool file_pattern(struct filing *filing, const struct policy_word *word,
			 const struct regex *regex)
{
	struct gram_source source = { .id = filing->rule };

	if (word->form == WORD_REGEX)
		source.literal = regex_literal(regex);
	else
		source.glob = word->text;
	if (word->form == WORD_REGEX && source.literal.size == 0)
		return false;
	filing->file_pattern(filing, &source);
	return true;
}

static bool file_text(struct filing *filing, const struct policy_word *word,
		      const struct regex *regex)
{
	enum condition_kind kind = filing->kind;
	struct slice text = slice_of(word->text);
	bool program = kind == CONDITION_EXE || kind == CONDITION_PROGRAM ||
		       kind == CONDITION_SCRIPT || kind == CONDITION_INTERPRETER ||
		       kind == CONDITION_PARENT || kind == CONDITION_ANCESTOR;
	bool group = kind == CONDITION_CGROUP || kind == CONDITION_GROUP_IN;

	if (word->joined)
		return file_joined(filing, word, regex);
	if (word->form == WORD_REGEX || word->form == WORD_GLOB)
		return file_pattern(filing, word, regex);
	if (group)
		file_shape(filing, SHAPE_FOLDER, without_slash(text));
	else if (word->form == WORD_FOLDER)
		file_shape(filing, SHAPE_FOLDER, text.size == 1 ? (struct slice){ "", 0 } : text);
	else if (program && !strchr(word->text, '/'))
		file_shape(filing, SHAPE_LAST_PART, text);
	else
		file_shape(filing, SHAPE_EXACT, text);
	return true;
}

/* A plain word may be a runtime or the start of an id. */
static bool file_container(struct filing *filing, const struct policy_word *word,
			   const struct regex *regex)
{
	struct slice text = slice_of(word->text);

	if (word->form == WORD_REGEX || word->form == WORD_GLOB)
		return file_pattern(filing, word, regex);
	if (strncmp(word->text, "pod:", 4) == 0) {
		file_shape(filing, SHAPE_LAST_PART, slice_of(word->text + 4));
		return true;
	}
	file_shape(filing, SHAPE_EXACT, text);
	if (text.size == 0 || streq(word->text, "host") || streq(word->text, "any"))
		return true;
	text.size = MIN(text.size, (size_t)ID_BYTES);
	if (filing->selector)
		filing->selector->id_lengths |= UINT64_C(1) << (text.size - 1);
	file_shape(filing, SHAPE_ID, text);
	return true;
}

static bool file_namespace(struct filing *filing, const struct policy_word *word)
{
	struct namespace_word named;

	if (!namespace_parse(word->text, &named))
		return true;
	if (filing->selector)
		filing->selector->namespaces |= namespace_bit(&named);
	filing->file_key(filing,
			 key_of(space_of(filing->kind, SHAPE_EXACT), &named, sizeof(named)));
	return true;
}

/* Hands out all that has to be looked up to find the condition; false if that is not enough. */
static bool file_condition(struct filing *filing, const struct condition *condition)
{
	const struct policy_condition *from = condition->from;
	uint64_t wanted = from->wanted;
	bool good = true;

	filing->kind = field_of(from->kind);
	for (size_t i = 0; i < from->word_count && good; i++) {
		const struct regex *regex = condition->regexes ? condition->regexes[i] : NULL;

		switch (filing->kind) {
		case CONDITION_UID:
		case CONDITION_EUID:
		case CONDITION_LOGINUID:
		case CONDITION_UNIX_GROUP:
		case CONDITION_MEMBER_OF:
			good = file_number(filing, &from->words[i]);
			break;
		case CONDITION_CONTAINER:
			good = file_container(filing, &from->words[i], regex);
			break;
		case CONDITION_NAMESPACE:
			good = file_namespace(filing, &from->words[i]);
			break;
		default:
			good = file_text(filing, &from->words[i], regex);
		}
	}
	switch (filing->kind) {
	case CONDITION_MEMFD:
	case CONDITION_DELETED:
	case CONDITION_SETUID_PROGRAM:
	case CONDITION_REALTIME:
		filing->file_key(filing, key_of(space_of(filing->kind, SHAPE_EXACT), &wanted,
						sizeof(wanted)));
		break;
	case CONDITION_TIME:
	case CONDITION_NOT:
		return false;
	default:
		break;
	}
	return good;
}

/* ---- counting, choosing, building ---- */

static bool make_room(struct filing *filing, void *array_pointer, size_t *room, size_t count,
		      size_t size)
{
	void **array = array_pointer, *larger;

	if (filing->failed || count < *room)
		return !filing->failed;
	larger = reallocarray(*array, *room ? *room * 2 : 64, size);
	if (!larger) {
		filing->failed = true;
		return false;
	}
	*room = *room ? *room * 2 : 64;
	*array = larger;
	return true;
}

static void keep_key(struct filing *filing, uint64_t key)
{
	if (make_room(filing, &filing->entries, &filing->entry_room, filing->entry_count,
		      sizeof(*filing->entries)))
		filing->entries[filing->entry_count++] =
			(struct key_entry){ .key = key, .rule = filing->rule };
}

/* For counting, a pattern is its text. */
static uint64_t pattern_key(const struct filing *filing, const struct gram_source *source)
{
	return text_key(filing->kind, SHAPE_GLOB,
			source->glob ? slice_of(source->glob) : source->literal);
}

static void count_pattern(struct filing *filing, const struct gram_source *source)
{
	keep_key(filing, pattern_key(filing, source));
}

static void weigh_key(struct filing *filing, uint64_t key)
{
	filing->weight = MAX(filing->weight, filing->counts ? keys_count(filing->counts, key) : 1);
}

static void weigh_pattern(struct filing *filing, const struct gram_source *source)
{
	size_t count = filing->counts ? keys_count(filing->counts, pattern_key(filing, source)) : 1;

	filing->weight = MAX(filing->weight, count * PATTERN);
}

static void keep_pattern(struct filing *filing, const struct gram_source *source)
{
	enum condition_kind kind = filing->kind;

	if (make_room(filing, &filing->sources[kind], &filing->source_room[kind],
		      filing->source_count[kind], sizeof(*source)))
		filing->sources[kind][filing->source_count[kind]++] = *source;
}

/* The condition that a rule is best filed under, or -1. */
static int choose(struct filing *filing, const struct condition *conditions, size_t count)
{
	size_t least = SIZE_MAX;
	int best = -1;

	filing->file_key = weigh_key;
	filing->file_pattern = weigh_pattern;
	for (size_t i = 0; i < count && least > FEW; i++) {
		filing->weight = 0;
		if (!file_condition(filing, &conditions[i]) || filing->weight >= least)
			continue;
		least = filing->weight;
		best = (int)i;
	}
	return best;
}

int selector_choice(const struct condition *conditions, size_t count)
{
	struct filing filing = { .rule = 0 };

	return choose(&filing, conditions, count);
}

static int count_keys(struct filing *filing, const struct selector_rule *rules, size_t count,
		      struct keys **ret_counts)
{
	filing->file_key = keep_key;
	filing->file_pattern = count_pattern;
	for (size_t i = 0; i < count; i++) {
		filing->rule = rules[i].rule;
		for (size_t j = 0; j < rules[i].count; j++)
			(void)file_condition(filing, &rules[i].conditions[j]);
	}
	if (filing->failed)
		return -ENOMEM;
	return keys_new(filing->entries, filing->entry_count, ret_counts);
}

static void file_rule(struct filing *filing, const struct selector_rule *rule)
{
	struct selector *selector = filing->selector;
	int best;

	filing->rule = rule->rule;
	filing->selector = NULL;
	best = choose(filing, rule->conditions, rule->count);
	filing->selector = selector;
	if (best < 0) {
		selector->always[selector->always_count++] = rule->rule;
		return;
	}
	filing->file_key = keep_key;
	filing->file_pattern = keep_pattern;
	(void)file_condition(filing, &rule->conditions[best]);
	selector->kinds |= UINT32_C(1) << filing->kind;
}

static int build(struct filing *filing, const struct selector_rule *rules, size_t count)
{
	struct selector *selector = filing->selector;
	int r;

	filing->entry_count = 0;
	for (size_t i = 0; i < count; i++)
		file_rule(filing, &rules[i]);
	if (filing->failed)
		return -ENOMEM;
	r = keys_new(filing->entries, filing->entry_count, &selector->keys);
	for (size_t kind = 0; kind < CONDITIONS && r >= 0; kind++)
		if (filing->source_count[kind] > 0)
			r = grams_new(filing->sources[kind], filing->source_count[kind],
				      &selector->grams[kind]);
	return r;
}

int selector_new(const struct selector_rule *rules, size_t count, struct selector **ret_selector)
{
	_cleanup_(selector_freep) struct selector *selector = calloc(1, sizeof(*selector));
	_cleanup_(keys_freep) struct keys *counts = NULL;
	struct filing filing = { .rule = 0 };
	int r = -ENOMEM;

	if (selector)
		selector->always = calloc(count + 1, sizeof(*selector->always));
	if (selector && selector->always)
		r = count_keys(&filing, rules, count, &counts);
	if (r >= 0) {
		filing.counts = counts;
		filing.selector = selector;
		r = build(&filing, rules, count);
	}
	free(filing.entries);
	for (size_t kind = 0; kind < CONDITIONS; kind++)
		free(filing.sources[kind]);
	if (r < 0)
		return r;
	*ret_selector = TAKE_PTR(selector);
	return 0;
}

void selector_free(struct selector *selector)
{
	if (!selector)
		return;
	keys_free(selector->keys);
	for (size_t kind = 0; kind < CONDITIONS; kind++)
		grams_free(selector->grams[kind]);
	free(selector->always);
	free(selector);
}

size_t selector_always(const struct selector *selector)
{
	return selector->always_count;
}
