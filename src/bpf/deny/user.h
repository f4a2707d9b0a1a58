/* SPDX-License-Identifier: MIT */
/*
 * Refuses in the kernel, by BPF's security module, what depends on the file (and the real user)
 * alone. Where it does not load, the gate does the same with a round trip.
 */
#pragma once

#include "util/error.h"

#include <sys/types.h>

struct deny_program;

struct deny_entry {
	dev_t dev; /* st_dev */
	ino_t ino;
	uid_t uid;     /* real user; (uid_t)-1: anybody */
	unsigned what; /* enum deny_what (bpf/deny/deny.h) */
	unsigned rule; /* its number, for deny_count() */
	int error;     /* positive: EPERM or EACCES */
};

/*
 * Loads and attaches the programs; nothing is refused yet. `own`: processes that are never refused,
 * 0-terminated, at most 4. -EOPNOTSUPP: the security module is not on; -EPERM, -EINVAL: the kernel
 * refuses the programs; each with a sentence.
 */
int deny_program_new(const pid_t *own, struct deny_program **ret_program, struct error *err);
/* Nothing is refused any more. */
void deny_program_free(struct deny_program *program);
DEFINE_CLEANUP(struct deny_program *, deny_program_free);

/*
 * Replaces what is refused: new entries are there before old ones go. Of several entries for one
 * file and user the first counts. Returns how many were taken; those that do not fit (16,384) are
 * left to the gate. -errno.
 */
int deny_program_set(struct deny_program *program, const struct deny_entry *entries, size_t count);

/* How often the rule of that number has refused since the programs were loaded. */
uint64_t deny_program_count(const struct deny_program *program, unsigned rule);

/* Readable when something was refused. Borrowed. */
int deny_program_fd(const struct deny_program *program);
struct deny_record;
/* Hands over what was refused since; returns how many, or -errno. */
int deny_program_take(struct deny_program *program,
		      void (*refused)(const struct deny_record *record, void *userdata),
		      void *userdata);
/* Refusals that were counted and could not be told, because the ring was full. */
uint64_t deny_program_lost(const struct deny_program *program);
