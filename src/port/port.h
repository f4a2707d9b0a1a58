/* SPDX-License-Identifier: MIT */
/*
 * One control process of the port: reads calls from its parent, makes them, answers, and carries
 * what its children say upwards. A forked child has a copy of all this and makes it its own.
 */
#pragma once

#include "port/arena.h"
#include "port/child.h"
#include "port/etf.h"
#include "port/frame.h"

#include <poll.h>
#include <sys/uio.h>

/* These numbers are known to controllers, which clear and set FD_CLOEXEC on them. */
enum { FD_SIGNALS = 3, FD_SIGNALS_WRITE = 4, FD_CONTROL = 5, FD_FIRST_FREE = 6 };

enum {
	FILTER_SIZE = 16,
	READ_SIZE = 4096,		   /* what is read of children at once; more is spliced */
	REPLY_MAX = 64 << 20,		   /* of a reply that is told in parts */
	FDS_PER_CHILD = 6,		   /* what the limit on descriptors is counted by */
	QUEUE_MAX = 1024 * 1024,	   /* bytes that may wait for a control process */
	OUTPUT_SIZE = FRAME_SIZE_MAX + 64, /* a frame of any depth, and heads in front */
};

/* setopt/2 and getopt/1; inherited by forked children. */
struct port_options {
	int64_t maxchild, maxforkdepth;
	int64_t exit_status, termsig;
	int64_t flowcontrol, signaloneof; /* for new children */
	int64_t stdin_closed, stdout_closed, stderr_closed;
	int64_t rusage;	    /* EVENT {rusage, ...} before a child's end is told */
	int64_t stdinqueue; /* for new children */
	int64_t killdelay;  /* milliseconds from signaloneof to SIGKILL when the port ends */
	int64_t uncut;	    /* replies that are too long are kept and told in parts */
};

/* What was lost or refused in this process. */
struct port_counters {
	uint64_t calls, badpid, replies_too_long, control_invalid;
	uint64_t direct_refused, direct_invalid; /* packets of the queue (direct.h) */
	uint64_t lines_full;			 /* lines that are not used any more for that */
	uint64_t output_missing; /* bytes of a begun frame that were gone: sent as zeros */
};

enum child_signals { CHILD_SIGNALS_REAPED, CHILD_SIGNALS_TOLD, CHILD_SIGNALS_IGNORED };

/* A child that is to be killed if it still runs at a time (call 'deadline'). */
struct deadline {
	pid_t pid;
	int signal;	/* the next one */
	uint64_t at;	/* CLOCK_MONOTONIC ms */
	uint32_t grace; /* milliseconds from it to SIGKILL */
};

struct port {
	unsigned depth;
	pid_t pid;
	bool parent_is_port; /* FD_CONTROL is a socket to a control process above */
	bool first;	     /* of a tree, below a front of ours */
	bool adopts;	     /* a subreaper: the first of a tree */
	bool has_forked;
	bool pids_differ; /* children have other numbers for the first process than for this one */
	int up, queue;	  /* direct.h: to the first process, and its end; or -1 */
	int line;	  /* what the first process sends to this one alone; or -1 */
	struct lines *lines;
	int guard;	  /* can be read when the guard has ended; -1: there is none */
	bool plain_calls; /* a seccomp policy was set: poll, read and write only */
	bool no_splice;	  /* FD 1 takes none */
	bool stdout_grown;
	bool control_kept;  /* FD_CONTROL survives execve: a re-exec is coming */
	bool pdeathsig_set; /* by the controller: not ours to change */
	bool ended;	    /* nobody reads stdout any more */
	enum child_signals child_signals;
	struct port_options options;
	bool filtered, filtered_children;
	uint8_t filter[FILTER_SIZE], filter_children[FILTER_SIZE];
	struct children children;
	struct port_counters counters;

	struct deadline *deadlines;
	size_t deadline_count;

	uint8_t *kept; /* a reply that is told in parts */
	size_t kept_size;

	struct pollfd *polls;
	struct poll_owner *poll_owners;
	size_t poll_count, poll_room;
	bool polls_stale;
	bool drained; /* in this turn: what poll(2) said of output may not be true any more */

	size_t input_size, input_wanted; /* of the message that is being read */
	struct arena arena;
	struct etf_writer reply;
	_Alignas(4096) uint8_t input[FRAME_SIZE_MAX + 1];
	_Alignas(4096) uint8_t output[OUTPUT_SIZE];
	_Alignas(4096) uint8_t buffer[FRAME_SIZE_MAX + 1]; /* children's output on its way */
	_Alignas(4096) uint8_t packet[FRAME_SIZE_MAX + 1]; /* of a line, or for one */
	pid_t place[FRAME_DEPTH_MAX]; /* the numbers of those above, and its own */
};

enum port_turn { PORT_GOES_ON, PORT_ENDS };

/* ---- port.c ---- */

/* A port with the default options; never freed, as it lives as long as the process. NULL: no
 * memory. */
struct port *port_new(void);
/* In a forked child: what was the parent's is forgotten. Descriptors are set up already. */
void port_become_child(struct port *port);
/* The number of children that RLIMIT_NOFILE has descriptors for. */
int64_t port_children_possible(uint64_t descriptors);

/* ---- loop.c ---- */

/* Runs until stdin ends, and ends the children; returns the exit status. */
int port_run(struct port *port);

/* ---- end.c ---- */

/* Signals the programs among the children, closes all, and waits for them as long as killdelay
 * says. */
void port_end(struct port *port);
