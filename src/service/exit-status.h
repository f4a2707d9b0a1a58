/* SPDX-License-Identifier: MIT */
/* The end of a process that is not our child: one that was started before we were. */
#pragma once

#include "util/host.h"

#include <sys/types.h>

/* When the process was started (field 22 of its stat file), in 1/100 s since boot. 0, -ESRCH where
 * it is not there or has ended, other -errno. */
int process_start_ticks(const struct host *host, pid_t pid, uint64_t *ret_ticks);

/*
 * A pidfd for the process of that number and that start; -ESRCH when it is not there, or another
 * one.
 */
int process_open(const struct host *host, pid_t pid, uint64_t ticks);

/*
 * What waitpid(2) would say of a process that has ended, whether its parent has reaped it or not.
 * 0; -EOPNOTSUPP: it was reaped before we looked, and this kernel (before 6.15) does not tell then.
 */
int process_exit_status(const struct host *host, pid_t pid, uint64_t ticks, int pidfd,
			int *ret_status);
