/* SPDX-License-Identifier: MIT */
/* What gate.c (events and threads) and gate-watch.c (marks) share; nobody else includes it. */
#pragma once

#include "source/gate.h"

#include <limits.h>
#include <pthread.h>

enum { SHARED_MAX = 128 };

struct channel {
	int fd;
	dev_t *marked;
	size_t marked_count;
	char **watched; /* GATE_OPEN only */
	size_t watched_count;
};

struct worker {
	struct gate *gate;
	pthread_t thread;
	enum gate_channel_kind channel;
	unsigned index;
	int processor; /* pinned to, or -1 */
	bool started;
	char path[PATH_MAX + 1];
};

struct gate {
	const struct host *host;
	struct gate_options options;
	struct channel channels[GATE_CHANNELS];
	struct worker *workers;
	unsigned worker_count;
	int self_fd_dir; /* /proc/self/fd */
	bool evictable;
	bool realtime;
	int stop_fd; /* eventfd: readable when the threads have to end */
	_Atomic uint32_t pinned_marks;
	_Atomic uint32_t epoch; /* of gate_forget_all() */
	/* Devices that are mounted more than once; SHARED_MAX + 1: too many to say which. */
	_Atomic uint32_t shared_count;
	_Atomic uint64_t shared[SHARED_MAX];
	uint32_t shared_found; /* while they are being counted */
	struct gate_counters counters;
};

/* Opens the descriptor of a channel when first needed. */
int gate_open_channel(struct gate *gate, enum gate_channel_kind kind, struct error *err);
void gate_free_watched(struct channel *channel);

static inline void gate_count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}
