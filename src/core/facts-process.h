/* SPDX-License-Identifier: MIT */
/*
 * The facts of a process as /proc shows them, each part read when a condition first asks for it:
 * for gate threads, whose process waits meanwhile, and for scans. No allocation, no lock; reads
 * only /proc, the file that is executed, and the memory of who executes it.
 */
#pragma once

#include "cgroup/groups.h"
#include "model/container.h"
#include "rules/facts.h"
#include "source/host-name.h"

#include <stdatomic.h>

/* Where this instance's groups are, to tell the group by a path of a control group. */
struct group_bases {
	size_t count;
	struct {
		unsigned hierarchy;
		struct slice prefix; /* "/reeve/"; borrowed */
	} in[HIERARCHY_MAX];
};

/* What is the same for all processes. */
struct facts_world {
	const struct host *host;
	uint32_t namespaces[FACT_NAMESPACE_KINDS]; /* our own, which are the host's */
	_Atomic int32_t utc_offset;		   /* s; whoever may read a file keeps it */
};
void facts_world_init(struct facts_world *world, const struct host *host);
/* Reads the zone again: daylight saving may have begun, or the host has moved. Of the loop alone.
 */
void facts_world_refresh(struct facts_world *world);

enum { FACTS_ARGUMENTS = 32768, FACTS_STATUS = 8192 };

/* One at a time for each thread: some 250 KiB, of which few are touched. */
struct process_facts {
	struct facts facts;
	const struct facts_world *world;
	const struct group_bases *bases; /* NULL: no group is told */
	/* The file that is executed, open, or -1. */
	int file_fd;
	/* True while it waits in execve: its arguments are in its memory, /proc has the old ones.
	 */
	bool executing;
	/* Gives a file of that process the name that it has here; NULL: none can be told. */
	enum host_name (*find_name)(const struct seen_file *file, struct name_buffer *names,
				    void *userdata);
	/* Was the file named by one before it in the same execution, as a script's interpreter is?
	 * NULL: no. */
	bool (*is_second)(void *userdata);
	void *userdata; /* of both */

	uint64_t start; /* process_facts_start(), if it is known; else 0 */
	struct membership was;
	struct container container;
	struct name_buffer names;
	char exe[PATH_MAX + 1], cwd[PATH_MAX + 1], script[PATH_MAX + 1], interpreter[PATH_MAX + 1];
	char interpreter_argument[256]; /* that the script's first line gives it */
	char asked_for[PATH_MAX + 1];	/* what execve(2) was told to execute */
	char comm[17];			/* with the newline of the file, and a NUL */
	char groups_v1[MEMBERSHIP_SIZE + 1];
	char status[FACTS_STATUS];
	char arguments[FACTS_ARGUMENTS];
	char ancestors[4 * PATH_MAX];
};

/*
 * Begins with another process. Of the rest, `file_fd`, `executing` and the file are set by the
 * caller afterwards; who is not executing anything is asked about as it is now.
 */
void process_facts_begin(struct process_facts *process, const struct facts_world *world,
			 const struct group_bases *bases, enum occasion on, pid_t pid);

/* When it began, in 1/100 s since boot: what tells it from another one with its number. 0: it is
 * gone. */
uint64_t process_facts_start(struct process_facts *process);
/* Where rules have asked whose the process is: the rest of its ids, and its start, for the record.
 */
void process_facts_complete_ids(struct process_facts *process);

/* The file that is executed or opened. `path` is borrowed. Of an execution it is the program. */
void process_facts_set_file(struct process_facts *process, const struct file_key *file);

/*
 * The arguments as they will be when the program runs: of a script with the interpreter, and what
 * its first line gives that, in front. Once, and after the rules have been asked.
 */
void process_facts_put_interpreter(struct process_facts *process);

/* The group of ours that a path is in, "" below a base itself; size 0 and data NULL: none. */
struct slice group_of_path(const struct group_bases *bases, unsigned hierarchy, const char *path,
			   size_t length);
