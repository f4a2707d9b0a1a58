/* SPDX-License-Identifier: MIT */
/*
 * The form of a record file, for its writer (model/record-file.c) and its reader
 * (source/replay.c).
 *
 * A file is its magic and blocks. A block is a header of RECORD_HEADER bytes and a payload: events
 * one after the other (model/event-codec.h), or the file's own description. Header and payload
 * have a checksum each, and a block says the number of its first event, so that a reader finds the
 * next good block after a damaged one and knows how many events are missing. The last block says
 * that there are no more: without it the file was cut off.
 */
#pragma once

#include "util/text.h"

enum {
	RECORD_MAJOR = 1, /* another one cannot be read */
	RECORD_MINOR = 0, /* a higher one has fields that are skipped */
	RECORD_MAGIC = 16,
	RECORD_HEADER = 32,
	RECORD_PAYLOAD = 1 << 16,     /* a writer ends a block here */
	RECORD_PAYLOAD_MAX = 8 << 20, /* a reader believes no more */
};

enum record_kind {
	RECORD_ABOUT = 1, /* "name=value" with a NUL each: boot, host, version, started */
	RECORD_EVENTS = 2,
	RECORD_END = 3, /* no payload; `first` is the number of events in the file */
};

struct record_block {
	enum record_kind kind;
	uint32_t size;	/* of the payload */
	uint32_t count; /* events in it */
	uint64_t first; /* number of its first event; the file's first is 0 */
	uint32_t checksum;
};

void record_magic_pack(uint8_t ret_bytes[static RECORD_MAGIC]);
/* 0; -EINVAL: no record file; -EPROTONOSUPPORT: of another version, see *ret_major. */
int record_magic_check(const uint8_t bytes[static RECORD_MAGIC], unsigned *ret_major);

/* Fills in the checksum of the payload. */
void record_block_pack(struct record_block *block, const void *payload,
		       uint8_t ret_bytes[static RECORD_HEADER]);
/* -EINVAL: these bytes are no block's header. A kind of a later version is returned as it is. */
int record_block_unpack(const uint8_t bytes[static RECORD_HEADER], struct record_block *ret_block);
/* True if the payload is what was written. */
bool record_block_is_whole(const struct record_block *block, const void *payload);
