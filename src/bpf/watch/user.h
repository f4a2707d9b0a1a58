/* SPDX-License-Identifier: MIT */
/*
 * The user half of the watch program: loads it, attaches what is asked for, reads the ring.
 *
 * The ring is read through a window: mapped whole, as libbpf does it, it would count twice as
 * memory of the reader.
 */
#pragma once

#include "util/error.h"

#include "bpf/listing.h"

struct watch;

struct watch_options {
	size_t buffer;	  /* of the ring; 0: 16 MiB. Made a power of two. */
	uint32_t quiet;	  /* a process that is not told */
	bool environment; /* the environment is wanted */
	bool list;	  /* watch_list() will be called */
	bool untyped;	  /* do without typed pointers, as where the kernel refuses them */
	/* What watch_want() will be told first: it is loaded at once. 0: executions, some time. */
	uint32_t wanted;
};

/* Loads what is wanted first, attaches nothing. The rest is loaded when it is first wanted.
 * -EPERM, -ENOENT (no BTF) and others; the sentence says why. */
int watch_new(const struct watch_options *options, struct watch **ret_watch, struct error *err);
void watch_free(struct watch *watch);
DEFINE_CLEANUP(struct watch *, watch_free);

/* What is wanted from now on: WATCH_WANT bits; `urgent`: wake at once for these. */
int watch_want(struct watch *watch, uint32_t wanted, uint32_t urgent, struct error *err);

/*
 * Told every process that runs, each as a WATCH_RUNNING record, with the WATCH_CGROUP records they
 * need before them: for the time of the call, at any address. One that comes or goes meanwhile may
 * be missing. 0; -EOPNOTSUPP: watch_options.list was not set, or the kernel takes no such program
 * (an iterator over tasks, 5.8); another -errno: some may have been told.
 */
int watch_list(struct watch *watch, watch_tell tell, void *userdata);

/* Readable once after watch_sleep() has returned true, when there is something. */
int watch_fd(const struct watch *watch);
/* Makes the descriptor unreadable again. */
void watch_woken(struct watch *watch);
/* Asks to be woken for the next record. False: there is one already. */
bool watch_sleep(struct watch *watch);

/* The next record, or NULL. Holds until the next call. */
const void *watch_next(struct watch *watch, uint32_t *ret_size);

/* Events lost until now: modulo 2^32 as in records, and of each cause. */
uint32_t watch_lost_total(const struct watch *watch);
uint64_t watch_lost(const struct watch *watch, enum watch_cause cause);
/* Runs of programs that the kernel left out, as the same program was running on that processor. */
uint64_t watch_skipped(const struct watch *watch);
/* Which programs were loaded, in a few words. */
const char *watch_variant(const struct watch *watch);
/* Has all groups told again. */
void watch_forget_groups(struct watch *watch);
