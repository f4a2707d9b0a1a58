/* SPDX-License-Identifier: MIT */
/*
 * A small process beside this one that outlives it by a moment: when this process is killed, so
 * that it can clean up nothing itself, the guardian kills the groups named and removes them.
 */
#pragma once

#include "util/error.h"

#include <sys/types.h>

struct guardian {
	pid_t pid; /* 0: none */
	int fd;	   /* what it waits at, or -1 */
};

/* `folders`: of groups that hold nothing but the program; borrowed for the call. 0 or -errno. */
int guardian_start(char *const *folders, size_t count, struct guardian *ret_guardian);
/* It is not needed any more: ends without doing anything, and is waited for. */
void guardian_dismiss(struct guardian *guardian);
