/* SPDX-License-Identifier: MIT */
/*
 * The table of a control process's children: who they are, which descriptors lead to them, and
 * what is held for them. It makes no system call but close(2).
 */
#pragma once

#include "util/macros.h"

#include <sys/types.h>

/* What fdctl is shown as once the child has closed its end: it executed a program, or ended. */
enum { CHILD_NO_CONTROL = -2 };

/* Bytes that wait; owned. */
struct child_bytes {
	uint8_t *data;
	size_t at, size; /* from `at` to `size` they wait */
	size_t wanted;	 /* of a frame: how many it is to have, and has room for */
};

struct child_counters {
	uint64_t in_bytes, out_bytes, err_bytes;
	uint64_t in_refused;  /* bytes of STDIN that were told as PIPE */
	uint64_t frames_cut;  /* the child ended within a frame */
	uint64_t out_invalid; /* bytes of a control process that were no frames: sent as STDOUT */
};

struct child {
	pid_t pid; /* 0: the slot is free */
	int control, in, out, err;
	bool executed;	    /* it is a program: its output is raw */
	bool bulk;	    /* its last frame was a large one */
	bool announced;	    /* it is about to execute; the control socket tells whether it did */
	bool hidden;	    /* it may have executed a program: nobody looks into what is for it */
	bool speaks_direct; /* by the queue of the first process (direct.h) */
	bool gone;	    /* its end has been told; only what others keep open of it is left */
	int64_t flowcontrol;
	uint32_t signaloneof;
	uint32_t stdinqueue;	  /* bytes that may wait for a program's stdin */
	bool in_ends;		  /* close stdin when nothing waits any more */
	bool stdin_refused;	  /* since the queue was last empty */
	struct child_bytes queue; /* for its stdin */
	struct child_bytes rest;  /* read from its stdout and not yet passed on */
	struct child_counters counters;
};

struct children {
	struct child *slots;
	size_t count;	/* of slots, free ones too */
	size_t living;	/* that are not gone */
	size_t present; /* with a pid: living or gone */
	size_t last;	/* where the last one was found */
};

/* The lowest free slot, empty, for `pid`. NULL: no memory. Pointers to others become invalid. */
struct child *children_add(struct children *children, pid_t pid);
/* Makes room, so that the next children_add() cannot fail. 0 or -ENOMEM. */
int children_reserve(struct children *children);
/* The living child, or NULL. */
struct child *children_find(struct children *children, pid_t pid);
/* The child, living or gone, one of whose descriptors this is, or NULL. */
struct child *children_with_fd(struct children *children, int fd);
/* The greatest descriptor of any child, or -1. */
int children_greatest_fd(const struct children *children);

/* From now on it counts no more; its slot is free as soon as its output is at its end. */
void child_leave(struct children *children, struct child *child);
/* Frees the slot of a child that is gone and has nothing open any more. */
void child_release(struct children *children, struct child *child);
/* Forgets the descriptor, wherever it stands in the child. */
void child_forget_fd(struct child *child, int fd);
void child_close(int *fd);
/* Forgets everything; closes nothing. */
void children_forget(struct children *children);

/* Adds to what waits. False: no memory, nothing was added. */
bool child_bytes_add(struct child_bytes *bytes, const void *data, size_t size);
static inline size_t child_bytes_left(const struct child_bytes *bytes)
{
	return bytes->size - bytes->at;
}
void child_bytes_done(struct child_bytes *bytes);
