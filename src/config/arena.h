/* SPDX-License-Identifier: MIT */
/* Memory that is given back all at once: the strings and lists of a policy. */
#pragma once

#include "util/macros.h"

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena);
DEFINE_CLEANUP(struct arena *, arena_free);

/* Zeroed memory for any object, or NULL. */
void *arena_alloc(struct arena *arena, size_t size);
/* Takes back what is behind the first `used` bytes of an object of `size`, if it is the last one
 * that was made. Both are as arena_alloc() was asked for, and multiples of 8. */
void arena_give_back(struct arena *arena, void *memory, size_t size, size_t used);
/* A copy with a NUL behind it, without any alignment, or NULL. */
char *arena_copy(struct arena *arena, const char *text, size_t size);

static inline char *arena_string(struct arena *arena, const char *text)
{
	return arena_copy(arena, text, strlen(text));
}
