// SPDX-License-Identifier: MIT
/* What belongs to whom stands in snapshot.h. */
#include "core/snapshot.h"

int shared_policy_new(struct policy *policy, struct shared_policy **ret_shared)
{
	struct shared_policy *shared = malloc(sizeof(*shared));

	if (!shared)
		return -ENOMEM;
	shared->stats = rule_stats_new(policy->rule_count);
	if (!shared->stats) {
		free(shared);
		return -ENOMEM;
	}
	shared->stat_count = policy->rule_count;
	shared->policy = policy;
	shared->references = 1;
	*ret_shared = shared;
	return 0;
}

struct shared_policy *shared_policy_ref(struct shared_policy *shared)
{
	shared->references++;
	return shared;
}

void shared_policy_unref(struct shared_policy *shared)
{
	if (!shared || --shared->references > 0)
		return;
	rule_stats_free(shared->stats, shared->stat_count);
	policy_free(shared->policy);
	free(shared);
}

void targets_done(struct targets *targets)
{
	for (size_t i = 0; i < targets->string_count; i++)
		free(targets->strings[i]);
	free(targets->strings);
	free(targets->items);
	*targets = (struct targets){ 0 };
}

/* What stands before a group's name in its path is the same for all groups of a hierarchy. */
static void add_base(struct snapshot *snapshot, const char *name, unsigned hierarchy,
		     struct slice path)
{
	struct group_bases *bases = &snapshot->bases;
	size_t size = strlen(name);

	for (size_t i = 0; i < bases->count; i++)
		if (bases->in[i].hierarchy == hierarchy)
			return;
	if (path.size <= size || bases->count == ARRAY_SIZE(bases->in))
		return;
	path.size -= size;
	bases->in[bases->count].hierarchy = hierarchy;
	bases->in[bases->count++].prefix = path;
}

static void find_bases(struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->placement_count; i++) {
		const struct placement *placement = snapshot->placements[i];
		const char *name = snapshot_policy(snapshot)->groups[i].name;

		for (size_t j = 0; placement && j < placement->count; j++)
			add_base(snapshot, name, placement->in[j].hierarchy,
				 (struct slice){ placement->in[j].path,
						 placement->in[j].path_length });
	}
}

static int find_placements(struct snapshot *snapshot, struct groups *groups)
{
	const struct policy *policy = snapshot_policy(snapshot);

	snapshot->placement_count = policy->group_count;
	snapshot->placements = calloc(policy->group_count + 1, sizeof(*snapshot->placements));
	if (!snapshot->placements)
		return -ENOMEM;
	for (size_t i = 0; i < policy->group_count; i++) {
		struct group *group = groups_find(groups, policy->groups[i].name);

		snapshot->placements[i] = group ? group_placement(group) : NULL;
	}
	find_bases(snapshot);
	return 0;
}

int snapshot_new(uint32_t generation, struct shared_policy *shared, struct targets *targets,
		 struct groups *groups, struct snapshot **ret_snapshot)
{
	_cleanup_(snapshot_freep) struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
	int r;

	if (!snapshot) {
		targets_done(targets);
		return -ENOMEM;
	}
	snapshot->generation = generation;
	snapshot->layout = groups_layout(groups);
	snapshot->targets = *targets;
	*targets = (struct targets){ 0 };
	snapshot->shared = shared_policy_ref(shared);
	r = ruleset_new(shared->policy, snapshot->targets.items, snapshot->targets.count,
			&snapshot->ruleset);
	if (r < 0)
		return r;
	r = find_placements(snapshot, groups);
	if (r >= 0)
		r = named_places_init(&snapshot->named, shared->policy);
	if (r < 0)
		return r;
	*ret_snapshot = TAKE_PTR(snapshot);
	return 0;
}

void snapshot_free(struct snapshot *snapshot)
{
	if (!snapshot)
		return;
	free(snapshot->placements);
	named_places_done(&snapshot->named);
	ruleset_free(snapshot->ruleset);
	targets_done(&snapshot->targets);
	shared_policy_unref(snapshot->shared);
	free(snapshot);
}
