/* SPDX-License-Identifier: MIT */
/*
 * A group for each program, below groups that are there: made ahead, each by a name of its own,
 * used once and removed. Limits are those of the groups above.
 */
#pragma once

#include "cgroup/layout.h"

enum { GROUP_POOL_MOST = 64 };

/* One group: its folder in each hierarchy. All zero is none. */
struct group_place {
	char *folders[HIERARCHY_MAX]; /* owned */
	size_t count;
};

/* All zero is an empty one. */
struct group_pool {
	char *above[HIERARCHY_MAX]; /* owned */
	size_t above_count;
	struct group_place ahead[GROUP_POOL_MOST];
	size_t count;
};

/* A folder below which groups are made, one for each hierarchy; not after a group was made.
 * -ENOSPC: more than there are hierarchies; -ENOMEM. */
int group_pool_add(struct group_pool *pool, const char *folder);
/* Until `count` are there; fewer is fine. -EINVAL: more than GROUP_POOL_MOST, or no folder was
 * added; or why none can be made: those that were made stay. */
int group_pool_fill(struct group_pool *pool, size_t count, struct error *err);
/* One that nobody has been in, made now if none is left: the caller's. */
int group_pool_take(struct group_pool *pool, struct group_place *ret_place, struct error *err);
/* Removes those that were not taken. */
void group_pool_done(struct group_pool *pool);

/* Removes the folders: 0, also for none and for what is gone; -EBUSY: somebody is in it, and it is
 * to be tried again; other -errno. */
int group_place_remove(struct group_place *place);
/* Forgets them, removed or not. */
void group_place_done(struct group_place *place);
