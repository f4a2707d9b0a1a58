/* SPDX-License-Identifier: MIT */
/* Places what already runs: one pass over /proc. */
#pragma once

#include "core/decision.h"
#include "core/engine.h"
#include "core/exempt.h"
#include "core/scan-memory.h"
#include "core/snapshot.h"

struct scan_options {
	struct facts_world *world;
	struct rate_table *rates;
	bool dry_run;
	const struct exempt *exempt; /* NULL: nobody is */
	pid_t spare[2];		     /* left alone, as kernel threads are */
	/* Of a scan that is repeated; NULL: one that stands alone. With it, a process that was seen
	 * before is told of only if it had to be moved again; for one that was not, all that its
	 * rules say is done, but for those of the very first scan. */
	struct scan_memory *memory;
	/* Does what is planned for a process, and notes that in the decision. */
	void (*act)(struct urgent *urgent, void *userdata);
	/* Told of every process that a rule names. */
	void (*found)(const struct decision *decision, void *userdata);
	void *userdata;
};

/*
 * Looks at every process: the file it runs (/proc/PID/exe) and, where that is the interpreter of a
 * script, the script. Those that a rule names are put into its group, and what it sets of a process
 * is set. 0 or -errno (only when /proc cannot be read).
 */
int place_running(const struct host *host, const struct snapshot *snapshot,
		  const struct scan_options *options, struct scan_result *ret_result);
