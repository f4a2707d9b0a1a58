// SPDX-License-Identifier: MIT
/*
 * A record never wraps around the end: one that would is put at the beginning, and the rest of the
 * end is marked as skipped. In front of each stands its size.
 */
#include "util/ring.h"

#include <sys/mman.h>

enum {
	HEADER = 16, /* keeps what follows aligned */
	SKIPPED = 1, /* in the header: nothing here, go on at the beginning */
};

struct header {
	uint32_t size; /* with the header, rounded up */
	uint32_t used; /* by the record */
	uint32_t flags;
};

_Static_assert(sizeof(struct header) <= HEADER, "a header fits");

static struct header *header_at(const struct ring *ring, size_t at)
{
	return (struct header *)(void *)(ring->data + (at & (ring->room - 1)));
}

static size_t rounded(size_t size)
{
	return (HEADER + size + HEADER - 1) & ~(size_t)(HEADER - 1);
}

int ring_init(struct ring *ring, size_t room)
{
	ring->room = room;
	atomic_init(&ring->head, 0);
	atomic_init(&ring->tail, 0);
	atomic_init(&ring->lost, 0);
	ring->data = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (ring->data == MAP_FAILED) {
		ring->data = NULL;
		return -ENOMEM;
	}
	return 0;
}

void ring_done(struct ring *ring)
{
	if (ring->data)
		munmap(ring->data, ring->room);
	ring->data = NULL;
}

void *ring_reserve(struct ring *ring, size_t size)
{
	size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	size_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
	size_t to_end = ring->room - (head & (ring->room - 1));
	size_t skip = rounded(size) > to_end ? to_end : 0;

	if (skip + rounded(size) > ring->room - (head - tail)) {
		atomic_fetch_add_explicit(&ring->lost, 1, memory_order_relaxed);
		return NULL;
	}
	if (skip) {
		*header_at(ring, head) =
			(struct header){ .size = (uint32_t)skip, .flags = SKIPPED };
		atomic_store_explicit(&ring->head, head + skip, memory_order_release);
		head += skip;
	}
	return (char *)header_at(ring, head) + HEADER;
}

void ring_commit(struct ring *ring, size_t size)
{
	size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

	*header_at(ring, head) =
		(struct header){ .size = (uint32_t)rounded(size), .used = (uint32_t)size };
	atomic_store_explicit(&ring->head, head + rounded(size), memory_order_release);
}

const void *ring_peek(struct ring *ring, size_t *ret_size)
{
	for (;;) {
		size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
		const struct header *header = header_at(ring, tail);

		if (atomic_load_explicit(&ring->head, memory_order_acquire) == tail)
			return NULL;
		if (!(header->flags & SKIPPED)) {
			*ret_size = header->used;
			return (const char *)header + HEADER;
		}
		atomic_store_explicit(&ring->tail, tail + header->size, memory_order_release);
	}
}

void ring_drop(struct ring *ring)
{
	size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

	atomic_store_explicit(&ring->tail, tail + header_at(ring, tail)->size,
			      memory_order_release);
}
