/* SPDX-License-Identifier: MIT */
/* Between the two files of the watch program's user half: what is loaded, and what loads it. */
#pragma once

#include "bpf/watch/reader.h"
#include "bpf/watch/user.h"
#include "bpf/watch/watch.h"

#include "calls.skel.h"
#include "watch.skel.h"

/* Told at system calls, by programs that run for every one of the machine. */
#define IDS   WATCH_WANT(WATCH_IDS)
#define CALLS (WATCH_WANT(WATCH_FAILED) | WATCH_WANT(WATCH_CHDIR))
/* Told by programs that take the verifier longer than all others. */
#define TASKS (WATCH_WANT(WATCH_EXEC) | WATCH_WANT(WATCH_FORK) | WATCH_WANT(WATCH_EXIT))

/* What a kernel takes, the best one first. */
enum variant {
	WITH_TRAMPOLINE, /* a program that needs one, too */
	TYPED,
	UNTYPED, /* forks, executions and exits by raw tracepoints: a helper's call for each pointer
		  */
};

struct watch {
	struct calls_bpf *base;	 /* makes the maps */
	struct calls_bpf *ids;	 /* what tells of ids; may be `base`; NULL: nobody has asked */
	struct calls_bpf *calls; /* the same of other system calls */
	struct watch_bpf *tasks; /* what is told of processes; NULL: nobody has asked */
	struct ring_reader reader;
	enum variant variant; /* of `tasks` */
	bool list;
	int types; /* a file of those of the kernel's types that are needed, or -1 */
};

static inline struct watch_state *watch_state_of(const struct watch *watch)
{
	return &watch->base->data_state->state;
}

/* The base, and what is wanted first; what fails leaves a watch for watch_free(). -errno. */
int watch_load(struct watch *watch, const struct watch_options *options, struct error *err);
/* What was not wanted at first: `tasks`; `ids` or `calls`. -errno: nothing has changed. */
int watch_load_tasks(struct watch *watch, struct error *err);
int watch_load_calls(struct watch *watch, bool ids, struct error *err);
