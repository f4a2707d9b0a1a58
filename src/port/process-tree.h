/* SPDX-License-Identifier: MIT */
/* All processes below one, as /proc tells them. */
#pragma once

#include "util/macros.h"

#include <sys/types.h>

/* Begins as zero; `pids` is owned. */
struct process_tree {
	pid_t *pids;
	size_t count, room;
};

/* Adds a process. 0 or -ENOMEM. */
int process_tree_add(struct process_tree *tree, pid_t pid);
/* Adds the children of a process, not theirs. 0 or -errno; 0 as well for one that is gone. */
int process_tree_add_children(struct process_tree *tree, pid_t parent);
/* Adds all that are below those from index `first` on. 0 or -errno. */
int process_tree_descend(struct process_tree *tree, size_t first);
/* The same, each stopped before it is looked at, so that it cannot have more of them; those that
 * were there are stopped as well. */
int process_tree_stop(struct process_tree *tree);
void process_tree_done(struct process_tree *tree);
