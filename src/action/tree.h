/* SPDX-License-Identifier: MIT */
/*
 * Everything that descends from a process, now, from /proc/PID/task/TID/children
 * (CONFIG_PROC_CHILDREN; without it by one pass over /proc). What a process that has ended had made
 * is its adopter's and not found: who knows more (the process table) hands those in as further
 * roots.
 */
#pragma once

#include "util/host.h"

#include <sys/types.h>

/*
 * Called once for each process; returns 0, or a negative errno, which is counted and does not end
 * the walk.
 */
typedef int (*tree_fn)(pid_t pid, uint64_t start, void *userdata);

struct tree_result {
	size_t done, failed, vanished; /* -ESRCH is vanished */
	unsigned passes;
	/* The last pass that is allowed still found new ones, or somebody who was stopped ran on:
	 * what these have forked since is not reached. */
	bool unstable;
	int last_error;
};

enum { TREE_PASSES = 32, TREE_MOST = 100000 };

/*
 * Calls `function` for the root (if `with_root`) and all that descends from it, each once, passing
 * again over the tree until a pass finds nobody new: so that no fork in between gets away. The
 * caller's function should do what makes children safe (a move, a stop). 0; -ENOMEM; -E2BIG
 * (more than TREE_MOST).
 */
int tree_each(const struct host *host, pid_t root, bool with_root, tree_fn function, void *userdata,
	      struct tree_result *ret_result);

/*
 * Signals the whole tree, children that are made meanwhile too; never `own` (0-terminated, may be
 * NULL), pid 1 or a kernel thread. For SIGKILL everyone is stopped first: a parent that dies before
 * its children are known would leave them to init, where they are nobody's any more.
 */
int tree_signal(const struct host *host, pid_t root, bool with_root, int number, const pid_t *own,
		struct tree_result *ret_result);
