/* SPDX-License-Identifier: MIT */
/*
 * The world as reeve sees it, passed in so that a test can hand over a temporary tree: where /proc
 * and the cgroup file systems are, and what time it is.
 */
#pragma once

#include "util/error.h"

struct host {
	int proc_fd;	 /* directory descriptor of /proc (O_PATH) */
	char *proc_path; /* its path, for messages */
	char *root; /* prefix before every mount point that mountinfo names: "" on a real host */
	unsigned cpu_count; /* processors online, as sysconf says; at least 1 */
};

/* The real host. Returns 0 or a negative errno with a sentence in `err`. */
int host_new(struct host **ret_host, struct error *err);

/*
 * A host below `root`, an absolute path: /proc is <root>/proc and a mount point M of
 * <root>/proc/self/mountinfo is at <root>M. For tests.
 */
int host_new_at(const char *root, unsigned cpu_count, struct host **ret_host, struct error *err);

void host_free(struct host *host);
DEFINE_CLEANUP(struct host *, host_free);

/* Nanoseconds since boot, suspended time included (CLOCK_BOOTTIME). */
uint64_t clock_boottime(void);
/* Nanoseconds since the epoch (CLOCK_REALTIME). */
uint64_t clock_realtime(void);
/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t clock_monotonic(void);

/* The boot id of the kernel (36 characters and NUL) from /proc/sys/kernel/random/boot_id. */
int host_boot_id(const struct host *host, char ret_id[static 37]);
