/* SPDX-License-Identifier: MIT */
/* Starts a program inside a group, and waits for it as env(1) and timeout(1) would. */
#pragma once

#include "cgroup/layout.h"

#include <sys/types.h>

enum { EXIT_RUN_FAILED = 125, EXIT_RUN_CANNOT = 126, EXIT_RUN_NOT_FOUND = 127, EXIT_SIGNAL = 128 };

/* The descriptors through which a child enters a group. */
struct entrance {
	int clone_fd;		      /* the v2 folder for CLONE_INTO_CGROUP, or -1 */
	int tasks_fds[HIERARCHY_MAX]; /* v1 `tasks` */
	size_t tasks_count;
};

void entrance_init(struct entrance *entrance);
void entrance_done(struct entrance *entrance);
/* Opens one folder of the group more, v1 or v2. 0 or -errno with a sentence. */
int entrance_add(struct entrance *entrance, const char *folder, struct error *err);

struct ending {
	pid_t pid;
	int code;   /* as a shell would give it */
	int signal; /* that killed it, or 0 */
};

/*
 * Runs argv to its end; signals that are sent to us alone go on to it. 0 and *ret_ending, also for
 * a program that could not be executed (code 126 or 127, with a sentence in `err`); a negative
 * errno when it could not be started.
 */
int spawn_and_wait(const struct entrance *entrance, char **argv, struct ending *ret_ending,
		   struct error *err);
