/* SPDX-License-Identifier: MIT */
/*
 * The JSON protocol: a process in front of the first control process, which turns lines into
 * messages and messages into lines. The tree below it speaks the binary wire all the same.
 */
#pragma once

#include "port/process-tree.h"

#include <sys/types.h>

/* What leads to the first control process. */
struct json_ends {
	int to, from, control;
	pid_t pid;
	struct process_tree before; /* children that this process had; kept as long as it runs */
};

/*
 * Forks. In the child 0, 1 and FD_CONTROL lead to the front, and *ret_front is false; in the
 * parent `ret_ends` leads to the child. 0 or -errno.
 */
int json_front_fork(bool *ret_front, struct json_ends *ret_ends);

/* Runs until the lines and the port have ended; returns the port's exit status. */
int json_front_run(const struct json_ends *ends);
