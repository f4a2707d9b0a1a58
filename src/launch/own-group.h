/* SPDX-License-Identifier: MIT */
/* What is said of the group that was made for one program, when that has ended. */
#pragma once

#include "util/macros.h"

enum own_group_news {
	OWN_GROUP_KILLS, /* `count` of its processes, for memory */
	OWN_GROUP_FORKS, /* `count` refused, for its limit of tasks */
	OWN_GROUP_STAYS, /* for somebody is in it */
};

/* The sentence; owned. NULL: out of memory. */
char *own_group_sentence(enum own_group_news news, const char *group, uint64_t count);

/* How often, and how far apart in µs, its removal is tried: children that were killed with the
 * program may need a moment to be gone. */
enum { OWN_GROUP_TRIES = 25, OWN_GROUP_PAUSE_US = 20000 };
