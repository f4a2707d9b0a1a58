/* SPDX-License-Identifier: MIT */
/* The descriptors through which a new process enters a group, opened from the group's folders. */
#pragma once

#include "cgroup/layout.h"
#include "launch/launch.h"

struct entrance {
	int clone_fd;		      /* the v2 folder for CLONE_INTO_CGROUP, or -1 */
	int tasks_fds[HIERARCHY_MAX]; /* v1 `tasks` */
	size_t tasks_count;
};

void entrance_init(struct entrance *entrance);
void entrance_done(struct entrance *entrance);
/* Opens one folder of the group more, v1 or v2. 0 or -errno with a sentence. */
int entrance_add(struct entrance *entrance, const char *folder, struct error *err);
/* Puts the descriptors into a plan, which borrows them. */
void entrance_plan(const struct entrance *entrance, struct launch_plan *plan);
