/* SPDX-License-Identifier: MIT */
/*
 * Everything a gate thread needs to decide, immutable and complete in itself: the policy, its
 * compiled rules, and the open cgroup.procs files of its groups. Reload makes a new one.
 */
#pragma once

#include "cgroup/groups.h"
#include "config/policy.h"
#include "core/facts-process.h"
#include "core/named-places.h"
#include "core/rule-stats.h"
#include "rules/ruleset.h"

#include <stdatomic.h>

/* A policy that several snapshots share (names are resolved anew without a reload). */
struct shared_policy {
	struct policy *policy;
	struct rule_stat *stats; /* one for each rule */
	size_t stat_count;
	unsigned references; /* the loop's alone */
};
int shared_policy_new(struct policy *policy,
		      struct shared_policy **ret_shared); /* takes `policy` */
struct shared_policy *shared_policy_ref(struct shared_policy *shared);
void shared_policy_unref(struct shared_policy *shared);
DEFINE_CLEANUP(struct shared_policy *, shared_policy_unref);

/* What the paths of a policy stand for now (core/resolve.h makes it). */
struct targets {
	struct rule_target *items;
	size_t count;
	char **strings; /* those texts that are not the policy's own */
	size_t string_count;
};
void targets_done(struct targets *targets);

struct snapshot {
	uint32_t generation;
	struct shared_policy *shared;
	const struct layout *layout; /* borrowed */
	struct targets targets;
	struct ruleset *ruleset;
	/* One a group of the policy; NULL: the group could not be made. Borrowed: they stay usable
	 * until groups_release_retired(), which waits for the last old snapshot to be freed. */
	const struct placement **placements;
	size_t placement_count;
	struct group_bases bases;
	struct named_places named;
};

/*
 * Takes `targets` (also on error). `groups` may lack a group of the policy: its rules then match
 * and the move fails with -ENOENT. 0, -ENOMEM.
 */
int snapshot_new(uint32_t generation, struct shared_policy *shared, struct targets *targets,
		 struct groups *groups, struct snapshot **ret_snapshot);
void snapshot_free(struct snapshot *snapshot);
DEFINE_CLEANUP(struct snapshot *, snapshot_free);

static inline const struct policy *snapshot_policy(const struct snapshot *snapshot)
{
	return snapshot->shared->policy;
}
