/* SPDX-License-Identifier: MIT */
/*
 * Texts that many processes share (programs, groups), held once and counted. A text has two parts
 * and, where the pool was made so, room for what is concluded from it. Some that nobody holds any
 * more are kept, for programs that run shortly and often.
 */
#pragma once

#include "util/text.h"

struct interned {
	struct interned *next; /* in its chain */
	uint64_t hash;
	uint32_t references;
	uint32_t first, second; /* sizes of the parts */
	uint32_t extra;		/* bytes of extra room before the text, as the pool has them */
	char room[] __attribute__((aligned(8)));
};

enum { INTERN_KEPT = 64 };

struct intern {
	struct interned **chains;
	size_t chain_count, count;
	size_t extra;
	struct interned *kept[INTERN_KEPT]; /* one for each value of the hash's low bits */
	struct interned *last;		    /* that was asked for; it is kept */
};

/* `extra`: bytes that each text has beside it, zero at first. */
void intern_init(struct intern *pool, size_t extra);
/* Frees the pool with all that is in it, referenced or not. */
void intern_done(struct intern *pool);

/* The text with one reference more, made where it is new (then `*ret_new`). NULL: no memory. */
struct interned *intern_get(struct intern *pool, struct slice first, struct slice second,
			    bool *ret_new);
/* NULL is fine. */
void intern_put(struct intern *pool, struct interned *text);

static inline struct interned *intern_ref(struct interned *text)
{
	if (text)
		text->references++;
	return text;
}

static inline void *interned_extra(struct interned *text)
{
	return text->room;
}

static inline struct slice interned_first(const struct interned *text)
{
	return (struct slice){ text->room + text->extra, text->first };
}

static inline struct slice interned_second(const struct interned *text)
{
	return (struct slice){ text->room + text->extra + text->first + 1, text->second };
}

/* True if the text has just these parts; NULL has none. */
static inline bool interned_is(const struct interned *text, struct slice first, struct slice second)
{
	return text && slice_eq(interned_first(text), first) &&
	       slice_eq(interned_second(text), second);
}
