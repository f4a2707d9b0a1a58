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

/* The same from the text of /proc/TID/syscall; `how_flags` is read by `peek` for openat2. */
unsigned access_parse(const char *syscall_text,
		      int (*peek)(uint64_t address, uint64_t *ret_word, void *userdata),
		      void *userdata);

enum access_place { ACCESS_OUTSIDE, ACCESS_IN_EXECVE, ACCESS_RUNNING };

/*
 * Is a thread of the process in execve? ACCESS_RUNNING: one runs, so the kernel does not say where;
 * ask again. ACCESS_OUTSIDE: none is, or the process is gone.
 */
enum access_place access_place_of(const struct host *host, pid_t pid);
