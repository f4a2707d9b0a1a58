/* SPDX-License-Identifier: MIT */
/* What gate.c (events and threads) and gate-watch.c (marks) share; nobody else includes it. */
#pragma once

#include "source/gate-change.h"
#include "source/gate-hold.h"
#include "util/hash.h"

#include <pthread.h>
#include <sys/fanotify.h>

#ifndef FAN_MARK_EVICTABLE /* Linux 5.19 */
#define FAN_MARK_EVICTABLE 0x00000200
#endif

struct channel {
	int fd;
	dev_t *marked;
	size_t marked_count;
};

/* What GATE_OPEN watches (gate-open.c). */
struct watched {
	char *path;
	unsigned what; /* enum gate_watching */
};

enum { GATE_AWAY_MS = 8 };

struct worker {
	struct gate *gate;
	pthread_t thread;
	enum gate_channel_kind channel;
	unsigned index;
	int processor; /* pinned to, or -1 */
	bool started;
	int away_fd;	   /* eventfd: it is to leave events to another for a while; -1: none */
	unsigned turns;	   /* events that it has taken in a row, in a storm */
	uint64_t turn_ns;  /* CLOCK_MONOTONIC, of the last */
	uint64_t alone_ns; /* until when the others are away */
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
	int names_fd;	 /* tells of other names of forgotten files; -1: the kernel cannot */
	bool evictable;
	bool realtime;
	_Atomic unsigned turn; /* whose the last event was */
	int stop_fd;	       /* eventfd: readable when the threads have to end */
	int stop_remote_fd;    /* the same, of GATE_EXEC_REMOTE: it may hang on a dead server */
	bool given;	       /* gate_give_away() */
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
	struct watched *watched;
	size_t watched_count, watched_room;
	struct gate_changes *changes; /* NULL: the kernel cannot */
	int changes_error;
	_Atomic bool open_forgotten; /* GATE_OPEN has ignore marks */
};

/* Opens the descriptor of a channel when first needed. */
int gate_open_channel(struct gate *gate, enum gate_channel_kind kind, struct error *err);
/* gate-open.c */
void gate_free_watched(struct gate *gate);
/* Flushes the ignore marks of GATE_OPEN and sets its own again. */
void gate_renew_open(struct gate *gate);
/* Makes gate->mounts anew. */
int gate_read_mounts(struct gate *gate, struct error *err);
/* All tables; the threads have ended. */
void gate_free_mounts(struct gate *gate);

/* gate-forget.c */
/* Keeps the file of an event out of the channel. `epoch`: what it was before the decision; if rules
 * changed since, that is worth nothing. `by_name`: see GATE_BY_NAME. */
void gate_forget(struct gate *gate, const struct gate_event *event, uint32_t epoch, bool by_name);
/* A descriptor, or -1 where the kernel has nothing like that (before 5.1). */
int gate_names_open(void);

/* gate-watch.c */
bool gate_is_shunned(const struct gate *gate, dev_t dev);

static inline void gate_count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* After an event was let go for who executes; only between threads that are pinned. */
void gate_note_turn(struct worker *worker);
