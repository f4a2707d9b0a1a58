/* SPDX-License-Identifier: MIT */
/*
 * The limits of groups that commands have made: kept in <runtime_dir>/made.json, so that the next
 * command, and the daemon's next start or reload, know what a group is held to.
 */
#pragma once

#include "cgroup/groups.h"
#include "config/policy.h"

#include <jansson.h>

/*
 * Writes those of all groups that the policy does not name and replaces *made by them: an object,
 * group name -> limits in the policy file's words. 0 or -errno with a sentence.
 */
int made_save(const char *runtime_dir, const struct policy *policy, struct groups *groups,
	      json_t **made, struct error *err);

/* Reads them: an empty object where there is no file; NULL and a sentence for a damaged one. */
json_t *made_read(const char *runtime_dir, struct error *err);
