/* SPDX-License-Identifier: MIT */
/* Places what already runs: one pass over /proc. */
#pragma once

#include "core/decision.h"
#include "core/engine.h"
#include "core/snapshot.h"

/* Told of every process that a rule names. */
typedef void (*scan_found_fn)(const struct decision *decision, void *userdata);

/*
 * Looks at every process: the file it runs (/proc/PID/exe) and, where that is the interpreter of a
 * script, the script. Moves those that a rule with a group names, and all their threads; the pids
 * in `spare` and kernel threads are left alone. 0 or -errno (only when /proc cannot be read).
 */
int place_running(const struct host *host, const struct snapshot *snapshot, bool dry_run,
		  const pid_t spare[2], scan_found_fn found, void *userdata,
		  struct scan_result *ret_result);
