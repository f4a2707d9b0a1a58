/* SPDX-License-Identifier: MIT */
/* What gate.c (events and threads) and gate-watch.c (marks) share; nobody else includes it. */
#pragma once

#include "source/gate-hold.h"

#include <pthread.h>

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
	_Atomic(const struct mount_table *) mounts; /* that it uses now */
	struct name_buffer names;
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
	_Atomic uint32_t epoch;			    /* of gate_forget_all() */
	_Atomic(const struct mount_table *) mounts; /* of our namespace */
	struct mount_table *all_mounts; /* the one in use, and old ones that a thread may use */
	/* Channels (bits) in which the kernel could not open a file for us and refused. */
	_Atomic unsigned refused;
	dev_t *shunned; /* file systems that are not watched any more for that */
	size_t shunned_count;
	struct gate_counters counters;
	struct gate_holds *holds;
};

/* Opens the descriptor of a channel when first needed. */
int gate_open_channel(struct gate *gate, enum gate_channel_kind kind, struct error *err);
void gate_free_watched(struct channel *channel);
/* Makes gate->mounts anew. */
int gate_read_mounts(struct gate *gate, struct error *err);
/* All tables; the threads have ended. */
void gate_free_mounts(struct gate *gate);

static inline void gate_count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}
