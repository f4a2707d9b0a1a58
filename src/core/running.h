/* SPDX-License-Identifier: MIT */
/*
 * The rules put to a process that runs already, as they would be if it executed its program now:
 * for scans, and for who names a process (cgclassify).
 */
#pragma once

#include "core/facts-process.h"
#include "rules/ruleset.h"

/* What a process runs, by what rules: the program and, where it is an interpreter, the script. */
struct running_match {
	struct file_key exe, script;
	struct verdict verdict;
	bool script_matched;
	const char *path; /* of the file whose rules came first; in the struct running */
};

/* One at a time for each thread: some 600 KiB, of which few are touched. */
struct running {
	const struct host *host;
	const struct facts_world *world;
	struct mount_table *mounts;
	struct name_buffer exe, script;
	struct process_facts process; /* of who was judged last */
};

/* Both are borrowed. Reads what is mounted now. 0 or -errno. */
int running_new(const struct host *host, const struct facts_world *world,
		struct running **ret_running);
void running_free(struct running *running);
DEFINE_CLEANUP(struct running *, running_free);

/* For who asks about another occasion: the facts begin with that process. */
void running_begin(struct running *running, const struct group_bases *bases, enum occasion on,
		   pid_t pid);

/*
 * True if any rule matches; `bases` as of process_facts_begin(). False as well of a kernel thread,
 * and of who is gone.
 */
bool running_judge(struct running *running, const struct ruleset *ruleset,
		   const struct group_bases *bases, pid_t pid, struct running_match *ret_match);
