/* SPDX-License-Identifier: MIT */
/*
 * The birth of a trigger's program: a child that becomes another user, gives up what is the
 * daemon's, and executes. Nobody waits for it: the program may lie on a disk that does not answer.
 */
#pragma once

#include "util/error.h"

#include <sys/types.h>

enum { TRIGGER_ENTRANCES = 17 };

/* Where it ended, when it did not get to its first instruction. */
enum trigger_step {
	TRIGGER_STEP_NONE,
	TRIGGER_STEP_ENTER,	 /* its group */
	TRIGGER_STEP_SESSION,	 /* a session of its own */
	TRIGGER_STEP_STREAMS,	 /* standard input, output and error; no other descriptor */
	TRIGGER_STEP_LIMITS,	 /* no core file */
	TRIGGER_STEP_USER,	 /* its user and groups */
	TRIGGER_STEP_PRIVILEGES, /* none */
	TRIGGER_STEP_FOLDER,	 /* its working folder */
	TRIGGER_STEP_PROGRAM,	 /* a file that every user may change is not executed */
	TRIGGER_STEP_EXECUTE,
};

/* All of it, and what it points to, has to stay until the child has ended. */
struct trigger_child {
	char *const *argv, *const *envp; /* argv[0] is the program's path */
	const char *folder;
	uid_t uid;
	gid_t gid;
	const gid_t *groups; /* supplementary ones */
	size_t group_count;
	int input_fd, output_fd;
	int clone_fd;			  /* a v2 cgroup to be born in, or -1 */
	int clone_procs_fd;		  /* its cgroup.procs, for where that is refused; or -1 */
	int entrances[TRIGGER_ENTRANCES]; /* to each of them it writes "0" */
	size_t entrance_count;

	/* Written by the child before it ends; to be read once it has. */
	enum trigger_step step;
	int code; /* negative errno */

	/* The rest is this module's own. */
	void *stack;
	bool was_born_inside;
};

/* Returns its number; it is a child as from fork(2), to be waited for. Or -errno: there is none. */
pid_t trigger_child_start(struct trigger_child *child);

/* Frees what is this module's own. The child must have ended. */
void trigger_child_done(struct trigger_child *child);

/* Why it did not execute, a sentence: "cannot execute /bin/x: Permission denied". */
void trigger_child_explain(const struct trigger_child *child, char *buffer, size_t size);
