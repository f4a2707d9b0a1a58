/* SPDX-License-Identifier: MIT */
/*
 * The process above the first one of a tree. It is there for the case that the first one is killed:
 * whoever is left then, at any depth and whatever its parents have become, is ended by it.
 */
#pragma once

#include "port/process-tree.h"

#include <sys/types.h>

/*
 * Returns in a child, which is the port: *ret_fd can be read when the guard has ended. The guard
 * itself never returns: it passes signals on, and exits as the child does. -errno: no fork.
 */
int guard_begin(int *ret_fd);

/* What the guard does at its child's end, for a process that waits for the port anyway: `status` is
 * from waitpid(2). The caller is a subreaper; children that it had `before` are not the port's. */
void guard_end_rest(int status, const struct process_tree *before);
