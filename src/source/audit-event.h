/* SPDX-License-Identifier: MIT */
/* What the records of one kernel event say, as struct event: a pure translation. */
#pragma once

#include "model/event.h"
#include "source/audit-group.h"

enum { AUDIT_NAME_MAX = 8192 };

struct audit_event {
	struct event event; /* its slices point into the group, or into `script` */
	/*
	 * The kernel has written " (deleted)" behind the program's path, or a file's name ends so:
	 * its words do not tell which. exe_in_root is as the kernel wrote it.
	 */
	bool maybe_deleted;
	int program; /* which item is the program that runs; -1: unknown */
	/* Of an execution: the file's bits have made it another user's, or group's. */
	bool gives_user, gives_group;
	char script[AUDIT_NAME_MAX + 16];
};

/*
 * False: the group says too little to be an event (its call's outcome or whose it was is missing).
 * `boot_ns`: when the machine booted, on the wall clock, for boottime.
 */
bool audit_event_make(const struct audit_group *group, uint64_t boot_ns, struct audit_event *made);

/* The device of a terminal that the kernel calls so ("pts0", "tty1", "ttyS0", "(none)"). False: not
 * known by its name. */
bool audit_tty_device(struct slice name, dev_t *ret_dev);
