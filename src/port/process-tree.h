/* SPDX-License-Identifier: MIT */
/* A process and all below it, as /proc tells. */
#pragma once

#include "util/macros.h"

#include <sys/types.h>

/*
 * Sends a signal to `root`, to its children, theirs and so on: how many got it, or -ENOMEM. Each is
 * stopped before its children are looked at, so that it cannot have more of them meanwhile, and
 * goes on afterwards. Where /proc is not there, or another namespace's, it is `root` alone.
 */
int64_t process_tree_signal(pid_t root, int number);

/* Descriptors for the processes below `root`, itself not among them: the caller's to close. As many
 * as there is room for; none where the kernel (before 5.3) or /proc cannot tell. */
size_t process_tree_open(pid_t root, int *fds, size_t room);
