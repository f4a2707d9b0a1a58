/* SPDX-License-Identifier: MIT */
/*
 * Being told by the kernel that a group has met a limit or run out of memory, in place of looking
 * at its counters again and again. What is told is "look now" (group_usage()), and no more.
 */
#pragma once

#include "cgroup/groups.h"

enum { GROUP_NOTICES_MOST = 4 };

struct group_notices {
	int epoll_fd; /* borrowed */
	int fds[GROUP_NOTICES_MOST];
	size_t count;
	uint32_t told; /* enum usage_bit: a change of these figures is told */
};

/*
 * Adds what can tell of this group to `epoll_fd`, edge-triggered, with `data`; it may become ready
 * once for nothing. Figures that are not in `told` afterwards have to be looked at: v1 tells
 * surely only of OOM; that memory is short, and that a fork was refused, on some kernels.
 */
void group_notices_open(const struct group *group, int epoll_fd, void *data,
			struct group_notices *ret_notices);
void group_notices_close(struct group_notices *notices);
