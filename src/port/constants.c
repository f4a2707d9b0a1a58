// SPDX-License-Identifier: MIT
/*
 * Tables of constants. tools/port-constants makes them when the tree is built, out of the headers
 * that it is built with and constants.tsv, the names that clients of the first program rely on.
 */
#include "port/constants.h"

#include <signal.h>
#include <strings.h>

#include "port-constants.inc"

static const struct {
	const char *name;
	const struct constant *rows;
	size_t count;
} tables[CONSTANTS_COUNT] = {
#define TABLE(index, table) [index] = { #table, constants_##table, ARRAY_SIZE(constants_##table) }
	TABLE(CONSTANTS_CAP, cap),	   TABLE(CONSTANTS_CLONE, clone),
	TABLE(CONSTANTS_FCNTL, fcntl),	   TABLE(CONSTANTS_FILE, file),
	TABLE(CONSTANTS_IOCTL, ioctl),	   TABLE(CONSTANTS_LANDLOCK, landlock),
	TABLE(CONSTANTS_MOUNT, mount),	   TABLE(CONSTANTS_PRCTL, prctl),
	TABLE(CONSTANTS_PRIO, prio),	   TABLE(CONSTANTS_PTRACE, ptrace),
	TABLE(CONSTANTS_RLIMIT, rlimit),   TABLE(CONSTANTS_SCHED, sched),
	TABLE(CONSTANTS_SECCOMP, seccomp), TABLE(CONSTANTS_SIGNAL, signal),
	TABLE(CONSTANTS_SOCKET, socket),   TABLE(CONSTANTS_SYSCALL, syscall),
	TABLE(CONSTANTS_WAIT, wait),
};

const char *constant_table_name(enum constant_table table)
{
	return tables[table].name;
}

const struct constant *constant_rows(enum constant_table table, size_t *ret_count)
{
	*ret_count = tables[table].count;
	return tables[table].rows;
}

static int compare(const char *name, size_t size, const char *row)
{
	int order = strncasecmp(name, row, size);

	return order ? order : -(row[size] != '\0');
}

bool constant_find(enum constant_table table, const char *name, size_t size, uint64_t *ret_value)
{
	size_t low = 0, high = tables[table].count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct constant *row = &tables[table].rows[middle];
		int order = compare(name, size, row->name);

		if (order == 0) {
			*ret_value = row->value;
			return true;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

/* The table has several names for some numbers, and no order by number. */
const char *signal_name(int number)
{
	static const char *const names[] = {
		[SIGHUP] = "sighup",	   [SIGINT] = "sigint",	      [SIGQUIT] = "sigquit",
		[SIGILL] = "sigill",	   [SIGTRAP] = "sigtrap",     [SIGABRT] = "sigabrt",
		[SIGBUS] = "sigbus",	   [SIGFPE] = "sigfpe",	      [SIGKILL] = "sigkill",
		[SIGUSR1] = "sigusr1",	   [SIGSEGV] = "sigsegv",     [SIGUSR2] = "sigusr2",
		[SIGPIPE] = "sigpipe",	   [SIGALRM] = "sigalrm",     [SIGTERM] = "sigterm",
		[SIGSTKFLT] = "sigstkflt", [SIGCHLD] = "sigchld",     [SIGCONT] = "sigcont",
		[SIGSTOP] = "sigstop",	   [SIGTSTP] = "sigtstp",     [SIGTTIN] = "sigttin",
		[SIGTTOU] = "sigttou",	   [SIGURG] = "sigurg",	      [SIGXCPU] = "sigxcpu",
		[SIGXFSZ] = "sigxfsz",	   [SIGVTALRM] = "sigvtalrm", [SIGPROF] = "sigprof",
		[SIGWINCH] = "sigwinch",   [SIGIO] = "sigio",	      [SIGPWR] = "sigpwr",
		[SIGSYS] = "sigsys",
	};

	if (number < 0 || (size_t)number >= ARRAY_SIZE(names) || !names[number])
		return "unknown";
	return names[number];
}
