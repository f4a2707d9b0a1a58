/* SPDX-License-Identifier: MIT */
/*
 * Where rules put processes that they name: the destinations of all that do not say `yields`. Made
 * with a snapshot, then only read; asked by gate threads.
 */
#pragma once

#include "cgroup/destination.h"
#include "config/policy.h"
#include "util/hash.h"
#include "util/text.h"

struct named_places {
	struct hash paths;	/* of those without fields */
	struct slice *prefixes; /* of those with fields: what stands before the first */
	size_t prefix_count;
};

/* Nothing is kept where no rule yields. `policy` must outlive it. 0 or -ENOMEM. */
int named_places_init(struct named_places *places, const struct policy *policy);
void named_places_done(struct named_places *places);

/* Is a process that is there (`was`) in such a place, in a hierarchy that it would be moved in? */
bool named_places_have(const struct named_places *places, const struct placement *placement,
		       const struct membership *was);
