/* SPDX-License-Identifier: MIT */
/*
 * One look at everything that runs, by /proc. What seeds the process table, repairs it after a
 * loss, and is all that the procfs source has.
 */
#pragma once

#include "model/event.h"
#include "util/error.h"
#include "util/host.h"

struct process_scan_options {
	const struct host *host;
	struct event_sink sink; /* one EVENT_RUNNING a process that lives, in no order; one that has
				 * ended and waits for its parent is not told */
	const char *const *environment;
	size_t environment_count;
	/* Only what the process table keeps: no arguments, environment, working folder, login,
	 * nor namespaces but mnt and pid. Takes half the time. */
	bool brief;
	/* True for a process that need not be read; NULL: all are. */
	bool (*skips)(uint32_t pid, void *userdata);
	void *userdata;
};

struct process_scan_result {
	uint64_t found;
	uint64_t vanished; /* while they were read */
};

/* Returns 0, or -errno when /proc itself cannot be read. */
int scan_processes(const struct process_scan_options *options,
		   struct process_scan_result *ret_result, struct error *err);
/* One process; -ESRCH when it is gone or has ended. Fills every field that /proc/PID has. The
 * slices hold until the sink returns. */
int scan_one_process(const struct process_scan_options *options, pid_t pid);
