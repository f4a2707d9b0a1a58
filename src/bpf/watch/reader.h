/* SPDX-License-Identifier: MIT */
/* Reads a BPF ring, record by record, through a window of a MiB. */
#pragma once

#include "util/error.h"

#include <stdatomic.h>

struct ring_reader {
	int epoll, ring;		 /* the ring is the map's owner's to close */
	size_t page, size;		 /* of memory, of the ring */
	_Atomic unsigned long *consumer; /* how far we have read */
	const _Atomic unsigned long *producer;
	const char *window; /* a part of the data */
	size_t window_at, window_size;
	unsigned long pending; /* of the record handed out */
};

/* An empty one, which ring_reader_done() takes. */
void ring_reader_init(struct ring_reader *reader);
void ring_reader_done(struct ring_reader *reader);

/* `fd` is the map, of `size` bytes, and must stay open. -errno. */
int ring_reader_open(struct ring_reader *reader, int fd, size_t size, struct error *err);

/* The next record, or NULL. Holds until the next call. */
const void *ring_reader_next(struct ring_reader *reader, uint32_t *ret_size);
/* Whether nothing has been begun behind the record handed out. */
bool ring_reader_is_empty(const struct ring_reader *reader);
