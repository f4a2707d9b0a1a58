/* SPDX-License-Identifier: MIT */
/*
 * Events whose answer is not left to the thread that took them alone: held until somebody releases
 * them, or answered by the clock when a decision takes longer than it may.
 *
 * A descriptor is its event's name in the kernel, so it is closed only after the answer was
 * written, and by one party alone: the slot's state says whose turn it is. No lock is taken.
 */
#pragma once

#include "source/gate.h"

struct gate_holds;

enum { GATE_HOLDS_MOST = 4096 };

/*
 * Holds at most `most` (up to GATE_HOLDS_MOST) at once. `counters` is borrowed. -ENOMEM, or what an
 * eventfd is refused with.
 */
int gate_holds_new(unsigned most, struct gate_counters *counters, struct gate_holds **ret_holds);
/* Ends the clock's thread; answers what is still held as its deadline would. */
void gate_holds_free(struct gate_holds *holds);
DEFINE_CLEANUP(struct gate_holds *, gate_holds_free);

/* The clock's thread: at `priority` (SCHED_FIFO) where that is > 0 and allowed. 0 or -errno. */
int gate_holds_start(struct gate_holds *holds, int priority);

/*
 * Takes a slot for an event that is being decided. `fd`: the event's; `channel_fd`: where it is
 * answered. Returns the hold's number (> 0), or -ENOSPC (counted).
 */
int64_t gate_holds_begin(struct gate_holds *holds, int fd, int channel_fd,
			 const struct gate_hold_options *options);

/*
 * The deciding thread is done with the event. `leave`: the answer is somebody else's now; else it
 * is answered here, unless it was meanwhile. Closes the descriptor unless it is left.
 * Returns true if the answer was this one's.
 */
bool gate_holds_end(struct gate_holds *holds, int64_t hold, bool leave, bool allow);

/* 0; -ENOENT: it was answered already, or never was. Any thread. */
int gate_holds_release(struct gate_holds *holds, int64_t hold, bool allow);

/* How many are not answered yet. */
unsigned gate_holds_count(const struct gate_holds *holds);

/* True if the clock has answered it. */
bool gate_holds_is_late(const struct gate_holds *holds, int64_t hold);
