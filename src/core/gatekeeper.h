/* SPDX-License-Identifier: MIT */
/*
 * The gate's judgement: what to do about one event, in the thread that the process waits for.
 * Everything here runs without allocation, lock, or opening anything that could be gated.
 */
#pragma once

#include "action/rate.h"
#include "core/decision.h"
#include "core/exempt.h"
#include "core/snapshot.h"
#include "source/confirm.h"
#include "source/gate.h"

struct gatekeeper;

struct gatekeeper_counters {
	_Atomic uint64_t matched, moved, already, killed, denied, triggered, unmatched;
	_Atomic uint64_t held;	      /* waited for the loop */
	_Atomic uint64_t not_held;    /* could not: what the loop does came after the answer */
	_Atomic uint64_t move_failed; /* see also the last error */
	_Atomic uint64_t vanished;    /* gone before it could be moved */
	_Atomic uint64_t exempt;      /* left alone, for they have registered */
	_Atomic uint64_t no_way_back; /* where a process was could not be kept */
	/* More rules matched than a verdict lists, or more is to be done than a plan holds:
	 * triggers of the rest were not run. */
	_Atomic uint64_t too_many_rules;
	_Atomic uint64_t
		unknown_access; /* an open whose flags could not be read: counted as both */
	_Atomic int last_error;
};

struct gatekeeper_options {
	unsigned threads;	 /* of the gate, gate_thread_count() */
	struct confirm *confirm; /* borrowed */
	bool dry_run;
	const struct exempt *exempt; /* borrowed; NULL: nobody is */
	pid_t spare[2];		     /* never frozen or killed: the daemon and its guard */
	int timer_fd;  /* timerfd: armed for a few ms after a decision, so that the loop looks */
	int urgent_fd; /* eventfd: written when the loop has something to do */
};

int gatekeeper_new(const struct host *host, const struct gatekeeper_options *options,
		   struct gatekeeper **ret_keeper);
void gatekeeper_free(struct gatekeeper *keeper);
DEFINE_CLEANUP(struct gatekeeper *, gatekeeper_free);

/* The gate_decide_fn; `keeper` is the userdata. */
unsigned gatekeeper_decide(const struct gate_event *event, void *keeper);
/* The gate_passes_fn: where rules on executions are all for users, those whom none of them names.
 */
bool gatekeeper_passes(pid_t pid, unsigned thread, void *keeper);
/* The gate_reaches_fn: of the snapshot in force. The loop's thread only. */
bool gatekeeper_reaches(const char *mount_point, dev_t dev, void *keeper);

/*
 * Puts a new snapshot in place; returns the old one, which some thread may still be using: free it
 * once gatekeeper_is_unused() says so. The loop's thread only.
 */
struct snapshot *gatekeeper_swap(struct gatekeeper *keeper, struct snapshot *snapshot);
bool gatekeeper_is_unused(const struct gatekeeper *keeper, const struct snapshot *snapshot);
const struct snapshot *gatekeeper_current(const struct gatekeeper *keeper);

/* What every thread and the loop share: of rates, and of facts. */
struct rate_table *gatekeeper_rates(struct gatekeeper *keeper);
struct facts_world *gatekeeper_world(struct gatekeeper *keeper);

/* All (struct decision), oldest first; and those of which the loop does a part (struct urgent). */
struct decision_queue *gatekeeper_decisions(struct gatekeeper *keeper);
struct decision_queue *gatekeeper_urgent(struct gatekeeper *keeper);
/* Whether the gate has been asked about an execution of that process since then (CLOCK_BOOTTIME):
 * it was judged by what the process was by then. False also where that is long ago. */
bool gatekeeper_has_executed(const struct gatekeeper *keeper, pid_t pid, uint64_t since_ns);
/*
 * Whether the gate was asked about this process writing that file, as far as is remembered, or this
 * was called for both before. For what is told after the fact.
 */
bool gatekeeper_has_written(struct gatekeeper *keeper, pid_t pid, const char *path);

/* The loop tells that it has looked: the next decision arms the timer again. */
void gatekeeper_looked(struct gatekeeper *keeper);

const struct gatekeeper_counters *gatekeeper_counters(const struct gatekeeper *keeper);
