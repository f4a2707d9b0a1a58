/* SPDX-License-Identifier: MIT */
/*
 * Which processes a repeated scan has seen before. A process is one number and start time that runs
 * one file: after it has executed something else, it is another.
 */
#pragma once

#include "util/macros.h"

#include <sys/types.h>

struct scan_seen {
	pid_t pid;
	uint64_t started; /* /proc/PID/stat, in ticks since boot */
	dev_t dev;	  /* of the program, or the script */
	ino_t ino;
};

struct scan_memory {
	struct scan_seen *before, *now;
	size_t before_count, now_count, now_room;
	bool begun, primed; /* primed: there was a scan before this one */
};

void scan_memory_done(struct scan_memory *memory);

/* Begins a scan: what was seen in the last one is what was before. */
void scan_memory_begin(struct scan_memory *memory);

/* Notes a process. True if it was not there in the last scan, nor earlier in this one. */
bool scan_memory_note(struct scan_memory *memory, const struct scan_seen *seen);
