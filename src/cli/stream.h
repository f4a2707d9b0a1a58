/* SPDX-License-Identifier: MIT */
/*
 * Events until it is over: from the daemon where one runs, else from an observer of our own. It has
 * the loop, hears signals, counts and keeps the time.
 */
#pragma once

#include "cli/cli.h"
#include "model/event.h"

struct stream;

struct stream_options {
	struct filter *filter; /* borrowed */
	const char *source;    /* of our own, then; NULL: as the daemon, or auto */
	bool local;	       /* no daemon, even if one runs */
	bool running;	       /* what runs already, first */
	const char *const *environment;
	size_t environment_count;
	uint64_t count;	     /* end after so many events; 0: not */
	uint64_t timeout_ns; /* end after this time; 0: not */
};

/* Who takes the events that pass. */
struct stream_sink {
	void (*event)(const struct event *event, void *userdata);
	/* The end of a turn, and when `due` has come: what was gathered is to be written. A
	 * negative result ends the stream with it. */
	int (*rest)(void *userdata);
	/* CLOCK_MONOTONIC ns; UINT64_MAX: not. May be NULL. Asked after each rest. */
	uint64_t (*due)(void *userdata);
	void *userdata;
};

/* What was lost on the way, as gap records told it. */
struct stream_losses {
	uint64_t gaps, lost;
	bool more; /* some gap did not say how many */
};

/* Opens it; what happens from now on is told. With a sentence. */
int stream_new(const struct cli *cli, const struct stream_options *options,
	       struct stream **ret_stream, struct error *err);
void stream_free(struct stream *stream);
DEFINE_CLEANUP(struct stream *, stream_free);

/* Readable once a signal has asked for the end; and when the time is over. For a writer. */
int stream_stop_fd(const struct stream *stream);
uint64_t stream_deadline(const struct stream *stream);

/*
 * Runs until the count is reached, the time is over, or a signal comes: 0. Else the result of
 * `rest`, or a negative errno with a sentence: the daemon has ended, no source works any more.
 */
int stream_run(struct stream *stream, const struct stream_sink *sink, struct error *err);

const struct stream_losses *stream_losses(const struct stream *stream);
