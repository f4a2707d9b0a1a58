/* SPDX-License-Identifier: MIT */
/*
 * A thread that must be quick about something, and has other work too: it sleeps by SCHED_FIFO, so
 * that it runs as soon as it is woken, and goes on so only when woken for that. What it may use so
 * is bounded: a tenth of the time, 5 ms at once.
 */
#pragma once

#include "util/macros.h"

#include <stdbool.h>
#include <stdint.h>

struct urgency {
	bool raised;
	uint64_t credit_ns, seen_ns, since_ns;
	/* Turns that were urgent; waits without, because nothing was left of the tenth. */
	uint64_t turns, exhausted;
	uint64_t refused; /* 1: by the kernel, and not tried again */
};

void urgency_init(struct urgency *urgency, uint64_t now);
/* Before it sleeps. Without the right to SCHED_FIFO this does nothing, then and later. */
void urgency_sleep(struct urgency *urgency, uint64_t now);
/* It has been woken: for what is urgent? */
void urgency_wake(struct urgency *urgency, bool meant, uint64_t now);
/* That is done: from here on it is like everybody. */
void urgency_end(struct urgency *urgency, uint64_t now);
