/* SPDX-License-Identifier: MIT */
/*
 * Writes record files (model/record-block.h): events are gathered into blocks, and a block is
 * written whole or not at all, so that what was written before stays readable whatever happens.
 */
#pragma once

#include "model/event.h"
#include "util/error.h"

struct record_writer;

struct record_about {
	const char *boot;    /* boot id */
	const char *host;    /* the machine's name */
	const char *version; /* of reeve */
	uint64_t started_ns; /* wall clock */
};

/*
 * Begins a file on `fd`, which is taken on success and may be a pipe. -errno of the write, with a
 * sentence.
 */
int record_writer_new(int fd, const struct record_about *about, struct record_writer **ret_writer,
		      struct error *err);

/*
 * Adds an event. `now_ns` is CLOCK_MONOTONIC: no event waits for its block longer than a second,
 * if record_writer_flush() is called when record_writer_due() says. -errno as for flush.
 */
int record_writer_add(struct record_writer *writer, const struct event *event, uint64_t now_ns);

/* CLOCK_MONOTONIC when what is gathered should be written; UINT64_MAX: nothing is. */
uint64_t record_writer_due(const struct record_writer *writer);

/*
 * Writes the block. -ENOSPC and so on: it is dropped, its events are counted as lost, and the file
 * ends, where it can be cut, with the block before; a reader is told of the gap.
 */
int record_writer_flush(struct record_writer *writer);

/* Writes what is gathered and the end, and syncs. The writer is to be freed all the same. */
int record_writer_finish(struct record_writer *writer);

uint64_t record_writer_events(const struct record_writer *writer); /* written or gathered */
uint64_t record_writer_lost(const struct record_writer *writer);
uint64_t record_writer_bytes(const struct record_writer *writer); /* of the file */

/* Closes; what was not finished looks cut off. */
void record_writer_free(struct record_writer *writer);
DEFINE_CLEANUP(struct record_writer *, record_writer_free);
