/* SPDX-License-Identifier: MIT */
/* What the files of the spool share; nobody else includes it. */
#pragma once

#include "export/spool-state.h"
#include "export/spool.h"

struct spool_file {
	uint64_t first; /* number of its first record; its name */
	uint64_t size, header;
};

enum { SPOOL_NAME = 40 };

struct spool {
	char *folder, *boot, *host;
	int folder_fd, state_fd;
	uint64_t bound, file_most;
	size_t header; /* of a file of ours */
	void (*tell)(void *userdata, const char *sentence);
	void *userdata;

	/* By their numbers; the last one is open for writing if live_fd is. */
	struct spool_file *files;
	size_t file_count;
	int live_fd;
	uint64_t aside; /* bytes of files that could not be read, and were set aside */
	uint64_t total; /* bytes of all files, those too */

	struct spool_state state;
	bool state_changed;
	int state_error, write_error; /* of the last one; negative errno */
	bool lost_unknown;	      /* how many of those that are being lost is not known */
	const char *lost_why;	      /* NULL: state.lost_errno says it */
	uint64_t written;	      /* behind the last number that is in a file */

	struct text gathered; /* numbers written to gathered_end, which none is missing in */
	uint64_t gathered_end;
	size_t gathered_events;

	/* Reading: all below `position` has been handed out. */
	struct segment_reader reader;
	int read_fd;
	uint64_t read_first; /* of which file */
	uint64_t position, lost_told;
	struct text gap;

	struct spool_counters counters;
};

void spool_file_name(uint64_t first, char name[static SPOOL_NAME]);
void spool_tell(struct spool *spool, const char *format, ...) _printf_(2, 3);
/* Out of the way, with its bytes still counted; why, as a sentence. */
void spool_set_aside(struct spool *spool, const char *name, uint64_t size, const char *why);
/* What a header that cannot be read means to people. */
const char *spool_header_problem(int code);
void spool_stop_reading(struct spool *spool);

/* spool-open.c */
int spool_scan(struct spool *spool, struct error *err);
