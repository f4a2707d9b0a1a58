/* SPDX-License-Identifier: MIT */
/*
 * Starts a program inside a group, so that it is there before its first instruction: born in the
 * v2 cgroup (clone3 with CLONE_INTO_CGROUP), and entering the v1 ones by itself, while it has one
 * thread, before execve(2).
 *
 * Plan, then act: everything that can be known before the process exists is looked up first.
 */
#pragma once

#include "launch/plan.h"
#include "util/error.h"

#include <signal.h>

/* What a program gets for signals: by default all as the kernel has them, and none blocked. */
struct launch_signals {
	sigset_t mask;	  /* blocked */
	sigset_t ignored; /* ignored; all others have their default action */
	bool inherit;	  /* ... but for what this process ignores when it launches */
};
/* What this process was given. To be called before main() changes any, for a faithful `run`. */
void launch_signals_save(struct launch_signals *ret_signals);
/* The same by two calls instead of 64, for one that changes none itself: only launch_run() may. */
void launch_signals_inherit(struct launch_signals *ret_signals);

/* All is borrowed for the time of the call. Zero, with clone_fd -1, is the plainest plan. */
struct launch_plan {
	char *const *argv;	 /* argv[0] is looked up in the path; ends with NULL */
	char *const *envp;	 /* NULL: this process's own */
	const char *search_path; /* NULL: PATH of envp, and where that is not set, the system's */
	const char *folder;   /* working directory, in the new root; NULL: this process's own, and
				 "/" in a new root */
	int clone_fd;	      /* directory of a v2 cgroup, or -1; see group_clone_fd() */
	const int *tasks_fds; /* v1 `tasks` files, O_WRONLY; see group_tasks_fds() */
	size_t tasks_count;
	const struct launch_signals *signals; /* NULL: the defaults */

	/* Each may be NULL (launch/plan.h). */
	const struct launch_namespaces *namespaces;
	const struct launch_file_system *file_system;
	const struct launch_identity *identity;
	const struct launch_confinement *confinement;
	const struct launch_conditions *conditions;
	const struct launch_descriptors *descriptors;
};

/* In the order in which they are taken; from LAUNCH_ENTER on by the new process. */
enum launch_step {
	LAUNCH_LOOKUP,	     /* the program's file */
	LAUNCH_FOLDER,	     /* the working directory; in a new root later */
	LAUNCH_CLONE,	     /* a new process, in its new namespaces */
	LAUNCH_ENTER,	     /* the groups */
	LAUNCH_MAPS,	     /* the ids of the user namespace */
	LAUNCH_JOIN,	     /* namespaces that are there */
	LAUNCH_OOM_SCORE,    /* while /proc is ours */
	LAUNCH_SCHEDULING,   /* policy, nice, io, processors */
	LAUNCH_RLIMITS,	     /* resources */
	LAUNCH_SESSION,	     /* session, process group */
	LAUNCH_UNSHARE,	     /* a cgroup namespace, whose root is the group entered */
	LAUNCH_SETTINGS,     /* the kernel's, of new namespaces, while /proc is ours */
	LAUNCH_ROOT,	     /* the new root */
	LAUNCH_MOUNTS,	     /* what is in it */
	LAUNCH_PIVOT,	     /* the old root goes */
	LAUNCH_NETWORK,	     /* loopback */
	LAUNCH_HOSTNAME,     /* */
	LAUNCH_KEEP,	     /* a namespace without a program */
	LAUNCH_DESCRIPTORS,  /* their numbers */
	LAUNCH_TERMINAL,     /* the controlling one */
	LAUNCH_BOUNDING,     /* what no program may regain */
	LAUNCH_IDENTITY,     /* groups, group, user */
	LAUNCH_CAPABILITIES, /* the other sets */
	LAUNCH_PARENT,	     /* die with it; forgotten by the kernel when the user changes */
	LAUNCH_PRIVILEGES,   /* no new ones */
	LAUNCH_INIT,	     /* a first process of its namespace, beside it */
	LAUNCH_LANDLOCK,     /* after all that it could refuse */
	LAUNCH_SECCOMP,	     /* the same, and last: it judges execve(2) too */
	LAUNCH_EXEC,	     /* the program's first instruction */
	LAUNCH_SUPERVISION,  /* it runs, and its end cannot be waited for (launch/run.h) */
};

/* Where it ended and why. Written when, and only when, a function that takes it fails. */
struct launch_failure {
	enum launch_step step;
	int code; /* negative errno */
};

enum {
	LAUNCH_EXIT_FAILED = 125,	  /* reeve itself failed */
	LAUNCH_EXIT_NOT_EXECUTABLE = 126, /* found, and cannot be executed */
	LAUNCH_EXIT_NOT_FOUND = 127,
};
/* The exit code that env(1), timeout(1) and the shells have for it. */
int launch_exit_code(const struct launch_failure *failure);

/* Looks everything up and starts nothing. `ret_program` (owned; may be NULL): the file found. */
int launch_plan_check(const struct launch_plan *plan, char **ret_program,
		      struct launch_failure *ret_failure, struct error *err);

struct launch_child {
	pid_t pid;
	int pidfd;	  /* -1 where the kernel has none */
	uint64_t started; /* CLOCK_MONOTONIC ns */
	bool born_inside; /* in plan.clone_fd by clone3, not by a move of its own */
	bool in_base;	  /* its root is in the plan's base, not in a copy of our mounts */
};

/*
 * Returns when the program's first instruction is next, or with an error that names the step.
 * The calling thread waits in the kernel until then: not for a frozen group. Child signals must
 * not be ignored by this process (SIGCHLD), or the kernel reaps the child itself. ret_failure may
 * be NULL.
 */
int launch_start(const struct launch_plan *plan, struct launch_child *ret_child,
		 struct launch_failure *ret_failure, struct error *err);

/*
 * A namespace made ready as a plan says, to be joined by any number of programs (struct
 * launch_join) that then need not make it: the mounts of a root, or a network. `flag` is one of the
 * plan's CLONE_NEW*; nothing is executed, and argv may be NULL. A program that joins a mount
 * namespace and unshares one gets a copy of it. The fd is the caller's; the namespace lives as long
 * as it is open, or somebody is in it.
 */
int launch_keep(const struct launch_plan *plan, int flag, int *ret_fd,
		struct launch_failure *ret_failure, struct error *err);

/* An empty, read-only mount namespace for struct launch_file_system. The fd is the caller's. */
int launch_base_open(int *ret_fd, struct error *err);

struct launch_status {
	int exit_code;	     /* the program's own, or 128 + signal */
	int signal;	     /* that ended it, or 0 */
	bool core;	     /* it left a core file */
	uint64_t wall;	     /* ns from the start to the end */
	struct rusage usage; /* of the program and the children it waited for */
};

/* Waits for the end and reaps. 0 or -errno. */
int launch_wait(const struct launch_child *child, struct launch_status *ret_status);
/* The same without waiting: 1 ended, 0 still there, -errno. */
int launch_poll(const struct launch_child *child, struct launch_status *ret_status);
/* A signal that cannot hit another process of the same number. 0 or -errno. */
int launch_signal(const struct launch_child *child, int number);
void launch_child_done(struct launch_child *child); /* forgets it, alive or not */
