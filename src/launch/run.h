/* SPDX-License-Identifier: MIT */
/* A program in the place of this one: `reeve run`, after which the terminal sees no difference. */
#pragma once

#include "launch/launch.h"
#include "launch/tree.h"

struct launch_run {
	const struct launch_plan *plan;
	/* Needed for all that follows but the terminal; NULL: the program alone is looked after. */
	struct launch_tree *tree;
	uint64_t timeout;     /* ns from the start to the end of the whole tree; 0: none */
	uint64_t cpu_time;    /* ns of processor time that the tree may use; 0: any */
	bool die_with_parent; /* the tree ends when this process's parent does */
	bool pty;	      /* a terminal of its own */
};

enum launch_reason {
	LAUNCH_ENDED,	     /* by itself, or by a signal of somebody's */
	LAUNCH_TIMEOUT,	     /* we killed the tree, for time was up */
	LAUNCH_CPU_TIME,     /* for its processor time was used up */
	LAUNCH_PARENT_ENDED, /* for our parent ended */
};

/* The last signal that somebody sent to us and that went on to the program. */
struct launch_sender {
	int signal; /* 0: there was none */
	pid_t pid;  /* 0: the kernel; and outside of our process namespace */
	uid_t user;
	char name[16]; /* "" where it was gone already */
};

struct launch_end {
	struct launch_status status;
	enum launch_reason reason;
	struct launch_sender sender;
	uint64_t user_ns, system_ns; /* of all that was waited for */
	uint64_t cpu_ns;	     /* of the tree, and whether it is known */
	bool cpu_known;
	bool left_behind; /* processes of it were there after the program's end */
};

/*
 * Starts the program and stays until it ends: signals sent to this process go on to the program,
 * those that the terminal sends reach it without help; when the program is stopped (^Z), this
 * process stops too, and when this one is continued, so is the program. The first process of a
 * process namespace, for which the kernel drops signals that it does not handle, is killed in their
 * place. For a process with one thread. Signals and their mask are afterwards as they were before.
 *
 * 0 with the program's end in *ret_end; or -errno, with *ret_failure (may be NULL): it could not be
 * started, or (LAUNCH_SUPERVISION) runs on unseen. When a limit of time was met, nobody of the tree
 * is left.
 */
int launch_run_whole(const struct launch_run *run, struct launch_end *ret_end,
		     struct launch_failure *ret_failure, struct error *err);

/* The same without limits. */
int launch_run(const struct launch_plan *plan, struct launch_status *ret_status,
	       struct launch_failure *ret_failure, struct error *err);
