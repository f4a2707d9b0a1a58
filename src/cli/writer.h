/* SPDX-License-Identifier: MIT */
/*
 * Output in great pieces: text is gathered while there are events, and written when there are none.
 * Who waits for a slow reader still hears signals and keeps its time.
 */
#pragma once

#include "util/text.h"

struct writer {
	struct text text; /* add to it */
	FILE *file;
	int stop_fd;	      /* readable: to be ended; -1: none */
	uint64_t deadline_ns; /* CLOCK_MONOTONIC; UINT64_MAX: none */
	uint64_t give_up_ns;  /* the end has come: when what is left is left */
};

void writer_init(struct writer *writer, FILE *file, int stop_fd, uint64_t deadline_ns);
/*
 * Writes what is gathered. -EPIPE: nobody reads any more; -EINTR: it was to be ended, or the time
 * was over, and the reader does not take the rest within a second; -ENOMEM; other -errno.
 */
int writer_flush(struct writer *writer);
void writer_done(struct writer *writer);
