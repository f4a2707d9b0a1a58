// SPDX-License-Identifier: MIT
/*
 * Two kinds of chunks, one filled with aligned objects and one with strings: 100,000 short strings
 * cost their bytes, not malloc's 32 each, and freeing them is a few calls.
 */
#include "config/arena.h"

#include <stdalign.h>

enum { CHUNK_SIZE = 64 * 1024 };

struct chunk {
	struct chunk *next;
	size_t used, room;
	max_align_t data[];
};

struct arena {
	struct chunk *objects, *strings;
};

struct arena *arena_new(void)
{
	return calloc(1, sizeof(struct arena));
}

static void free_chunks(struct chunk *chunk)
{
	while (chunk) {
		struct chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	free_chunks(arena->objects);
	free_chunks(arena->strings);
	free(arena);
}

static void *take(struct chunk **chunks, size_t size)
{
	struct chunk *chunk = *chunks;
	void *memory;

	if (!chunk || chunk->room - chunk->used < size) {
		/* A chunk of its own for what is large: the one in use is not thrown away for it.
		 */
		bool large = size > CHUNK_SIZE / 4;
		size_t room = large ? size : CHUNK_SIZE - sizeof(*chunk);

		if (size > SIZE_MAX / 2)
			return NULL;
		chunk = calloc(1, sizeof(*chunk) + room);
		if (!chunk)
			return NULL;
		chunk->room = room;
		if (large && *chunks) {
			chunk->next = (*chunks)->next;
			(*chunks)->next = chunk;
		} else {
			chunk->next = *chunks;
			*chunks = chunk;
		}
	}
	memory = (char *)chunk->data + chunk->used;
	chunk->used += size;
	return memory;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	enum { ALIGNMENT = alignof(uint64_t) }; /* nothing here wants more */

	if (size > SIZE_MAX / 2)
		return NULL;
	return take(&arena->objects, (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
}

char *arena_copy(struct arena *arena, const char *text, size_t size)
{
	char *copy = take(&arena->strings, size + 1);

	if (copy) {
		memcpy(copy, text, size);
		copy[size] = '\0';
	}
	return copy;
}
