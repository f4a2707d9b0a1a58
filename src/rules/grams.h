/* SPDX-License-Identifier: MIT */
/*
 * Which of many patterns may match a text, without trying each: every pattern is filed under one
 * short piece of text (a gram) that whatever matches it has in it, the one that the fewest other
 * patterns have. A text is then looked through once for all grams. What is found has still to be
 * compared.
 */
#pragma once

#include "rules/candidates.h"
#include "util/text.h"

struct grams;

struct gram_source {
	const char *glob;     /* NULL: `literal` */
	struct slice literal; /* is in all that matches; size 0: nothing is known */
	uint32_t id;
};

/* The texts need not outlive it. 0 or -ENOMEM. */
int grams_new(const struct gram_source *sources, size_t count, struct grams **ret_grams);
void grams_free(struct grams *grams);
DEFINE_CLEANUP(struct grams *, grams_free);

/*
 * Adds the ids of the patterns that may match. O(size of the text), and each pattern that is found
 * costs once, however often its gram stands there. Allocates nothing.
 */
void grams_find(const struct grams *grams, struct slice text, struct candidates *candidates);

/* Patterns that are looked at for every text; and those under the gram that most of them share. */
size_t grams_always(const struct grams *grams);
size_t grams_largest(const struct grams *grams);
