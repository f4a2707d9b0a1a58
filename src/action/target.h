/* SPDX-License-Identifier: MIT */
/*
 * One process to which something is going to be done: by a descriptor, so that whoever takes over
 * its number is never meant. Nothing here allocates; usable in a gate's thread.
 */
#pragma once

#include "util/host.h"

#include <sys/types.h>

struct target {
	pid_t pid;
	uint64_t start; /* since boot in 1/100 s, field 22 of /proc/PID/stat */
	int pidfd;	/* -1: not open */
};
#define TARGET_INIT ((struct target){ .pidfd = -1 })

/*
 * Opens the process that has the number `pid`, if it was made at `start` (0: whoever has it now).
 * -ESRCH: it is gone, or the number is another's now; other -errno of pidfd_open(2).
 */
int target_open(const struct host *host, pid_t pid, uint64_t start, struct target *ret_target);
void target_done(struct target *target);

/* Is it still there? A zombie is not. */
bool target_is_alive(const struct target *target);

/* pidfd_send_signal(2). -ESRCH when it is gone. */
int target_signal(const struct target *target, int number);

enum target_protection {
	TARGET_FREE,
	TARGET_INIT_PROCESS, /* pid 1 */
	TARGET_KERNEL_THREAD,
	TARGET_REEVE,	       /* among `own` */
	TARGET_FOREIGN_NUMBER, /* pid <= 0: a process of another pid namespace */
};
/*
 * Whether nothing may be done to it unless a rule says `force`. `own`: reeve's processes (daemon,
 * guard), 0-terminated. What cannot be read is taken as free: it is gone.
 */
enum target_protection target_protection(const struct host *host, pid_t pid, const pid_t *own);
/* "pid 1", ... for messages. */
const char *target_protection_text(enum target_protection protection);
