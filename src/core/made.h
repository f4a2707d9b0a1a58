/* SPDX-License-Identifier: MIT */
/*
 * The limits of groups that commands have made: kept in <runtime_dir>/made.json, so that the next
 * command without a daemon knows what a group is held to and changes only what it is asked to.
 */
#pragma once

#include "cgroup/groups.h"
#include "config/policy.h"

/* Writes those of all groups that the policy does not name. 0 or -errno with a sentence. */
int made_save(const char *runtime_dir, const struct policy *policy, struct groups *groups,
	      struct error *err);

/*
 * Tells `groups` the limits of those that are there still. A file that cannot be read is no error
 * (it is of this boot's runtime folder and may be missing); a damaged one is -EBADMSG.
 */
int made_load(const char *runtime_dir, const struct policy *policy, struct groups *groups,
	      struct error *err);
