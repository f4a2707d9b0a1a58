/* SPDX-License-Identifier: MIT */
/*
 * The guard: a small parent process that shares the gate's descriptors with the daemon. It learns
 * by waitid(2) that the daemon was stopped by a signal and lets executions pass in its place, so
 * that a stopped daemon does not stop the machine; and it closes them when the daemon dies. It
 * sleeps otherwise: nothing polls. A debugger and the cgroup freezer are not told to a parent:
 * while one of them holds all threads of the daemon, executions wait.
 */
#pragma once

#include "util/error.h"

#include <sys/types.h>

enum { GUARD_FDS = 3 };

enum { GUARD_STATUS_SHIFT = 16, GUARD_TYPE_MASK = 0xffff };

enum guard_message_type {
	GUARD_MESSAGE_GATE = 1, /* daemon to guard, with descriptors: answer on these when I stop */
	GUARD_MESSAGE_ANSWERED, /* guard to daemon: so many executions passed unplaced */
	/* daemon to guard: process `count`, a child of yours, takes my place: watch that one */
	GUARD_MESSAGE_SUCCESSOR,
	/*
	 * guard to daemon, after such a change: process `count` has ended, which was a child of the
	 * earlier daemon; the upper 16 bits of the type are its status as of waitpid(2).
	 */
	GUARD_MESSAGE_ENDED,
};

struct guard_message {
	uint32_t type;
	uint32_t count;
};

/* The daemon's side. 0 or -errno. */
int guard_send_gate(int socket, const int *fds, unsigned count);
int guard_send_successor(int socket, pid_t pid);
/* 1 and the message, 0 when the guard is gone, -EAGAIN, -errno. */
int guard_receive(int socket, struct guard_message *ret_message);

/*
 * The guard's side: watches `daemon` (a child of the caller) until it ends, forwards signals to it,
 * adopts what loses its parent below it, so that a daemon can leave its services to a successor,
 * and returns the exit code that the caller should exit with (128 + signal when it was killed).
 */
int guard_run(int socket, pid_t daemon);
