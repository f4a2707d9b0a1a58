/* SPDX-License-Identifier: MIT */
/* Where a group is, as the daemon knows it; its folders opened for a launch. */
#pragma once

#include "launch/entrance.h"

/*
 * Adds the folders of a group of which the daemon has told somebody before (launch/group-index.h).
 * -errno, and nothing added, where that is not known for sure: then it has to be asked.
 */
int locate_known(const char *runtime_dir, const char *name, struct entrance *entrance);

/* Asks the daemon: *ret_fd is where it answers. -errno: there is no daemon, or the name is none. */
int locate_begin(const char *runtime_dir, const char *name, int *ret_fd);

/*
 * Adds the group's folders to `entrance`. -errno for all that is not just that: no such group, a
 * frozen one, an answer that takes seconds.
 */
int locate_end(int fd, struct entrance *entrance);
