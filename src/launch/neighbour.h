/* SPDX-License-Identifier: MIT */
/* A process whose namespaces and groups another one is to be started in. */
#pragma once

#include "cgroup/layout.h"
#include "launch/entrance.h"

struct neighbour {
	pid_t pid;
	int pidfd; /* -1: not open */
	/* CLONE_NEW*: what it has and this process has not. */
	int namespaces;
};

/*
 * -ESRCH: there is no such process; -EACCES, -EPERM: it is not ours to look at; others, with a
 * sentence. `proc_fd` is /proc.
 */
int neighbour_open(int proc_fd, pid_t pid, struct neighbour *ret_target, struct error *err);
void neighbour_done(struct neighbour *neighbour);

/* How to join its namespaces: one row, which borrows the neighbour's descriptor; false: all are
 * ours already. */
bool neighbour_join(const struct neighbour *neighbour, struct launch_join *ret_join);

/*
 * Opens its groups in all hierarchies in which it is in another one than this process. -ESRCH: it
 * has ended meanwhile; -EXDEV: a group is outside of what is seen here (another cgroup namespace).
 */
int neighbour_groups(const struct neighbour *neighbour, const struct layout *layout,
		     struct entrance *entrance, struct error *err);
