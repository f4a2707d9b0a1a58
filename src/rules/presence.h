/* SPDX-License-Identifier: MIT */
/*
 * A small table that tells by one load that a hash is surely not among some others: one bit each,
 * of thirty-two a hash, so that one in thirty is let through for nothing.
 */
#pragma once

#include "util/macros.h"

struct presence {
	uint64_t *words;
	unsigned shift; /* of a hash, to its word */
};

/* For `count` hashes. 0 or -ENOMEM. */
static inline int presence_init(struct presence *presence, size_t count)
{
	unsigned bits = 1;

	while (((size_t)1 << bits) * 2 < count)
		bits++;
	presence->shift = 64 - bits;
	presence->words = calloc((size_t)1 << bits, sizeof(*presence->words));
	return presence->words ? 0 : -ENOMEM;
}

static inline void presence_done(struct presence *presence)
{
	free(presence->words);
}

/* The upper bits choose the word, the next ones the bit in it. */
static inline unsigned presence_bit(const struct presence *presence, uint64_t hash)
{
	return (unsigned)(hash >> (presence->shift - 6)) & 63;
}

static inline void presence_add(struct presence *presence, uint64_t hash)
{
	presence->words[hash >> presence->shift] |= UINT64_C(1) << presence_bit(presence, hash);
}

static inline bool presence_maybe(const struct presence *presence, uint64_t hash)
{
	return presence->words[hash >> presence->shift] >> presence_bit(presence, hash) & 1;
}
