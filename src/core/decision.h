/* SPDX-License-Identifier: MIT */
/*
 * What was decided about one process: written by gate threads, read by the loop, through a bounded
 * queue that nobody ever waits for.
 */
#pragma once

#include "util/macros.h"

#include <stdatomic.h>
#include <sys/types.h>

enum decision_flags {
	DECISION_MOVED = 1 << 0,   /* its group was written */
	DECISION_ALREADY = 1 << 1, /* it was there */
	DECISION_KILLED = 1 << 2,
	DECISION_TRIGGER = 1 << 3, /* rules with triggers matched */
	DECISION_DRY = 1 << 4,	   /* nothing was changed: dry run */
	DECISION_SECOND = 1 << 5,  /* same execve as the decision before: interpreter or loader */
	DECISION_SCAN = 1 << 6,	   /* found by a scan, not by the gate */
	DECISION_NO_WAY_BACK = 1 << 7, /* where it was did not fit, or could not be read */
	DECISION_PUT_BACK = 1 << 8,    /* the execution failed: moved back to where it was */
	/* The same process's execution before had not succeeded: where it was then counts. */
	DECISION_AFTER_FAILED = 1 << 9,
	DECISION_TRUNCATED = 1 << 10, /* more rules matched than a verdict lists */
};

enum { SUBJECT_CWD = 4096, SUBJECT_CGROUP = 2048 };

/* Who set a trigger off: read while the process still waits, for it may be gone a moment later. */
struct subject {
	pid_t ppid;
	uid_t uid, euid, suid, fsuid;
	gid_t gid, egid, sgid, fsgid;
	uint32_t loginuid, session; /* UINT32_MAX: unset */
	uint32_t tty;		    /* device number; 0: none */
	pid_t sid;		    /* its POSIX session */
	int32_t syscall;	    /* -1: unknown */
	uint64_t arg_start; /* where its arguments are in memory: another place after an execve */
	uint64_t arguments[4];
	char comm[16];
	char exe[128];		     /* of the process as it is now; its end when too long */
	char cwd[SUBJECT_CWD];	     /* "" where it is longer, or cannot be read */
	char cgroup[SUBJECT_CGROUP]; /* lines of /proc/PID/cgroup, v2's first; those that fit */
};

/* The sizes make a queue's slot 768 bytes: see the assertion in decision.c. */
enum { DECISION_PATH = 112, DECISION_WAS = 560, DECISION_RULES = 4 };

struct decision {
	uint64_t time_ns; /* CLOCK_BOOTTIME, when the event was taken */
	uint32_t took_us;
	pid_t pid;
	int32_t group;	    /* index into the policy of `generation`, or -1 */
	int32_t group_rule; /* the rule that named the group, or -1 */
	int32_t result;	    /* 0, or the negative errno of the move */
	uint16_t flags;
	uint16_t action;     /* enum policy_action */
	uint32_t generation; /* which snapshot the indexes belong to */
	uint32_t rule_count;
	/* Those that matched, in file order; triggers of further ones are not run. */
	uint32_t rules[DECISION_RULES];
	uint64_t ticket; /* of source/confirm.h; 0: none */
	uint16_t was_size;
	char was[DECISION_WAS]; /* lines of /proc/PID/cgroup of the hierarchies that were written */
	char path[DECISION_PATH]; /* what was executed; its end when too long */
};

enum { URGENT_RULES = 32, URGENT_PATH = 4096 };

/* A decision that set triggers off: all of its rules, the whole path, and who it was. */
struct urgent {
	struct decision decision;
	struct subject subject;
	uint32_t rule_count;
	uint32_t rules[URGENT_RULES];
	char path[URGENT_PATH];
};

/* A bounded queue for many writers and one reader, without locks (Vyukov's, with a slot counter).
 */
struct decision_queue {
	char *slots; /* zero pages until they are used */
	size_t slot_size, item_size;
	size_t room;	       /* a power of two */
	_Atomic size_t head;   /* next to write */
	size_t tail;	       /* next to read; the reader's own */
	_Atomic uint64_t lost; /* did not fit */
};

int decision_queue_init(struct decision_queue *queue, size_t room, size_t item_size);
void decision_queue_done(struct decision_queue *queue);

/* Copies an item in. False when the queue is full (then it is counted). */
bool decision_queue_put(struct decision_queue *queue, const void *item);

/* True when nobody has begun to put one in. For the reader. */
bool decision_queue_is_empty(const struct decision_queue *queue);

/* The oldest one, or NULL; it stays until decision_queue_drop(). */
const void *decision_queue_peek(const struct decision_queue *queue);
void decision_queue_drop(struct decision_queue *queue);
