/* SPDX-License-Identifier: MIT */
/*
 * What was decided about one process: written by gate threads, read by the loop, through a bounded
 * queue that nobody ever waits for.
 */
#pragma once

#include "core/plan.h"
#include "util/text.h"

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
	DECISION_TRUNCATED = 1 << 10, /* more rules matched, or more is to be done, than fits */
	DECISION_DENIED = 1 << 11,    /* the execution or the open was refused */
	DECISION_AFTER = 1 << 12,     /* told after it had happened: nothing could be prevented */
	DECISION_HELD = 1 << 13,      /* it waited for the loop */
	DECISION_OVER = 1 << 14,      /* a rule's rate was exceeded */
	DECISION_UNHELD = 1 << 15,    /* it could not wait: what the loop does came after */
	DECISION_LATE = 1 << 16,      /* its deadline had answered before */
	DECISION_EXEMPT = 1 << 18,    /* it has registered: rules leave it where it is */
	DECISION_KERNEL = 1 << 17,    /* the kernel refused it by itself; the gate was not asked */
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

enum { DECISION_PATH = 160, DECISION_WAS = 560, DECISION_RULES = 8, DECISION_GROUP = 96 };

/* What was done: bits of effect_kind. An effect may be in several, of different rules. */
struct outcome {
	uint32_t done, failed, dry;
	uint32_t spared;       /* not done: pid 1, a kernel thread, or reeve's own */
	uint16_t failed_kind;  /* the first that failed */
	uint16_t failed_errno; /* and why; positive */
};

struct decision {
	uint64_t time_ns; /* CLOCK_BOOTTIME, when the event was taken */
	uint64_t start;	  /* of the process, in 1/100 s since boot; 0: not known */
	uint32_t took_us; /* until it could go on; of what is told afterwards, until all was done */
	pid_t pid;
	int32_t group;	    /* index into the policy of `generation`, or -1 */
	int32_t group_rule; /* the rule that refused, killed, or named the group; or -1 */
	int32_t result;	    /* 0, or the negative errno of the move */
	uint32_t flags;
	uint32_t generation; /* which snapshot the indexes belong to */
	uint16_t on;	     /* enum occasion: the first that a rule matched on */
	uint16_t occasions;  /* bits of all of them: an open may be for reading and writing */
	uint16_t was_size;
	struct outcome outcome;
	uid_t uid; /* UINT32_MAX: not known */
	uint32_t rule_count;
	/* Those that matched, in file order. */
	uint32_t rules[DECISION_RULES];
	uint64_t ticket;	   /* of source/confirm.h; 0: none */
	char made[DECISION_GROUP]; /* a group that no file names, which it went into; "": none */
	char was[DECISION_WAS]; /* lines of /proc/PID/cgroup of the hierarchies that were written */
	char path[DECISION_PATH]; /* what was executed or opened; its end when too long */
};

/* On what occasion a rule that matched was asked. */
enum occasion decision_occasion(const struct decision *decision, const struct policy_rule *rule);

enum { URGENT_RULES = 32, URGENT_PATH = 4096, URGENT_TEXTS = 4096 };

/* What else is known of the process, for %-fields and the environment of triggers. */
enum urgent_text {
	URGENT_EXE,
	URGENT_COMM,
	URGENT_ARGV, /* each with its NUL; cut where it does not fit */
	URGENT_CWD,
	URGENT_SCRIPT,
	URGENT_INTERPRETER,
	URGENT_CGROUP,
	URGENT_GROUP, /* of ours, that it was in */
	URGENT_RUNTIME,
	URGENT_CONTAINER,
	URGENT_POD,
	URGENT_TEXT_PARTS
};

/*
 * A decision of which the loop does a part: all of its rules, the whole path, and who it was.
 * `plan` is what is still to be done; its effects belong to the policy of the decision's snapshot.
 */
struct urgent {
	struct decision decision;
	struct subject subject;
	struct plan plan;
	int64_t hold; /* it waits in the gate until this is released; 0: it does not wait */
	uint32_t rule_count;
	uint32_t rules[URGENT_RULES];
	struct {
		uint16_t at, size;
	} texts[URGENT_TEXT_PARTS];
	uint32_t text_size;
	char path[URGENT_PATH];
	char text[URGENT_TEXTS];
};

/* With a NUL behind it. Of size 0: not known, or there is none. */
static inline struct slice urgent_text(const struct urgent *urgent, enum urgent_text part)
{
	return (struct slice){ urgent->text + urgent->texts[part].at, urgent->texts[part].size };
}
/* False: it does not fit. */
bool urgent_add_text(struct urgent *urgent, enum urgent_text part, struct slice value);
/* What is known already is taken over from the facts; nothing is asked for. */
void urgent_take_facts(struct urgent *urgent, const struct facts *facts);

/* A bounded queue for many writers and one reader, without locks (Vyukov's, with a slot counter).
 */
struct decision_queue {
	struct decision_slot *slots;
	char *items;		 /* zero pages until they are used */
	_Atomic uint32_t *below; /* of each free item: the one under it */
	size_t item_size, item_room;
	size_t room;		/* a power of two */
	_Atomic uint64_t free;	/* the last item that became free */
	_Atomic uint32_t fresh; /* items from here on were never used */
	_Atomic size_t head;	/* next to write */
	size_t tail;		/* next to read; the reader's own */
	_Atomic uint64_t lost;	/* did not fit */
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
