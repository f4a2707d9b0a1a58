/* SPDX-License-Identifier: MIT */
/*
 * Puts the records of one kernel event together: SYSCALL, BPRM_FCAPS, EXECVE (several where the
 * arguments are long), CWD, a PATH for each file that was looked up, and EOE. Records of different
 * events come interleaved; they belong together by their serial number.
 *
 * What is kept is bounded: events of which records are missing are handed out as far as they go
 * after a time, or when 1,024 younger ones have begun; arguments are cut at 256 KiB.
 */
#pragma once

#include "source/audit-calls.h"
#include "source/audit-text.h"

enum {
	AUDIT_ITEMS = 8, /* a script names its interpreter at most 5 deep, and a loader */
	AUDIT_ARGV_MAX = 256 << 10,
	AUDIT_PENDING_MAX = 1024, /* a power of two */
};

/* Of the SYSCALL record; which are there: bit 1 << index in `known`. */
enum audit_number {
	AUDIT_NUMBER_ARCH,
	AUDIT_NUMBER_SYSCALL,
	AUDIT_NUMBER_EXIT,
	AUDIT_NUMBER_A0,
	AUDIT_NUMBER_PPID,
	AUDIT_NUMBER_PID,
	AUDIT_NUMBER_AUID,
	AUDIT_NUMBER_UID,
	AUDIT_NUMBER_GID,
	AUDIT_NUMBER_EUID,
	AUDIT_NUMBER_SUID,
	AUDIT_NUMBER_EGID,
	AUDIT_NUMBER_SGID,
	AUDIT_NUMBER_SES,
	AUDIT_NUMBERS
};

/* One PATH record: a file that the call looked up. */
struct audit_item {
	bool present;	   /* the record has come */
	bool exists;	   /* the file was found: inode, dev and mode are known */
	bool named;	   /* name is known; it may be empty (execveat with AT_EMPTY_PATH) */
	struct slice name; /* as it was asked for */
	uint64_t inode;
	dev_t dev;
	uint32_t mode, owner, group;
};

struct audit_group {
	struct audit_stamp stamp;
	enum audit_call call;
	bool whole;	/* its end has come */
	bool succeeded; /* the call */
	bool damaged;	/* a record of it could not be read */
	uint32_t known;
	int64_t number[AUDIT_NUMBERS];
	struct slice exe, comm, tty, cwd; /* size 0: unknown */
	struct audit_item items[AUDIT_ITEMS];
	unsigned item_count; /* the highest number of an item, and one */
	bool has_caps;
	uint64_t caps_before, caps; /* permitted, before and after */
	bool has_argv, argv_cut;
	struct slice argv; /* each with its NUL */
};

static inline bool audit_knows(const struct audit_group *group, enum audit_number number)
{
	return group->known >> number & 1;
}

struct audit_assembly;

/* The slices hold until it returns. */
typedef void (*audit_group_fn)(const struct audit_group *group, void *userdata);

struct audit_assembly_counters {
	uint64_t malformed;  /* records that could not be read */
	uint64_t incomplete; /* events whose end has not come, or whose beginning has not */
	uint64_t cut;	     /* arguments or strings that there was no memory for */
};

int audit_assembly_new(audit_group_fn function, void *userdata,
		       struct audit_assembly **ret_assembly);
void audit_assembly_free(struct audit_assembly *assembly);
DEFINE_CLEANUP(struct audit_assembly *, audit_assembly_free);

/* Which calls are of interest: bits 1 << enum audit_call. Others cost a look at their number. */
void audit_assembly_want(struct audit_assembly *assembly, unsigned calls);

/* One record, whose stamp is taken off. `now_ns` is CLOCK_MONOTONIC. */
void audit_assembly_add(struct audit_assembly *assembly, unsigned type,
			const struct audit_stamp *stamp, struct slice text, uint64_t now_ns);

/* When audit_assembly_expire() has something to do, or UINT64_MAX. */
uint64_t audit_assembly_due(const struct audit_assembly *assembly);
/* Hands out what has waited too long for its end. */
void audit_assembly_expire(struct audit_assembly *assembly, uint64_t now_ns);

const struct audit_assembly_counters *audit_assembly_counters(
	const struct audit_assembly *assembly);
