// SPDX-License-Identifier: MIT
/* One call's memory. A call's arguments nearly always fit in the first page; a long list of
 * arguments gets blocks from the heap, which are given back after the call. */
#include "port/arena.h"

enum { BLOCK = 65536, ALIGNMENT = 16 };

struct arena_block {
	struct arena_block *next;
	size_t used, room;
	_Alignas(ALIGNMENT) uint8_t data[];
};

void *arena_take(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;
	size_t room;
	void *taken;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	if (!block && ARENA_FIRST - arena->used >= size) {
		taken = arena->first + arena->used;
		arena->used += size;
		return memset(taken, 0, size);
	}
	if (!block || block->room - block->used < size) {
		room = MAX(size, (size_t)BLOCK);
		block = malloc(sizeof(*block) + room);
		if (!block)
			return NULL;
		*block = (struct arena_block){ .next = arena->blocks, .room = room };
		arena->blocks = block;
	}
	taken = block->data + block->used;
	block->used += size;
	return memset(taken, 0, size);
}

void arena_reset(struct arena *arena)
{
	struct arena_block *next;

	for (; arena->blocks; arena->blocks = next) {
		next = arena->blocks->next;
		free(arena->blocks);
	}
	arena->used = 0;
}
