/* SPDX-License-Identifier: MIT */
/* The process ids that /proc lists. */
#pragma once

#include "util/host.h"

#include <sys/types.h>

struct listed_process {
	uint32_t pid;
	/* Of its folder: as long as the kernel keeps that in memory, another number is another
	 * process. */
	uint64_t inode;
};

struct process_list {
	struct listed_process *processes; /* in order of pid */
	size_t count, room;
};

/* Reads the list anew. 0, or -errno; then the list is empty. */
int process_list_read(struct process_list *list, const struct host *host);
void process_list_done(struct process_list *list);
