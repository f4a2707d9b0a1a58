/* SPDX-License-Identifier: MIT */
/* Groups as they were seen last: engine-history.c looks, engine-tree.c tells. */
#pragma once

#include "core/engine-internal.h"

#include "core/history.h"

enum { LOOK_FRESH_MS = 200, LOOK_IDLE_MS = 2000 /* of a group that does nothing */ };

/* What is told of a group; compared as bytes. */
struct shown {
	uint64_t values[FIGURES];
	uint64_t oom_kills, members;
	uint64_t cpu_limit, memory_limit, pids_limit; /* UINT64_MAX: none */
	uint32_t known, frozen;
};

/* A group as it was when it was looked at last. */
struct seen {
	char *name;
	uint64_t read_ns, noted_ns; /* CLOCK_BOOTTIME; 0: never */
	uint64_t whole_ns;	    /* when all figures were read last */
	struct group_usage usage;   /* then */
	struct group_usage noted;   /* when a sample was taken last */
	struct shown shown;
	uint64_t revision; /* in which `shown` became another */
	uint32_t counted;  /* FIGURE_BIT()s of any sample */
	bool idle, kept;
	struct past *past;
};

struct looks {
	struct history *history;
	struct seen **items; /* as the engine's groups are, one by one */
	size_t count;
	uint64_t revision;     /* of the next answer */
	uint64_t set_revision; /* of the first that told of groups that came or went */
	size_t next;	       /* where a request's look goes on */
	size_t sampled;	       /* of the round */
	uint64_t round_ns;     /* when it began */
	size_t populated;      /* a group that had processes */
	unsigned empty_rounds; /* without a process in any group */
	sd_event_source *timer;
};

/* Makes the items agree with the groups that there are; engine->looks where there is none. -ENOMEM.
 */
int looks_agree(struct engine *engine);
/* Looks at the group at that index. `named`: closely, also where it seems to do nothing. */
void looks_look(struct engine *engine, size_t index, bool named);
/* Looks at those that were not looked at lately, until that time (CLOCK_BOOTTIME); what is left out
 * is the first of the next call. */
void looks_refresh(struct engine *engine, uint64_t until_ns);
/* Whether `then` is so long ago. */
static inline bool look_is_older(uint64_t then_ns, unsigned ms, uint64_t now)
{
	return now - then_ns >= (uint64_t)ms * 1000000;
}
