// SPDX-License-Identifier: MIT
/*
 * Grams are 8, 6, 4, 2 or 1 bytes long, the longest that a pattern's literal pieces have room for:
 * so a gram is one number, and looking a text through is one multiplication and one bit of a small
 * table for each byte and length. Rare is what few patterns have: that is counted over all pieces
 * of all patterns (in a table of counters without keys, so a count may be too high).
 *
 * Patterns that share even their rarest gram often differ in two places that are far apart: each
 * has a second gram, of 8 bytes elsewhere, and is handed out only where the text may have that,
 * too.
 *
 * A hostile set, in which all patterns share their only gram, costs what trying each of them does;
 * a hostile text cannot make that more, since a gram that was seen is not followed again.
 */
#include "rules/grams.h"

#include "rules/presence.h"
#include "util/hash.h"

enum {
	LEVELS = 5,
	SEEN = 64,
	SEEN_FROM = 4,
	COUNTERS_MOST = 22, /* log2 */
	SECOND_BITS = 12,   /* log2 of the bits that stand for a text's grams */
};

struct slot {
	uint64_t gram;
	uint32_t first, count; /* in `filed`; count 0: empty */
};

struct filed {
	uint32_t id;
	uint32_t second; /* the bit of a second gram, plus 1; 0: there is none */
};

struct level {
	unsigned length;
	size_t gram_count;
	struct presence presence;
	unsigned slots_shift; /* of a hash, to its index */
	struct slot *slots;
};

struct grams {
	struct level levels[LEVELS];
	uint64_t multiplier; /* odd; differs in every process */
	struct filed *filed;
	const struct filed *always;
	size_t always_count, largest;
	bool has_second;
};

static const unsigned lengths[LEVELS] = { 8, 6, 4, 2, 1 };

/* Called with constants, so that it is one load; six bytes are two, for put together in memory they
 * would be waited for. */
static inline uint64_t load(const char *at, unsigned length)
{
	uint64_t gram = 0;
	uint32_t low;
	uint16_t high;

	if (length != 6) {
		memcpy(&gram, at, length);
		return gram;
	}
	memcpy(&low, at, sizeof(low));
	memcpy(&high, at + sizeof(low), sizeof(high));
	return low | (uint64_t)high << 32;
}

/* Its upper bits depend on all of the gram. */
static uint64_t hash_gram(const struct grams *grams, uint64_t gram)
{
	return gram * grams->multiplier;
}

/* ---- literal pieces of a pattern ---- */

struct pieces {
	const char *at;	   /* of a glob */
	struct slice once; /* of a literal */
};

static struct pieces pieces_of(const struct gram_source *source)
{
	struct pieces pieces = { .at = source->glob };

	if (!source->glob)
		pieces.once = source->literal;
	return pieces;
}

/* Behind [...]; at the end of the text where it is never closed. */
static const char *skip_bracket(const char *at)
{
	at++;
	at += *at == '!' || *at == '^';
	for (bool first = true; *at && (*at != ']' || first); first = false)
		at += *at == '\\' && at[1] ? 2 : 1;
	return *at ? at + 1 : at;
}

/* The slash behind ** may stand for nothing. */
static const char *skip_stars(const char *at)
{
	size_t stars = strspn(at, "*");

	return at + stars + (stars > 1 && at[stars] == '/');
}

static bool next_piece(struct pieces *pieces, struct slice *ret_piece)
{
	if (pieces->once.size > 0) {
		*ret_piece = pieces->once;
		pieces->once.size = 0;
		return true;
	}
	while (pieces->at && *pieces->at) {
		const char *at = pieces->at;
		bool escaped = *at == '\\' && at[1];
		size_t size;

		if (*at == '*') {
			pieces->at = skip_stars(at);
		} else if (*at == '[') {
			pieces->at = skip_bracket(at);
		} else if (*at == '?') {
			pieces->at++;
		} else {
			/* What is behind a backslash begins a piece, as it is; so does one at the
			 * end of the text. */
			at += escaped;
			size = 1 + strcspn(at + 1, "*?[\\");
			pieces->at = at + size;
			*ret_piece = (struct slice){ at, size };
			return true;
		}
	}
	return false;
}

/* ---- choosing ---- */

struct chosen {
	unsigned level; /* LEVELS: none */
	struct filed filed;
	uint64_t gram;
	const char *at; /* where it stands in the pattern */
};

struct counters {
	uint32_t *counts;
	unsigned shift;
};

static uint32_t *counter_of(const struct grams *grams, const struct counters *counters,
			    unsigned level, uint64_t gram)
{
	return &counters->counts[(hash_gram(grams, gram) ^ (uint64_t)level << 60) >>
				 counters->shift];
}

static unsigned level_of(size_t size)
{
	unsigned level = 0;

	while (lengths[level] > size)
		level++;
	return level;
}

static void count_source(const struct grams *grams, const struct counters *counters,
			 const struct gram_source *source)
{
	struct pieces pieces = pieces_of(source);
	struct slice piece;

	while (next_piece(&pieces, &piece)) {
		unsigned level = level_of(piece.size);

		for (size_t i = 0; i + lengths[level] <= piece.size; i++)
			++*counter_of(grams, counters, level, load(piece.data + i, lengths[level]));
	}
}

/* The rarest gram that is not one of the `length` bytes around `taken`; of `levels`, the first. */
static struct chosen choose(const struct grams *grams, const struct counters *counters,
			    const struct gram_source *source, unsigned levels, const char *taken,
			    unsigned length)
{
	struct chosen best = { .level = LEVELS, .filed = { .id = source->id } };
	struct pieces pieces = pieces_of(source);
	uint32_t least = UINT32_MAX;
	struct slice piece;

	while (next_piece(&pieces, &piece)) {
		unsigned level = level_of(piece.size);

		for (size_t i = 0; level < levels && i + lengths[level] <= piece.size; i++) {
			const char *at = piece.data + i;
			uint64_t gram = load(at, lengths[level]);
			uint32_t count = *counter_of(grams, counters, level, gram);

			/* Of two that are as rare the longer one is rarer in texts. */
			if (count > least || (count == least && level >= best.level) ||
			    (taken && at + length > taken && at < taken + length))
				continue;
			least = count;
			best.level = level;
			best.gram = gram;
			best.at = at;
		}
	}
	return best;
}

static uint32_t second_bit(const struct grams *grams, uint64_t gram)
{
	return (uint32_t)(hash_gram(grams, gram) >> (64 - SECOND_BITS));
}

static struct chosen choose_both(const struct grams *grams, const struct counters *counters,
				 const struct gram_source *source)
{
	struct chosen first = choose(grams, counters, source, LEVELS, NULL, 0), second;

	if (first.level == LEVELS)
		return first;
	second = choose(grams, counters, source, 1, first.at, lengths[0]);
	if (second.level == 0)
		first.filed.second = second_bit(grams, second.gram) + 1;
	return first;
}

/* ---- building ---- */

static int compare_chosen(const void *a, const void *b)
{
	const struct chosen *left = a, *right = b;

	if (left->level != right->level)
		return left->level < right->level ? -1 : 1;
	if (left->gram != right->gram)
		return left->gram < right->gram ? -1 : 1;
	return left->filed.id < right->filed.id ? -1 : left->filed.id > right->filed.id;
}

static unsigned log2_above(size_t count)
{
	unsigned bits = 1;

	while ((SIZE_MAX >> (64 - bits)) < count)
		bits++;
	return bits;
}

static int make_level(struct level *level, size_t count)
{
	unsigned slots = log2_above(count * 2);

	level->gram_count = count;
	level->slots_shift = 64 - slots;
	level->slots = calloc((size_t)1 << slots, sizeof(*level->slots));
	return level->slots ? presence_init(&level->presence, count) : -ENOMEM;
}

static void put_gram(const struct grams *grams, struct level *level, uint64_t gram, uint32_t first,
		     uint32_t count)
{
	uint64_t hash = hash_gram(grams, gram);
	size_t mask = SIZE_MAX >> level->slots_shift, i = hash >> level->slots_shift;

	presence_add(&level->presence, hash);
	while (level->slots[i].count > 0)
		i = (i + 1) & mask;
	level->slots[i] = (struct slot){ .gram = gram, .first = first, .count = count };
}

/* Files `chosen`, which is sorted. */
static int file_grams(struct grams *grams, const struct chosen *chosen, size_t count)
{
	size_t distinct[LEVELS + 1] = { 0 };

	grams->filed = calloc(count + 1, sizeof(*grams->filed));
	if (!grams->filed)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		grams->filed[i] = chosen[i].filed;
		distinct[chosen[i].level] += i == 0 || chosen[i - 1].level != chosen[i].level ||
					     chosen[i - 1].gram != chosen[i].gram;
	}
	for (unsigned level = 0; level < LEVELS; level++) {
		grams->levels[level].length = lengths[level];
		if (distinct[level] > 0 && make_level(&grams->levels[level], distinct[level]) < 0)
			return -ENOMEM;
	}
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && chosen[end].level == chosen[i].level &&
				  chosen[end].gram == chosen[i].gram;)
			end++;
		if (chosen[i].level == LEVELS) {
			grams->always = &grams->filed[i];
			grams->always_count = count - i;
			break;
		}
		grams->largest = MAX(grams->largest, end - i);
		/* A few are compared as fast as their second grams are. */
		for (size_t j = i; j < end && end - i >= SEEN_FROM; j++)
			grams->has_second |= chosen[j].filed.second != 0;
		put_gram(grams, &grams->levels[chosen[i].level], chosen[i].gram, (uint32_t)i,
			 (uint32_t)(end - i));
	}
	return 0;
}

int grams_new(const struct gram_source *sources, size_t count, struct grams **ret_grams)
{
	_cleanup_(grams_freep) struct grams *grams = calloc(1, sizeof(*grams));
	_cleanup_(freep) struct chosen *chosen = calloc(count + 1, sizeof(*chosen));
	struct counters counters = { .shift = 64 - MIN(log2_above(count * 64), COUNTERS_MOST) };
	_cleanup_(freep) uint32_t *counts =
		calloc((size_t)1 << (64 - counters.shift), sizeof(*counts));
	int r;

	if (!grams || !chosen || !counts)
		return -ENOMEM;
	counters.counts = counts;
	grams->multiplier = hash_bytes("gram", 4) | 1;
	for (size_t i = 0; i < count; i++)
		count_source(grams, &counters, &sources[i]);
	for (size_t i = 0; i < count; i++)
		chosen[i] = choose_both(grams, &counters, &sources[i]);
	qsort(chosen, count, sizeof(*chosen), compare_chosen);
	r = file_grams(grams, chosen, count);
	if (r < 0)
		return r;
	*ret_grams = TAKE_PTR(grams);
	return 0;
}

void grams_free(struct grams *grams)
{
	if (!grams)
		return;
	for (unsigned level = 0; level < LEVELS; level++) {
		presence_done(&grams->levels[level].presence);
		free(grams->levels[level].slots);
	}
	free(grams->filed);
	free(grams);
}

/* ---- asking ---- */

struct search {
	const struct grams *grams;
	struct candidates *candidates;
	struct slice text;
	bool begun; /* the rest is filled: most texts have nothing that many share */
	/* Which large slots were followed already: a small cache, whose misses only cost time. */
	const struct slot *seen[SEEN];
	uint64_t present[(1 << SECOND_BITS) / 64]; /* grams of the text, where there are seconds */
};

static bool may_have(const struct search *search, uint32_t second)
{
	uint32_t bit = second - 1;

	return second == 0 || (search->present[bit / 64] >> (bit % 64) & 1);
}

static void note_grams(struct search *search)
{
	struct slice text = search->text;

	search->begun = true;
	memset(search->seen, 0, sizeof(search->seen));
	if (!search->grams->has_second)
		return;
	memset(search->present, 0, sizeof(search->present));
	for (size_t i = 0; i + 8 <= text.size; i++) {
		uint32_t bit = second_bit(search->grams, load(text.data + i, 8));

		search->present[bit / 64] |= UINT64_C(1) << (bit % 64);
	}
}

static __attribute__((noinline)) void follow(struct search *search, const struct level *level,
					     uint64_t gram, uint64_t hash)
{
	size_t mask = SIZE_MAX >> level->slots_shift, i = hash >> level->slots_shift;
	const struct filed *filed = search->grams->filed;
	const struct slot *slot;

	for (;; i = (i + 1) & mask) {
		slot = &level->slots[i];
		if (slot->count == 0)
			return;
		if (slot->gram == gram)
			break;
	}
	if (slot->count < SEEN_FROM) {
		for (uint32_t at = slot->first; at < slot->first + slot->count; at++)
			candidates_add(search->candidates, filed[at].id);
		return;
	}
	if (!search->begun)
		note_grams(search);
	if (search->seen[i % SEEN] == slot)
		return;
	search->seen[i % SEEN] = slot;
	for (uint32_t at = slot->first; at < slot->first + slot->count; at++)
		if (may_have(search, filed[at].second))
			candidates_add(search->candidates, filed[at].id);
}

/* Inlined, so that `length` is a constant and a gram one load. */
static inline __attribute__((always_inline)) void look_through(struct search *search,
							       unsigned number, unsigned length)
{
	const struct level *level = &search->grams->levels[number];
	/* What the compiler cannot know to stay as it is. */
	const struct presence presence = level->presence;
	const uint64_t multiplier = search->grams->multiplier;
	const struct slice text = search->text;

	if (level->gram_count == 0)
		return;
	for (size_t i = 0; i + length <= text.size; i++) {
		uint64_t gram = load(text.data + i, length);
		uint64_t hash = gram * multiplier;

		if (presence_maybe(&presence, hash))
			follow(search, level, gram, hash);
	}
}

void grams_find(const struct grams *grams, struct slice text, struct candidates *candidates)
{
	struct search search;

	search.grams = grams;
	search.candidates = candidates;
	search.text = text;
	search.begun = false;
	for (size_t i = 0; i < grams->always_count; i++)
		candidates_add(candidates, grams->always[i].id);
	look_through(&search, 0, 8);
	look_through(&search, 1, 6);
	look_through(&search, 2, 4);
	look_through(&search, 3, 2);
	look_through(&search, 4, 1);
}

size_t grams_always(const struct grams *grams)
{
	return grams->always_count;
}

size_t grams_largest(const struct grams *grams)
{
	return grams->largest;
}
