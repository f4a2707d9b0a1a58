/* SPDX-License-Identifier: MIT */
/* Where a process is, read by itself as its first action. */
#pragma once

#include "util/macros.h"

#include <fcntl.h>

/* How many lines of /proc/self/cgroup end in `suffix` ("/burst"): in so many hierarchies it is. */
static inline int where_am_i(const char *suffix)
{
	static char text[8192];
	int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	size_t length = strlen(suffix);
	int found = 0;

	for (char *line = text, *end; n > 0 && (end = strchr(line, '\n')); line = end + 1)
		found += end >= line + length && memcmp(end - length, suffix, length) == 0;
	return found;
}
