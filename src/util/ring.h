/* SPDX-License-Identifier: MIT */
/*
 * Records of any size from one thread to another, through a bounded ring that nobody ever waits
 * for and that takes no lock.
 */
#pragma once

#include "util/macros.h"

#include <stdatomic.h>

struct ring {
	char *data;
	size_t room; /* a power of two */
	/* How many bytes have ever been put in, and taken out. */
	_Alignas(64) _Atomic size_t head;
	_Alignas(64) _Atomic size_t tail;
	_Atomic uint64_t lost; /* records that did not fit */
};

/* `room` is a power of two. The memory is taken as it is used. */
int ring_init(struct ring *ring, size_t room);
void ring_done(struct ring *ring);

/*
 * The writer: a place for a record of at most `size` bytes, aligned for anything, or NULL: there is
 * none, and it is counted. ring_commit() hands it over with the size that it really has.
 */
void *ring_reserve(struct ring *ring, size_t size);
void ring_commit(struct ring *ring, size_t size);

/* The reader: the oldest record, which stays until ring_drop(); NULL: there is none. */
const void *ring_peek(struct ring *ring, size_t *ret_size);
void ring_drop(struct ring *ring);
