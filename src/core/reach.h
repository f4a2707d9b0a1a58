/* SPDX-License-Identifier: MIT */
/* Which mounts the rules of a policy could mean a file on. */
#pragma once

#include "core/snapshot.h"

/*
 * True if a rule on executions has a target on the mount: an exact path below it, or known to be on
 * its device (through another mount), a folder above or below it, a pattern whose part before the
 * first wildcard is above or below it. Never false where a rule could match.
 */
bool reach_targets(const struct policy *policy, const struct targets *targets,
		   const char *mount_point, dev_t dev);
