/* SPDX-License-Identifier: MIT */
/* What the groups count that a program is started in: before it, and at its end. */
#pragma once

#include "cgroup/usage.h"
#include "launch/entrance.h"

struct account {
	struct account_folder {
		int fd;
		bool v2;
	} folders[HIERARCHY_MAX];
	size_t count;
	struct group_usage before; /* of account_begin() */
};

/* A folder of cgroup v2 or v1. -ENOSPC: more than there are hierarchies; or why it cannot be
 * opened. */
int account_add(struct account *account, const char *folder);
/* The same folders, counted from now on; *ret_account is the caller's. -errno. */
int account_begin(const struct account *account, struct account *ret_account);
/* What came since then; `memory_peak` is that of the group's whole life. */
void account_read(const struct account *account, struct group_usage *ret_since);
void account_done(struct account *account);
