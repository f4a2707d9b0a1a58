/* SPDX-License-Identifier: MIT */
/* What one folder of a hierarchy tells of a group, without knowing the group. */
#pragma once

#include "cgroup/groups.h"

/* Adds to `usage` the figures that are wanted (enum usage_bit) of a folder, v1's of these
 * controllers only. */
void group_usage_add(int folder, bool v2, uint32_t controllers, uint32_t wanted,
		     struct group_usage *usage);
/* Adds to `usage` what the folder's files tell and is not known yet; v2 knows better than v1. */
void group_usage_add_folder(int folder, bool v2, struct group_usage *usage);
