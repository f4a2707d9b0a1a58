/* SPDX-License-Identifier: MIT */
/* Lines of /proc/PID/cgroup, read without allocation. */
#pragma once

#include "util/macros.h"

/* "4:cpu,cpuacct:/reeve/build"; the strings are borrowed and not terminated. */
struct membership_line {
	unsigned id;
	const char *names;
	size_t names_length;
	const char *path;
	size_t path_length;
};

/* Takes the next well-formed line between *cursor and `end`; false at the end. */
bool membership_next(const char **cursor, const char *end, struct membership_line *ret_line);
