/* SPDX-License-Identifier: MIT */
/* What gatekeeper.c (judging) and gatekeeper-act.c share; nobody else includes it. */
#pragma once

#include "core/effects.h"
#include "core/facts-process.h"
#include "core/gatekeeper.h"
#include "source/execve-files.h"

/* One a gate thread; on cache lines of its own, and pages that are taken when they are used. */
struct seat {
	_Atomic(const struct snapshot *) in_use;
	struct gatekeeper *keeper;
	const struct gate_event *event; /* in hand */
	uint64_t begun;			/* CLOCK_BOOTTIME */
	uint32_t occasions;		/* that rules have matched on */
	struct membership was;
	struct destination destination;
	struct process_facts process;
	struct plan plan;
	struct urgent urgent;
	/* Of an execution; asked once. */
	bool ticket_known, same, next, below;
	uint64_t ticket;
} __attribute__((aligned(64)));

enum { WRITERS = 4096, EXECUTORS = 4096 };

struct gatekeeper {
	const struct host *host;
	struct gatekeeper_options options;
	_Atomic(const struct snapshot *) current;
	struct seat *seats; /* zero pages until used */
	struct decision_queue decisions, urgent;
	_Atomic bool armed;
	pid_t own[3];
	struct execve_files files;
	_Atomic uint64_t writers[WRITERS];     /* who opened what for writing, as hashes of both */
	_Atomic uint64_t executors[EXECUTORS]; /* who began an execution when */
	struct rate_table *rates;
	struct facts_world world;
	struct gatekeeper_counters counters;
};

/* Carries a verdict out, or has the loop do it; the answer for the gate. */
unsigned gatekeeper_act(struct gatekeeper *keeper, struct seat *seat,
			const struct snapshot *snapshot, const struct verdict *verdict);

/* Is this file of the same execve as one before it: which named it, or whose overlay it is below?
 */
bool gatekeeper_is_second(struct seat *seat);

static inline void keeper_count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}
