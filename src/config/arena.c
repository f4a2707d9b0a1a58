// SPDX-License-Identifier: MIT
/*
 * Two kinds of chunks, one filled with aligned objects and one with strings: 100,000 short strings
 * cost their bytes, not malloc's 32 each, and freeing them is a few calls.
 */
#include "config/arena.h"

#include <stdalign.h>

/* Each chunk is twice the one before: a small text takes little, a large one few calls. */
enum { CHUNK_LEAST = 1024, CHUNK_MOST = 64 * 1024 };

struct chunk {
	struct chunk *next;
	size_t used, room;
	max_align_t data[];
};

struct chunks {
	struct chunk *first;
	size_t size; /* of the last one made; 0: none yet */
};

struct arena {
	struct chunks objects, strings;
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
	free_chunks(arena->objects.first);
	free_chunks(arena->strings.first);
	free(arena);
}

static struct chunk *add_chunk(struct chunks *chunks, size_t size)
{
	size_t next = chunks->size ? MIN(chunks->size * 2, (size_t)CHUNK_MOST) : CHUNK_LEAST;
	/* A chunk of its own for what is large: the one in use is not thrown away for it. */
	bool large = size > next / 4;
	size_t room = large ? size : next - sizeof(struct chunk);
	struct chunk *chunk = calloc(1, sizeof(*chunk) + room);

	if (!chunk)
		return NULL;
	chunk->room = room;
	if (large && chunks->first) {
		chunk->next = chunks->first->next;
		chunks->first->next = chunk;
	} else {
		chunk->next = chunks->first;
		chunks->first = chunk;
	}
	if (!large)
		chunks->size = next;
	return chunk;
}

static void *take(struct chunks *chunks, size_t size)
{
	struct chunk *chunk = chunks->first;
	void *memory;

	if (size > SIZE_MAX / 2)
		return NULL;
	if (!chunk || chunk->room - chunk->used < size)
		chunk = add_chunk(chunks, size);
	if (!chunk)
		return NULL;
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

void arena_give_back(struct arena *arena, void *memory, size_t size, size_t used)
{
	struct chunk *chunk = arena->objects.first;

	if (!chunk || (char *)memory + size != (char *)chunk->data + chunk->used)
		return;
	memset((char *)memory + used, 0, size - used);
	chunk->used -= size - used;
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
