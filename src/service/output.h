/* SPDX-License-Identifier: MIT */
/*
 * What a service prints: through a named pipe into files that are bounded in size and number. The
 * pipe has a name, and the service its own reading end of it, so that a daemon that dies breaks
 * nothing: what is printed meanwhile waits in the pipe for the next one.
 */
#pragma once

#include "util/error.h"

#include <systemd/sd-event.h>

struct output;

struct output_place {
	const char *pipe, *file; /* copied; their folders must be there */
	uint64_t size;		 /* bytes, at which a new file is begun */
	unsigned keep;		 /* old ones: FILE.1 (or .1.gz), the youngest, to FILE.<keep> */
	bool compress;
};

struct output_counters {
	uint64_t bytes; /* written */
	uint64_t lost;	/* bytes that could not be */
	uint64_t rotations;
	int last_error; /* negative errno of the last failure; 0: none */
};

/* -errno with a sentence. */
int output_new(sd_event *event, const struct output_place *place, struct output **ret_output,
	       struct error *err);
/* Closes; what is in the pipe stays there while anybody has it open. */
void output_free(struct output *output);
DEFINE_CLEANUP(struct output *, output_free);

/* For standard output and error of a new process. Borrowed. */
int output_fd(const struct output *output);
/* Takes what is in the pipe now, within reason: before what a service has printed is shown. */
void output_drain(struct output *output);
/* New bounds, from now on. */
void output_bound(struct output *output, uint64_t size, unsigned keep, bool compress);
const struct output_counters *output_counters(const struct output *output);
