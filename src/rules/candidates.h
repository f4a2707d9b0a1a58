/* SPDX-License-Identifier: MIT */
/*
 * Rules that may match, found in any order and taken in file order: a bit each, on the stack of
 * who asks. Only a window of CANDIDATES_AT_ONCE rules is looked at; where one was found beyond it,
 * whoever asks looks again with the window moved there. That bounds the memory for any number of
 * rules, and is one round for nearly all policies.
 */
#pragma once

#include "util/macros.h"

enum { CANDIDATES_AT_ONCE = 32768, CANDIDATE_WORDS = CANDIDATES_AT_ONCE / 64 };

#define NO_CANDIDATE UINT32_MAX /* no enumerator: those are ints */

struct candidates {
	uint32_t first;	 /* of the window */
	uint32_t beyond; /* the least that was found behind it, or NO_CANDIDATE */
	uint64_t touched[CANDIDATE_WORDS / 64]; /* a bit a word that is set at all */
	uint64_t words[CANDIDATE_WORDS];
};

/* The words themselves are cleared as they are touched. */
static inline void candidates_begin(struct candidates *candidates, uint32_t first)
{
	candidates->first = first;
	candidates->beyond = NO_CANDIDATE;
	memset(candidates->touched, 0, sizeof(candidates->touched));
}

static inline void candidates_add(struct candidates *candidates, uint32_t rule)
{
	uint32_t at = rule - candidates->first, word = at / 64;
	uint64_t *touched, bit;

	if (rule < candidates->first)
		return;
	if (at >= CANDIDATES_AT_ONCE) {
		candidates->beyond = MIN(candidates->beyond, rule);
		return;
	}
	touched = &candidates->touched[word / 64];
	bit = UINT64_C(1) << (word % 64);
	if (!(*touched & bit))
		candidates->words[word] = 0;
	*touched |= bit;
	candidates->words[word] |= UINT64_C(1) << (at % 64);
}

static inline bool candidates_have(const struct candidates *candidates, uint32_t rule)
{
	uint32_t at = rule - candidates->first, word = at / 64;

	return at < CANDIDATES_AT_ONCE && candidates->touched[word / 64] >> (word % 64) & 1 &&
	       candidates->words[word] >> (at % 64) & 1;
}

/* Takes the least one out; NO_CANDIDATE when none is left in the window. */
static inline uint32_t candidates_take(struct candidates *candidates)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(candidates->touched); i++) {
		uint32_t word, bit;

		if (!candidates->touched[i])
			continue;
		word = i * 64 + (uint32_t)__builtin_ctzll(candidates->touched[i]);
		bit = (uint32_t)__builtin_ctzll(candidates->words[word]);
		candidates->words[word] &= candidates->words[word] - 1;
		if (!candidates->words[word])
			candidates->touched[i] &= candidates->touched[i] - 1;
		return candidates->first + word * 64 + bit;
	}
	return NO_CANDIDATE;
}
