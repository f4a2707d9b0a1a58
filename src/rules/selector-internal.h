/* SPDX-License-Identifier: MIT */
/* What rules are filed under (selector.c) and looked up by (selector-find.c). Private to those. */
#pragma once

#include "rules/grams.h"
#include "rules/keys.h"
#include "rules/selector.h"

enum {
	NUMBER_BITS = 32,
	ID_BYTES = 64, /* of a container's id that can be a key */
};

/* What a key is made of, besides the kind of condition. */
enum shape { SHAPE_EXACT, SHAPE_LAST_PART, SHAPE_FOLDER, SHAPE_GLOB, SHAPE_ID, SHAPE_NUMBER };

struct selector {
	struct keys *keys;
	struct grams *grams[CONDITIONS];
	uint32_t kinds; /* bits: rules are filed under them */
	/* Of the texts that are keys, by their shape: bits of their sizes, the last one for all
	 * above. Most of what is looked up is told by that to be none. */
	uint64_t sizes[CONDITIONS][SHAPE_NUMBER];
	uint64_t prefixes[CONDITIONS]; /* bits: lengths of number prefixes in use */
	uint32_t namespaces;	       /* bits: namespace_bit() of words in use */
	uint64_t id_lengths;	       /* bits: of container ids, length - 1 */
	uint32_t *always;
	size_t always_count;
};

static inline uint32_t space_of(enum condition_kind kind, unsigned shape)
{
	return (uint32_t)kind * 64 + shape;
}

static inline uint32_t namespace_bit(const struct namespace_word *word)
{
	return UINT32_C(1) << (word->kind * 3 + word->what);
}
_Static_assert(FACT_NAMESPACE_KINDS * 3 <= 32, "a bit for each kind and each of its three words");

static inline uint64_t size_bit(size_t size)
{
	return UINT64_C(1) << MIN(size, (size_t)63);
}

static inline uint64_t text_key(enum condition_kind kind, enum shape shape, struct slice text)
{
	return key_of(space_of(kind, shape), text.data, text.size);
}

/* Of the first `length` bits. */
static inline uint64_t number_key(enum condition_kind kind, uint64_t number, unsigned length)
{
	uint64_t bits = length ? number >> (NUMBER_BITS - length) : 0;

	return key_of(space_of(kind, SHAPE_NUMBER + length), &bits, sizeof(bits));
}

static inline struct slice without_slash(struct slice path)
{
	if (path.size > 0 && path.data[0] == '/') {
		path.data++;
		path.size--;
	}
	return path;
}
