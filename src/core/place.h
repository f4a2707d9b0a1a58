/* SPDX-License-Identifier: MIT */
/*
 * Where the effect `place` puts a process: its destinations as a placement. A destination whose
 * path has fields is another one for each process; what it became is kept in the decision as text.
 */
#pragma once

#include "cgroup/destination.h"
#include "config/policy.h"
#include "core/decision.h"

/*
 * Without fields. 0; -ENODEV where a controller is not mounted (the rest is there), -ENAMETOOLONG,
 * -EINVAL. No allocation.
 */
int place_find(const struct policy_effect *effect, const struct layout *layout,
	       struct destination *ret_destination);

/*
 * With the fields filled in: `value` gives each as one part of a path. `made` gets the text of it
 * ("" where it does not fit). As above; -EINVAL also where a path has become none.
 */
int place_expand(const struct policy_effect *effect, const struct layout *layout,
		 struct slice (*value)(char letter, void *userdata), void *userdata,
		 char made[static DECISION_GROUP], struct destination *ret_destination);

/* What place_expand() has found, from the text that it made. -ENOENT where that is not the
 * effect's. */
int place_again(const struct policy_effect *effect, const struct layout *layout, const char *made,
		struct destination *ret_destination);

/* The effect by which the rule that decided placed the process, or NULL. */
const struct policy_effect *place_of_decision(const struct decision *decision,
					      const struct policy *policy);
