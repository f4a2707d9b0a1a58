/* SPDX-License-Identifier: MIT */
/* Names of the kernel's numbers, by subject. Lower case; asked for in any. */
#pragma once

#include "util/macros.h"

enum constant_table {
	CONSTANTS_CAP,
	CONSTANTS_CLONE,
	CONSTANTS_FCNTL,
	CONSTANTS_FILE,
	CONSTANTS_IOCTL,
	CONSTANTS_LANDLOCK,
	CONSTANTS_MOUNT,
	CONSTANTS_PRCTL,
	CONSTANTS_PRIO,
	CONSTANTS_PTRACE,
	CONSTANTS_RLIMIT,
	CONSTANTS_SCHED,
	CONSTANTS_SECCOMP,
	CONSTANTS_SIGNAL,
	CONSTANTS_SOCKET,
	CONSTANTS_SYSCALL,
	CONSTANTS_WAIT,
	CONSTANTS_COUNT,
};

struct constant {
	const char *name;
	uint64_t value;
};

/* The table's name ("clone") and rows, sorted by name. */
const char *constant_table_name(enum constant_table table);
const struct constant *constant_rows(enum constant_table table, size_t *ret_count);

/* The name is `size` bytes long, and not terminated. False: no such name. */
bool constant_find(enum constant_table table, const char *name, size_t size, uint64_t *ret_value);

/* "sigterm", or "unknown" (real-time signals among them). */
const char *signal_name(int number);

/* "enoent"; "unknown" for what has no name. Takes the positive number. */
const char *errno_name(int number);
