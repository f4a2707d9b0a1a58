/* SPDX-License-Identifier: MIT */
/*
 * A segment of a spool: a header, then records one behind the other, each with its length, number
 * and checksum (docs/sinks.md has the bytes). Whatever the bytes are, reading ends, hands out sound
 * records only, and says which numbers are missing between them.
 */
#pragma once

#include "util/text.h"

enum {
	SEGMENT_VERSION = 1,
	SEGMENT_HEADER = 64, /* without the host's name, which follows it */
	SEGMENT_HOST_MOST = 255,
	SEGMENT_HEADER_MOST = SEGMENT_HEADER + SEGMENT_HOST_MOST,
	SEGMENT_RECORD = 32,		 /* before each payload */
	SEGMENT_PAYLOAD_MOST = 256 << 10 /* of one record */
};

enum spool_kind { SPOOL_EVENT, SPOOL_DECISION, SPOOL_SERVICE, SPOOL_GAP, SPOOL_KINDS };
extern const char *const spool_kinds[SPOOL_KINDS]; /* "event", ... */

struct segment_header {
	uint64_t first;			  /* the number of its first record */
	uint64_t created;		  /* ns since the epoch */
	char boot[37];			  /* the kernel's boot id, of all that is in it */
	char host[SEGMENT_HOST_MOST + 1]; /* printable, without " and \; "": not known */
};

struct spool_record {
	uint64_t sequence;
	uint64_t count; /* of numbers: 1, or how many a gap stands for */
	uint64_t time;	/* ns since the epoch */
	enum spool_kind kind;
	struct slice payload;
};

/* Returns its size. A host's name that is not as above is left out. */
size_t segment_header_write(const struct segment_header *header,
			    unsigned char ret_bytes[static SEGMENT_HEADER_MOST]);
/* From the first bytes of a file, as many as there are. -ENODATA: it is cut; -EBADMSG: it is none,
 * or damaged; -ENOTSUP: of a newer version. */
int segment_header_read(const unsigned char *bytes, size_t size, struct segment_header *ret_header);
/* How long it is in its file. */
size_t segment_header_size(const struct segment_header *header);

/* Adds a record to what will be written. text->failed: no memory, and nothing was added. */
void segment_record_add(struct text *text, const struct spool_record *record);

struct segment_reader {
	int fd; /* borrowed */
	struct segment_header header;
	uint64_t offset;   /* of the next record */
	uint64_t expected; /* its number */
	uint64_t damaged;  /* places where bytes were no records */
	unsigned char *window;
	uint64_t window_at;
	size_t window_size;
};

/* Begins at the first record. As segment_header_read(); others as read(2). */
int segment_reader_init(struct segment_reader *reader, int fd);
void segment_reader_done(struct segment_reader *reader);

enum segment_item {
	SEGMENT_END,	/* nothing more below `limit`: all numbers below `end` are told */
	SEGMENT_SOUND,	/* *ret_record; its payload stays until the next call */
	SEGMENT_MISSING /* numbers that are not there: sequence and count of *ret_record */
};

/*
 * The next record in the first `limit` bytes of the file. `end` is the number behind the last one
 * that was written there, 0 where that is not known. -errno as read(2).
 */
int segment_next(struct segment_reader *reader, uint64_t limit, uint64_t end,
		 struct spool_record *ret_record);
