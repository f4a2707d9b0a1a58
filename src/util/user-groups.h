/* SPDX-License-Identifier: MIT */
/* All groups that a user is in, as the C library knows them: `gid`, and where others list it. */
#pragma once

#include "util/macros.h"

#include <sys/types.h>

enum { USER_GROUPS_MOST = 65536 };

/* *ret_groups is for free(). May wait for a directory service. -ENOMEM; -E2BIG: more than
 * USER_GROUPS_MOST. */
int user_groups(const char *name, gid_t gid, gid_t **ret_groups, size_t *ret_count);
