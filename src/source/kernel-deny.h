/* SPDX-License-Identifier: MIT */
/*
 * Refusals that the kernel makes by itself (bpf/deny): what rules say that depend on the file, and
 * at most on the real user. Where it does not load there is no such object, and the gate does all
 * of it.
 */
#pragma once

#include "util/error.h"

#include <sys/types.h>

struct kernel_deny;

enum kernel_deny_what {
	KERNEL_DENY_EXECUTE = 1 << 0,
	KERNEL_DENY_READ = 1 << 1,
	KERNEL_DENY_WRITE = 1 << 2, /* also truncate, rename over or away, unlink */
	KERNEL_DENY_KILL = 1 << 3,  /* and kills whoever tried */
};

struct kernel_deny_entry {
	dev_t dev;
	ino_t ino;
	uid_t uid;     /* (uid_t)-1: anybody */
	unsigned what; /* enum kernel_deny_what */
	unsigned rule; /* index into the policy's rules */
	int error;     /* positive: EPERM or EACCES */
};

/*
 * `own`: reeve's processes, 0-terminated, at most 4, which are never refused. -EOPNOTSUPP, -EPERM,
 * -EINVAL with a sentence: it does not work on this host.
 */
int kernel_deny_new(const pid_t *own, struct kernel_deny **ret_deny, struct error *err);
void kernel_deny_free(struct kernel_deny *deny);
DEFINE_CLEANUP(struct kernel_deny *, kernel_deny_free);

/*
 * Replaces what is refused; the first entry for a file and user counts. The number of entries
 * taken: those left out (more than 16,384, or -ENOMEM for all) are the gate's. -errno.
 */
int kernel_deny_set(struct kernel_deny *deny, const struct kernel_deny_entry *entries,
		    size_t count);

/*
 * How often that rule of the set in force has refused since it was set: numbers of rules mean
 * something else after a reload.
 */
uint64_t kernel_deny_count(const struct kernel_deny *deny, unsigned rule);

/* One refusal. */
struct kernel_deny_record {
	uint64_t time_ns; /* CLOCK_BOOTTIME */
	pid_t pid, tid;
	uid_t uid;
	dev_t dev;
	ino_t ino;
	unsigned what; /* enum kernel_deny_what that was asked */
	unsigned rule;
	int error;
	bool killed;
	const char *comm;
};
typedef void (*kernel_deny_fn)(const struct kernel_deny_record *record, void *userdata);

/* Readable when something was refused. Borrowed. */
int kernel_deny_fd(const struct kernel_deny *deny);
/* Hands over what was refused since the last call; returns how many, or -errno. Records of a set
 * that was replaced meanwhile have that set's rule numbers. */
int kernel_deny_take(struct kernel_deny *deny, kernel_deny_fn refused, void *userdata);
/* Refusals that are counted and could not be told. */
uint64_t kernel_deny_lost(const struct kernel_deny *deny);
