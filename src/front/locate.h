/* SPDX-License-Identifier: MIT */
/* Where a group is, as the daemon knows it; its folders opened for a launch. */
#pragma once

#include "launch/entrance.h"

/*
 * Adds the group's folders to `entrance`. -errno for all that is not just that: no daemon, no such
 * group, a frozen one, a name that is none, an answer that takes seconds.
 */
int locate_group(const char *runtime_dir, const char *name, struct entrance *entrance);
