/* SPDX-License-Identifier: MIT */
/* Memory for the time of one call: given out piece by piece, and taken back all at once. */
#pragma once

#include "util/macros.h"

enum { ARENA_FIRST = 4096 };

struct arena_block;

/* Begins as zero. What fits in the first bytes needs no allocation. */
struct arena {
	size_t used;
	struct arena_block *blocks;
	_Alignas(16) uint8_t first[ARENA_FIRST];
};

/* Aligned for anything, and zeroed; NULL: no memory. */
void *arena_take(struct arena *arena, size_t size);
void arena_reset(struct arena *arena);
