/* SPDX-License-Identifier: MIT */
/*
 * The connections of the server: one that does not get its request said in time is closed, and the
 * oldest of those that say nothing goes where there is no room left for others.
 */
#pragma once

#include "util/fd.h"

#include <systemd/sd-event.h>

struct caller;

struct caller_list {
	sd_event *event;
	struct caller *first; /* the newest */
	unsigned count, most; /* `most`: beyond it, somebody who is silent has to go */
	uint64_t patience;    /* µs for the whole of a request, and between two */
	uint64_t closed_slow, closed_full;
};

/* The descriptor stays the server's. -ENOMEM; else an error of the loop. */
int caller_new(struct caller_list *list, int fd, struct caller **ret_caller);
void caller_free(struct caller *caller);

/* What was asked for is being answered, for as long as it takes; or the next may be asked. */
void caller_is_asking(struct caller *caller);
void caller_is_silent(struct caller *caller);

/* Is called once it is known that nothing more will come, until it is silent again; perhaps at
 * once. */
void caller_on_hangup(struct caller *caller, void (*hangup)(void *userdata), void *userdata);
