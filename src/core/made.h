/* SPDX-License-Identifier: MIT */
/*
 * Which groups commands have made: kept in <runtime_dir>/made.json, so that the daemon's next start
 * or reload tells them from groups that were taken out of the policy. (What they are held to is in
 * the record of cgroup/.)
 */
#pragma once

#include "cgroup/groups.h"
#include "config/policy.h"

#include <jansson.h>

/*
 * Writes the names of all groups that the policy does not name, and replaces *made by them: an
 * object with one key a name. 0 or -errno with a sentence.
 */
int made_save(const char *runtime_dir, const struct policy *policy, struct groups *groups,
	      json_t **made, struct error *err);

/* Reads them: an empty object where there is no file; NULL and a sentence for a damaged one. */
json_t *made_read(const char *runtime_dir, struct error *err);
