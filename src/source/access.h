/* SPDX-License-Identifier: MIT */
/* How a thread that waits in the gate is opening its file. */
#pragma once

#include "util/host.h"

#include <sys/types.h>

enum access_kind {
	ACCESS_READ = 1 << 0,
	ACCESS_WRITE = 1 << 1,
	ACCESS_EXECUTE = 1 << 2, /* the open is execve's own */
	ACCESS_UNKNOWN =
		1 << 3, /* io_uring, a system call of another ABI, or it could not be read */
};

/*
 * Reads /proc/TID/syscall and, for openat2, the thread's memory. The thread must be waiting in the
 * kernel. No allocation.
 */
unsigned access_of_thread(const struct host *host, pid_t tid);

/*
 * Reads the text of /proc/TID/syscall. A thread whose event we have may still be on its way to
 * sleep ("running"): it is waited for, but not longer than `wait_ms`. False when it cannot be read.
 */
bool access_read_syscall(const struct host *host, pid_t tid, unsigned wait_ms, char *text,
			 size_t size);

/* What access_of_thread() makes of that text; `how_flags` is read by `peek` for openat2. */
unsigned access_parse(const char *syscall_text,
		      int (*peek)(uint64_t address, uint64_t *ret_word, void *userdata),
		      void *userdata);

enum access_place { ACCESS_OUTSIDE, ACCESS_IN_EXECVE, ACCESS_RUNNING };

/*
 * Is a thread of the process in execve? ACCESS_RUNNING: one runs, so the kernel does not say where;
 * ask again. ACCESS_OUTSIDE: none is, or the process is gone.
 */
enum access_place access_place_of(const struct host *host, pid_t pid);
