/* SPDX-License-Identifier: MIT */
/*
 * Tells whether an execve that the gate let go has succeeded. Best by a BPF program at
 * sched_process_exec (a store into shared memory before, a load after: nothing to pay at the
 * gate); where that is refused, by the process's image, which /proc shows.
 */
#pragma once

#include "util/error.h"
#include "util/host.h"

#include <sys/types.h>

struct confirm;

/* Never fails for want of BPF: then `confirm_reason()` says why the slower way is used. */
int confirm_new(const struct host *host, struct confirm **ret_confirm);
void confirm_free(struct confirm *confirm);
DEFINE_CLEANUP(struct confirm *, confirm_free);

/*
 * What a daemon that takes our place needs to know the executions that are under way: descriptors
 * (-1: none), for confirm_inherit(), which takes them, in place of confirm_new(); and without BPF
 * the tickets that were armed, for confirm_arm(). `layout` must be what confirm_layout() says.
 */
enum { CONFIRM_FDS = 2, CONFIRM_RECENT = 1024 };
int confirm_layout(void);
void confirm_fds(const struct confirm *confirm, int fds[CONFIRM_FDS]);
size_t confirm_armed(const struct confirm *confirm, pid_t pids[CONFIRM_RECENT],
		     uint64_t tickets[CONFIRM_RECENT]);
int confirm_inherit(const struct host *host, const int fds[CONFIRM_FDS], int layout,
		    struct confirm **ret_confirm);

/* True with BPF. */
bool confirm_is_fast(const struct confirm *confirm);
/* "BPF", or why not. */
const char *confirm_reason(const struct confirm *confirm);

/*
 * What identifies the execve that the process is in; to be called while it waits at the gate.
 * 0: it cannot be known. No allocation.
 */
uint64_t confirm_ticket(struct confirm *confirm, pid_t pid);

/*
 * True if an earlier ticket of this process is for this same execve (a script's interpreter, a
 * program's loader), or for one that failed just before. `ticket` is now's.
 */
bool confirm_is_same(struct confirm *confirm, pid_t pid, uint64_t ticket);

/* Remembers the ticket for the two questions. After it the process may go on. */
void confirm_arm(struct confirm *confirm, pid_t pid, uint64_t ticket);

/*
 * The execve of that ticket is known to have failed: what comes next is another one. False: the
 * slot is not its own any more, because the process has begun another one already, or it is another
 * process's.
 */
bool confirm_disarm(struct confirm *confirm, pid_t pid, uint64_t ticket);

enum confirm_state {
	CONFIRM_SUCCEEDED,
	CONFIRM_NOT_YET, /* it is under way, or has failed */
	CONFIRM_AGAIN,	 /* the process has begun another one since: only that one knows */
	CONFIRM_UNKNOWN,
};

/*
 * What has become of the execve of this process that was armed last; `ticket` is now's, and not
 * armed yet. CONFIRM_NOT_YET is what confirm_is_same() says, too.
 */
enum confirm_state confirm_previous(struct confirm *confirm, pid_t pid, uint64_t ticket);

/* Another thread than the gate's may ask. */
enum confirm_state confirm_ask(struct confirm *confirm, pid_t pid, uint64_t ticket);
