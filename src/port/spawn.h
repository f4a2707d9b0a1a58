/* SPDX-License-Identifier: MIT */
/* New control processes. */
#pragma once

#include "port/port.h"

enum spawned { SPAWNED_PARENT, SPAWNED_CHILD };

/*
 * Forks. In the parent *ret_pid is the child's number, and it is in the table; in the child `port`
 * is its own already. `flags` are CLONE_NEW... ones; `cgroup_fd` a v2 cgroup's directory to be
 * born in, or -1. Returns enum spawned or -errno: -EAGAIN when the depth or the number of children
 * is at its limit.
 */
int spawn(struct port *port, uint64_t flags, int cgroup_fd, pid_t *ret_pid);

/* Closes the descriptors, in few calls where their numbers follow each other. */
void spawn_close_all(int *fds, size_t count);
