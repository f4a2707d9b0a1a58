/* SPDX-License-Identifier: MIT */
/*
 * A plan made ready, inside of this folder only: what job.c prepares and the new process reads.
 * Both are in one memory. The new process calls nothing but raw() and the functions named here.
 */
#pragma once

#include "launch/launch.h"
#include "util/raw-call.h"

/* New namespaces that clone(2) cannot make as they are wanted. */
#define LAUNCH_UNSHARE_LATE ((uint64_t)(CLONE_NEWCGROUP | CLONE_NEWTIME))
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

/*
 * A word in the common memory on which child and parent wait. The kernel makes it JOB_GONE when
 * the child has executed the program or ended (CLONE_CHILD_CLEARTID).
 */
enum job_word { JOB_GONE, JOB_RUNS, JOB_ASKS, JOB_ANSWERED };

struct job {
	const struct launch_plan *plan;
	char *const *argv, *const *envp;
	char **programs;   /* files to try, in order; ends with NULL */
	char **shell_argv; /* for a script without #!; [1] is the file */
	bool found_here;   /* programs[0] is it, found before the start */
	int keep; /* CLONE_NEW*: no program; the parent keeps this namespace. 0: a program */
	bool joins_mounts; /* a mount namespace is joined */
	bool has_base;	   /* the root is made in the plan's base */
	int folder_fd;	   /* -1: plan->folder is looked up there */
	int procs_fd;	   /* v2, when not born inside; -1: none */
	int parent_fd;	   /* pidfd of this process, where the child has to know; -1: none */
	int *moved;	   /* room for the numbers of descriptors that are passed */
	unsigned descriptor_limit;
	size_t parent_joins; /* namespaces that the parent is in meanwhile */
	uint64_t mask_bits, default_bits, ignored_bits; /* signals, number 1 being bit 0 */
	struct job_mounts *mounts;			/* NULL: none */
	struct job_maps *maps;				/* NULL: none */
	struct job_init *init; /* NULL: the program is the first process of its namespace */

	uint32_t word; /* enum job_word; only where the parent has a part */
	bool made;     /* all namespaces are as they are to be: that is what it asks about */
	int answer;    /* the parent's: 0 or -errno */
	int kept_fd;   /* the namespace, opened by the parent; -1 */
	/* With `init`: the program's process while it is in this memory; the kernel clears it. */
	int program_pid;

	/* Written by the child, and `doing` by the parent for its part. */
	bool begun; /* it has come to its first instruction */
	struct launch_failure failure;
	size_t item;	     /* of a list, which one failed */
	const char *doing;   /* what it was at; NULL: the step says it */
	const char *program; /* the file that failed; NULL: none was there */
};

/* `keep` as in struct job. */
int job_init(const struct launch_plan *plan, int keep, struct job *job,
	     struct launch_failure *ret_failure, struct error *err);
void job_done(struct job *job);
/* Finds which signals the child has to set back. */
void job_look_at_signals(struct job *job);

/* Prepares the mounts, or nothing if the plan has none. */
int job_mounts_new(const struct launch_plan *plan, struct job_mounts **ret_mounts,
		   struct error *err);
void job_mounts_free(struct job_mounts *mounts);
/* Whether the root can be made in the plan's base. */
bool job_can_use_base(const struct job *job);
/* The same for the ids of a new user namespace. */
int job_maps_new(const struct launch_plan *plan, struct job_maps **ret_maps, struct error *err);
void job_maps_free(struct job_maps *maps);
/* And for a first process beside the program (child-init.c). */
int job_init_new(const struct launch_plan *plan, struct job_init **ret_init, struct error *err);
void job_init_free(struct job_init *init);
/* In the parent, when the first process has executed: until the program has, or has failed. */
void job_init_wait(struct job *job);
/* Whether the parent has a part while the child waits: then it cannot wait itself (CLONE_VFORK). */
bool job_maps_need_parent(const struct job_maps *maps);
static inline bool job_needs_parent(const struct job *job)
{
	return job->keep || job_maps_need_parent(job->maps);
}
/* The parent's part. 0 or -errno, *ret_doing being what failed. */
int job_maps_write(const struct job_maps *maps, pid_t pid, const char **ret_doing);

/* Of a namespace to be joined, the CLONE_NEW* that the parent joins before it clones. */
int job_parent_joins(const struct job *job, const struct launch_join *join);

/* What the child could not do, in a sentence. Returns the failure's code. */
int job_explain(const struct job *job, struct error *err);

/* All of the new process; returns its exit code, after a failure. */
int child_main(void *argument);
/* Its steps that have files of their own: 0 or -errno. */
int child_maps(struct job *job);
int child_root(struct job *job);
int child_mounts(struct job *job);
int child_pivot(struct job *job);
int child_landlock(struct job *job); /* child-landlock.c */
int child_init(struct job *job);
/* The whole text, by one write, into a file below the folder or AT_FDCWD. */
int child_write(long folder, const char *path, const char *text);
int child_settings(struct job *job); /* child-space.c */
int child_network(struct job *job);
int child_hostname(struct job *job);
int child_lower_rlimits(struct job *job); /* child-init.c */
/* The steps behind one; returns the exit code, after a failure. */
int child_steps_after(struct job *job, enum launch_step step);
/* Decimal digits and a NUL, 12 bytes at most; returns the length without it. */
size_t child_write_number(char *text, int number);
/* In the child: lets the parent do its part. 0, or what the parent said. */
int job_ask(struct job *job);
