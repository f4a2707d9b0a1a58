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
/* A copy with a NUL behind it, without any alignment, or NULL. */
char *arena_copy(struct arena *arena, const char *text, size_t size);

static inline char *arena_string(struct arena *arena, const char *text)
{
	return arena_copy(arena, text, strlen(text));
}
