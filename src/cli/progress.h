/* SPDX-License-Identifier: MIT */
/*
 * How far long work has come: one line on a terminal, which is gone at the end. Nothing is shown of
 * work that is done at once, nor where `file` is no terminal that can erase a line.
 */
#pragma once

#include "util/text.h"

struct progress {
	FILE *file;	 /* NULL: nothing is shown */
	uint64_t due_ns; /* CLOCK_MONOTONIC: nothing is shown before */
	unsigned width;	 /* of the terminal, in columns */
	bool shown;	 /* a line stands there */
};

void progress_init(struct progress *progress, FILE *file);
/* What is being done, made safe for a terminal and cut to its width; shown ten times a second at
 * most. */
void progress_say(struct progress *progress, const char *format, ...) _printf_(2, 3);
/* Takes the line away: before anything else is printed, and at the end. */
void progress_end(struct progress *progress);
