/* SPDX-License-Identifier: MIT */
/* Places what already runs: one pass over /proc. */
#pragma once

#include "core/decision.h"
#include "core/engine.h"
#include "core/scan-memory.h"
#include "core/snapshot.h"

struct scan_options {
	bool dry_run;
	pid_t spare[2]; /* left alone, as kernel threads are */
	/* Of a scan that is repeated; NULL: one that stands alone. With it, a process that was seen
	 * before is told of only if it had to be moved again; one that was not has its triggers run
	 * and is killed where a rule says so, but for those of the very first scan. */
	struct scan_memory *memory;
	/* Told of every process that a rule names. */
	void (*found)(const struct decision *decision, void *userdata);
	/* Told of one whose triggers are to be run. */
	void (*triggered)(const struct urgent *urgent, void *userdata);
	void *userdata;
};

/*
 * Looks at every process: the file it runs (/proc/PID/exe) and, where that is the interpreter of a
 * script, the script. Moves those that a rule with a group names, and all their threads. 0 or
 * -errno (only when /proc cannot be read).
 */
int place_running(const struct host *host, const struct snapshot *snapshot,
		  const struct scan_options *options, struct scan_result *ret_result);
