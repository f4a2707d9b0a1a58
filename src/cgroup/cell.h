/* SPDX-License-Identifier: MIT */
/*
 * A cell: a passing cgroup below a group, for one program and all that it starts. Who is in it can
 * be signalled and killed as a whole, and is known for the program's own however it forks. A cell
 * has no limits; its group's hold. It is not recorded: the group's record stands for what is below
 * it, and a cell that a crash left goes with the group, or by cells_sweep().
 *
 * It lives in one hierarchy, v2 where that is mounted.
 */
#pragma once

#include "cgroup/groups.h"

struct cell;

/* Makes one below the group. -ENODEV: the group is in no hierarchy; or -errno of the making. */
int cell_new(const struct group *group, struct cell **ret_cell, struct error *err);

/* Removes the directory if it is empty, and forgets the cell in any case. */
void cell_free(struct cell *cell);
DEFINE_CLEANUP(struct cell *, cell_free);

/* Removes the directory: 0, -EBUSY while somebody is in it, or -errno. */
int cell_remove(struct cell *cell);

/* For a child to be born inside (clone3 with CLONE_INTO_CGROUP): v2; else -1. Borrowed. */
int cell_clone_fd(const struct cell *cell);
/*
 * The file to which a process with one thread writes "0" to enter by itself; not for one that was
 * born inside. The group's other hierarchies are entered by group_tasks_fds(). Borrowed.
 */
int cell_entrance(const struct cell *cell);

/* A signal to each process in it and below it; returns to how many, or -errno. Who is forked
 * meanwhile may be missed. */
int cell_signal(const struct cell *cell, int number);
/* SIGKILL to all. Where the kernel has cgroup.kill (5.14) nobody is missed; elsewhere it is to be
 * called again until cell_remove() works. 0 or -errno. */
int cell_kill(const struct cell *cell);

/* Whether a text of /proc/PID/cgroup says that the process is in one of this group's cells. */
bool cell_of_group(const struct group *group, const char *text, size_t size);

/* Removes the group's cells that nobody is in; returns how many are left. */
size_t cells_sweep(const struct group *group);
