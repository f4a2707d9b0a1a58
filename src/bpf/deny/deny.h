/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the program that denies in the kernel and its user half share. */
#pragma once

#include <linux/types.h>

enum {
	DENY_FILES_MOST = 16384,
	DENY_RULES_MOST = 4096, /* counters; rules after them are counted in the last one */
	DENY_OWN = 4,
};

enum deny_what {
	DENY_EXECUTE = 1 << 0,
	DENY_READ = 1 << 1,
	DENY_WRITE = 1 << 2, /* also: cut, renamed over or away, unlinked */
	DENY_KILL = 1 << 3,  /* and its process is killed */
};

#define DENY_ANYBODY 0xffffffffU /* in place of a user: -1 is nobody's id */

/* A file, and who: exactly one user, or anybody. */
struct deny_key {
	__u64 ino;
	__u32 dev; /* the kernel's own number: major << 20 | minor */
	__u32 uid; /* real user */
};

struct deny_value {
	__u32 what;
	__u32 rule;
	__s32 error;	  /* positive: EPERM, EACCES */
	__u32 generation; /* of the user half: which set it belongs to */
};

/* What was refused, through the ring. */
struct deny_record {
	__u64 time; /* CLOCK_BOOTTIME, ns */
	__u64 ino;
	__u32 dev;
	__u32 what; /* what of deny_value.what was asked */
	__u32 rule;
	__s32 error;
	__u32 pid, tid;
	__u32 uid;
	__u32 killed;
	char comm[16];
};

enum { DENY_RING = 1 << 17 };
