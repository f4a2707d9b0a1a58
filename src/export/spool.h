/* SPDX-License-Identifier: MIT */
/*
 * Events on disk until somebody says that they have arrived: segments in a folder of their own,
 * bounded in bytes. Each event has a number; a number is either in a record or in the range of one
 * gap record, whatever happened to daemon, disk and files (the kernel's own crash apart).
 *
 * What does not fit is not taken: the oldest stays. An fsync would hold the loop up, so what the
 * machine's own crash leaves unwritten is lost, and told as a gap.
 */
#pragma once

#include "export/segment.h"
#include "util/error.h"

struct spool;

enum { SPOOL_BYTES_LEAST = 1 << 20 };

struct spool_options {
	const char *folder; /* made (0700), where it is not there, with those above it */
	uint64_t bytes;	    /* of all files in it; at least SPOOL_BYTES_LEAST */
	const char *boot;   /* the kernel's boot id */
	const char *host;   /* at most SEGMENT_HOST_MOST bytes */
	/* One sentence about what is wrong with files, for a log. */
	void (*tell)(void *userdata, const char *sentence);
	void *userdata;
};

struct spool_counters {
	uint64_t bytes;	   /* of its files now */
	uint64_t queued;   /* numbers that have not arrived */
	uint64_t stored;   /* events that were taken */
	uint64_t lost;	   /* events that were not, and numbers that files have lost */
	uint64_t damaged;  /* files, or places in them, that could not be read */
	uint64_t failures; /* writes */
	int last_error;	   /* of a write; negative errno, 0: the last ones went well */
};

/*
 * Opens a folder, or goes on with what is there. -EBUSY: another process has it open; -EPERM:
 * others may write it; others as open(2), with a sentence. Files that cannot be read are no error:
 * they are set aside, told and counted.
 */
int spool_open(const struct spool_options *options, struct spool **ret_spool, struct error *err);
/* Writes what is gathered. */
void spool_free(struct spool *spool);
DEFINE_CLEANUP(struct spool *, spool_free);

/* A new bound, from now on: what is there already stays. */
void spool_bound(struct spool *spool, uint64_t bytes);

/* Gives an event its number and gathers it for spool_flush(). One that does not fit is lost, which
 * the next gap record tells. */
void spool_add(struct spool *spool, enum spool_kind kind, uint64_t time, const char *payload,
	       size_t size);
/* Writes what is gathered. -errno: it is lost, and will be told as a gap. */
int spool_flush(struct spool *spool);

/* Whether events are being lost that no record tells yet. */
bool spool_is_losing(const struct spool *spool);

/* A gap of its own: events that had been stored, and were refused where they went to; or (`first`
 * 0) that never had numbers. */
void spool_add_loss(struct spool *spool, uint64_t first, uint64_t count, const char *reason);

/* The number behind the last one that has arrived, and behind the last one that was written. */
uint64_t spool_acked(const struct spool *spool);
uint64_t spool_end(const struct spool *spool);
/* All below `sequence` has arrived: files that hold nothing else are removed. */
void spool_ack(struct spool *spool, uint64_t sequence);
/* Writes down how far that is. */
void spool_save(struct spool *spool);

/* Reads from there on; at first from what has not arrived. */
void spool_rewind(struct spool *spool);
/* Which boot of which host a record is of: a spool may have been another's, or the host's name. */
struct spool_origin {
	const char *boot, *host;
};
/*
 * The next record that was written, and where it is from; both stay until the next call. 1; 0:
 * there is none; or -errno as read(2).
 */
int spool_next(struct spool *spool, struct spool_record *ret_record,
	       struct spool_origin *ret_origin);

const struct spool_counters *spool_counters(struct spool *spool);
const char *spool_folder(const struct spool *spool);
