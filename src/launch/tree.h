/* SPDX-License-Identifier: MIT */
/*
 * All that a program starts, however it forks: by the group that is its alone, or, where there is
 * none, as descendants of this process, which becomes the one that orphans fall to
 * (PR_SET_CHILD_SUBREAPER). For a process with one thread that has no other children.
 */
#pragma once

#include "util/error.h"

#include <sys/types.h>

struct launch_tree {
	int v2_fd;	    /* the group's folder in v2, or -1 */
	int cpu_fd;	    /* its processor time, or -1 */
	bool cpu_is_v2;	    /* cpu.stat; else cpuacct.usage */
	uint64_t before_ns; /* what children had used that were waited for before it began */
	pid_t spared;	    /* a child of ours that is none of the program's; 0: none */
};

/* -errno where this process cannot take orphans in. */
int launch_tree_init(struct launch_tree *tree);
void launch_tree_done(struct launch_tree *tree);

/* A folder of a group that nobody else is in. What it does not tell is got from the processes. */
void launch_tree_add_folder(struct launch_tree *tree, const char *folder);

/* User and system time of all children that were waited for, ns. */
void launch_children_time(uint64_t *ret_user, uint64_t *ret_system);

/*
 * Processor time so far, ns: exact in a group; else of what runs and of what was waited for.
 * 0 or -errno.
 */
int launch_tree_cpu(const struct launch_tree *tree, uint64_t *ret_ns);

/*
 * SIGKILL to all. Who had no group may have forked meanwhile: to be called again until nobody is
 * left. Returns how many children of ours were there, zombies too.
 */
size_t launch_tree_kill(const struct launch_tree *tree);

/* Waits for all that has ended but `except`. Returns true while children but `spared` are left. */
bool launch_tree_reap(const struct launch_tree *tree, pid_t except);
