// SPDX-License-Identifier: MIT
/*
 * Making the host agree with what the policy says, in this order:
 *
 *   1. names are checked, groups that are new get an object, groups above a named one too;
 *   2. for each group: the hierarchies that it needs (its own limits' and those of the groups above
 *      it, or their limits would not hold below), the v2 controllers that its children need;
 *   3. directories are noted, recorded, made; descriptors opened. Up to here a failure undoes all;
 *   4. members join hierarchies that their group is newly in; limits are set; what is not wanted
 * any more goes. Failures here are problems of single groups, and the rest goes on.
 *
 * The kernel refuses some changes until another group has changed (v1: a parent's processor share
 * below a child's, a cpuset below a child's), so limits are set in rounds, parents first, for as
 * long as a round leaves fewer problems than the one before.
 */
#include "cgroup/limit.h"

struct apply {
	struct groups *groups;
	bool all; /* groups not named are to go */
	size_t made_before, count_before;
	struct group_problems *problems;
};

/* The controller whose files a limit is made of; CONTROLLER_COUNT: the core, or several (raw). */
static const uint8_t limit_controllers[LIMIT_COUNT] = {
	[LIMIT_CPU] = CONTROLLER_CPU,	      [LIMIT_CPU_PERIOD] = CONTROLLER_CPU,
	[LIMIT_CPU_BURST] = CONTROLLER_CPU,   [LIMIT_CPU_WEIGHT] = CONTROLLER_CPU,
	[LIMIT_CPU_IDLE] = CONTROLLER_CPU,    [LIMIT_CPUS] = CONTROLLER_CPUSET,
	[LIMIT_MEMS] = CONTROLLER_CPUSET,     [LIMIT_RAM] = CONTROLLER_MEMORY,
	[LIMIT_RAM_HIGH] = CONTROLLER_MEMORY, [LIMIT_RAM_LOW] = CONTROLLER_MEMORY,
	[LIMIT_RAM_MIN] = CONTROLLER_MEMORY,  [LIMIT_SWAP] = CONTROLLER_MEMORY,
	[LIMIT_OOM] = CONTROLLER_MEMORY,      [LIMIT_PIDS] = CONTROLLER_PIDS,
	[LIMIT_IO] = CONTROLLER_IO,	      [LIMIT_IO_WEIGHT] = CONTROLLER_IO,
	[LIMIT_HUGETLB] = CONTROLLER_HUGETLB, [LIMIT_FREEZE] = CONTROLLER_COUNT,
	[LIMIT_RAW] = CONTROLLER_COUNT,
};

enum controller limit_controller(enum limit limit)
{
	return (enum controller)limit_controllers[limit];
}

/* Controllers of all limits that are set, raw ones too. */
static uint32_t controllers_of(const struct limits *limits)
{
	uint32_t mask = 0;

	for (unsigned i = 0; i < LIMIT_COUNT; i++)
		if (limits_has(limits, (enum limit)i) && limit_controllers[i] != CONTROLLER_COUNT)
			mask |= UINT32_C(1) << limit_controllers[i];
	if (limits_has(limits, LIMIT_RAW))
		for (size_t i = 0; i < limits->raw_count; i++) {
			const char *file = limits->raw[i].file;
			enum controller controller;

			if (controller_parse(file, strcspn(file, "."), &controller))
				mask |= UINT32_C(1) << controller;
		}
	return mask;
}

static uint32_t hierarchy_bit(const struct layout *layout, const struct hierarchy *h)
{
	return UINT32_C(1) << (h - layout->hierarchies);
}

uint32_t groups_needs_of(const struct groups *groups, const struct limits *limits)
{
	const struct layout *layout = groups->layout;
	uint32_t controllers = controllers_of(limits), mask = 0;
	int main = groups_main_hierarchy(layout);

	for (unsigned i = 0; i < CONTROLLER_COUNT; i++) {
		const struct hierarchy *h = layout_find(layout, (enum controller)i);

		/* A hierarchy without a base is read-only, or systemd has not handed it to us. */
		if (controllers & UINT32_C(1) << i && h && !h->v2 &&
		    groups->base[h - layout->hierarchies])
			mask |= hierarchy_bit(layout, h);
	}
	return main < 0 ? mask : mask | UINT32_C(1) << main;
}

uint32_t groups_enable_of(const struct layout *layout, const struct limits *limits)
{
	uint32_t controllers = controllers_of(limits), mask = 0;

	for (unsigned i = 0; i < CONTROLLER_COUNT; i++) {
		const struct hierarchy *h = layout_find(layout, (enum controller)i);

		if (controllers & UINT32_C(1) << i && h && h->v2)
			mask |= UINT32_C(1) << i;
	}
	return mask;
}

/* The group of that name and those above it, made where they are missing. */
static int obtain(struct apply *apply, const char *name, struct group **ret_group)
{
	_cleanup_(group_freep) struct group *made = NULL;
	struct group *group = groups_find(apply->groups, name), *parent = NULL;
	const char *slash = strrchr(name, '/');
	int r;

	if (slash) {
		_cleanup_(freep) char *above = strndup(name, (size_t)(slash - name));

		if (!above)
			return -ENOMEM;
		bool there = groups_find(apply->groups, above);

		r = obtain(apply, above, &parent);
		if (r < 0)
			return r;
		if (!there)
			parent->implied = true;
	}
	if (!group) {
		made = group_new(apply->groups, name, parent);
		if (!made)
			return -ENOMEM;
		r = groups_add(apply->groups, made);
		if (r < 0)
			return r;
		group = TAKE_PTR(made);
	}
	group->next.wanted = true;
	*ret_group = group;
	return 0;
}

/* Step 1. */
static int name_groups(struct apply *apply, const struct group_spec *specs, size_t count,
		       struct error *err)
{
	struct groups *groups = apply->groups;

	for (size_t i = 0; i < groups->count; i++) {
		limits_done(&groups->items[i]->next.limits);
		groups->items[i]->next.wanted = false;
		groups->items[i]->next.spec = groups->items[i]->next.named = false;
	}
	for (size_t i = 0; i < count; i++) {
		int r = groups_check_name(specs[i].name, err);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < count; i++) {
		struct group *group;

		if (obtain(apply, specs[i].name, &group) < 0)
			return error_oom(err);
		limits_done(&group->next.limits);
		if (limits_copy(&group->next.limits, specs[i].limits) < 0)
			return error_oom(err);
		group->next.spec = group->next.named = true;
		group->implied = false;
		if (apply->all || specs[i].on_demand)
			group->on_demand = specs[i].on_demand;
	}
	/* What is below a group that changes changes with it: its hierarchies, an inherited cpuset.
	 */
	for (size_t i = 0; i < groups->count && !apply->all; i++) {
		struct group *group = groups->items[i];

		if (group->parent && group->parent->next.named)
			group->next.wanted = group->next.named = true;
	}
	return 0;
}

/* Groups that no spec names keep what they have, or lose it where all were to be named. */
static int settle_limits(struct apply *apply)
{
	for (size_t i = 0; i < apply->groups->count; i++) {
		struct group *group = apply->groups->items[i];

		if (group->next.spec || (apply->all && group->next.wanted))
			continue;
		if (limits_copy(&group->next.limits, &group->limits) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Step 2. Parents stand before children in the list. */
static void find_needs(struct apply *apply)
{
	struct groups *groups = apply->groups;
	const struct layout *layout = groups->layout;

	for (size_t i = 0; i < groups->count; i++) {
		struct group *g = groups->items[i];

		g->next.needs = groups_needs_of(groups, &g->next.limits);
		g->next.enable = apply->all && g->next.wanted ? 0 : g->enable;
		g->next.enable |= group_foreign_controllers(g);
		if (g->parent)
			g->next.needs |= g->parent->next.needs;
	}
	for (size_t i = groups->count; i-- > 0;) {
		const struct group *g = groups->items[i];

		if (g->parent)
			g->parent->next.enable |=
				g->next.enable | groups_enable_of(layout, &g->next.limits);
	}
}

/* Step 3: every directory that is missing. */
static int plan_directories(struct apply *apply)
{
	struct groups *groups = apply->groups;

	for (size_t i = 0; i < groups->count; i++) {
		const struct group *g = groups->items[i];

		if (!g->next.wanted)
			continue;
		for (unsigned k = 0; k < groups->layout->hierarchy_count; k++) {
			_cleanup_(freep) char *path = NULL;
			int r = 0;

			if (!(g->next.needs & UINT32_C(1) << k))
				continue;
			path = group_directory(g, k, false);
			if (path)
				r = tree_plan(groups, k, path);
			if (path && r >= 0 && g->next.enable && groups->layout->hierarchies[k].v2) {
				_cleanup_(freep) char *leaf = cgroup_path_join(path, LEAF_NAME);

				r = leaf ? tree_plan(groups, k, leaf) : -ENOMEM;
			}
			if (!path || r < 0)
				return path ? r : -ENOMEM;
		}
	}
	return 0;
}

/*
 * v2: enables for the groups below what they need. The group's own processes go into the leaf
 * first, again and again: an old snapshot of the gate may put one more in meanwhile.
 */
static int hand_down(struct group *group, struct error *err)
{
	struct groups *groups = group->groups;
	unsigned v2 = (unsigned)groups->layout->v2;
	_cleanup_(freep) char *path = group_directory(group, v2, false);
	_cleanup_(freep) char *leaf = path ? cgroup_path_join(path, LEAF_NAME) : NULL;
	uint32_t enable;
	int r = 0;

	if (!leaf)
		return error_oom(err);
	/* What is not here could not be enabled above, which has been told. */
	enable = group->enable &
		 tree_controllers(&groups->layout->hierarchies[v2], path, "cgroup.controllers");
	group->leaf = true;
	for (int round = 0; round < 20; round++) {
		struct error inner = ERROR_INIT;

		r = members_move(groups, v2, path, leaf);
		if (r >= 0)
			r = tree_enable_here(groups, path, enable, &inner);
		else
			error_set_errno(&inner, r, "cannot move the processes of group %s to %s",
					group->name, LEAF_NAME);
		if (r != -EBUSY || round == 19) {
			error_move(err, &inner);
			return r;
		}
		error_done(&inner);
	}
	return r;
}

static void enable_controllers(struct apply *apply)
{
	struct groups *groups = apply->groups;
	uint32_t top = 0;

	if (groups->layout->v2 < 0 || !groups->base[groups->layout->v2])
		return;
	for (size_t i = 0; i < groups->count; i++)
		if (!groups->items[i]->parent)
			top |= groups->items[i]->enable |
			       groups_enable_of(groups->layout, &groups->items[i]->next.limits);
	for (size_t i = 0; i <= groups->count; i++) {
		struct group *g = i ? groups->items[i - 1] : NULL;
		struct error err = ERROR_INIT;
		int r = 0;

		if (!g && top)
			r = tree_enable(groups, groups->base[groups->layout->v2], top, &err);
		else if (g && g->next.wanted && g->enable)
			r = hand_down(g, &err);
		if (r < 0)
			group_problem_add(apply->problems, g ? g->name : "", LIMIT_COUNT,
					  "cgroup.subtree_control", r, "%s%s%s%s",
					  g ? "group " : "", g ? g->name : "", g ? ": " : "",
					  error_text(&err));
		error_done(&err);
	}
}

static int make_directories(struct apply *apply, struct error *err)
{
	struct groups *groups = apply->groups;
	int r = plan_directories(apply);

	if (r < 0)
		return error_oom(err);
	if (groups->made_count > apply->made_before) {
		r = groups_state_save(groups, err);
		if (r < 0)
			return r;
		r = tree_make(groups, apply->made_before, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int open_placements(struct apply *apply, struct error *err)
{
	for (size_t i = 0; i < apply->groups->count; i++) {
		struct group *g = apply->groups->items[i];
		int r = g->next.wanted ? placement_renew(g) : 0;

		if (r < 0)
			return error_set_errno(err, r, "cannot open cgroup.procs of group %s",
					       g->name);
	}
	return 0;
}

/* Whether this apply made the group's directory in a hierarchy. */
static bool is_new_in(const struct apply *apply, const struct group *g, unsigned hierarchy)
{
	_cleanup_(freep) char *path = group_directory(g, hierarchy, false);

	for (size_t i = apply->made_before; path && i < apply->groups->made_count; i++)
		if (apply->groups->made[i].hierarchy == hierarchy &&
		    streq(apply->groups->made[i].path, path))
			return true;
	return false;
}

/* Processes that were in the group before it got a limit of another v1 hierarchy join there. */
static void gather_members(struct apply *apply, struct group *g)
{
	struct groups *groups = apply->groups;
	int main = groups_main_hierarchy(groups->layout);
	_cleanup_(freep) pid_t *pids = NULL;
	size_t count = 0;

	for (unsigned k = 0; k < groups->layout->hierarchy_count; k++) {
		_cleanup_(freep) char *path = NULL;

		if ((int)k == main || !(g->needs & UINT32_C(1) << k) || !is_new_in(apply, g, k))
			continue;
		path = group_directory(g, k, true);
		if (!pids && group_members(g, false, &pids, &count) < 0)
			return;
		for (size_t i = 0; path && i < count; i++) {
			char text[16];

			snprintf(text, sizeof(text), "%d", pids[i]);
			(void)cgroup_write(groups->layout, &groups->layout->hierarchies[k], path,
					   "cgroup.procs", text);
		}
	}
}

static size_t failures(const struct group_problems *problems)
{
	size_t n = 0;

	for (size_t i = 0; i < problems->count; i++)
		n += problems->items[i].code < 0;
	return n;
}

/* Step 4: limits, in rounds. */
static void set_limits(struct apply *apply)
{
	size_t last = SIZE_MAX;

	for (;;) {
		struct group_problems round = { 0 };
		size_t failed;

		for (size_t i = 0; i < apply->groups->count; i++)
			if (apply->groups->items[i]->next.wanted)
				(void)limits_apply(apply->groups->items[i], &round);
		failed = failures(&round);
		if (failed == 0 || failed >= last) {
			group_problems_move(apply->problems, &round);
			return;
		}
		group_problems_done(&round);
		last = failed;
	}
}

static void commit(struct apply *apply)
{
	for (size_t i = 0; i < apply->groups->count; i++) {
		struct group *g = apply->groups->items[i];

		if (!g->next.wanted)
			continue;
		limits_done(&g->limits);
		g->limits = g->next.limits;
		g->next.limits = (struct limits){ 0 };
	}
}

static void swap_needs(struct apply *apply)
{
	for (size_t i = 0; i < apply->groups->count; i++) {
		struct group *g = apply->groups->items[i];
		uint32_t needs = g->needs, enable = g->enable;

		if (!g->next.wanted)
			continue;
		g->needs = g->next.needs;
		g->enable = g->next.enable;
		g->next.needs = needs;
		g->next.enable = enable;
	}
}

static void undo(struct apply *apply)
{
	struct groups *groups = apply->groups;

	for (size_t i = groups->count; i-- > apply->count_before;)
		groups_take_out(groups, groups->items[i]);
	tree_undo(groups, apply->made_before);
	for (size_t i = 0; i < groups->count; i++) {
		limits_done(&groups->items[i]->next.limits);
		group_find_leaf(groups->items[i]);
		if (groups->items[i]->placement)
			(void)placement_renew(groups->items[i]);
	}
	/* A full disk must not hide the error that led here. */
	(void)groups_state_save(groups, NULL);
}

static int make(struct apply *apply, const struct group_spec *specs, size_t count,
		struct error *err)
{
	int r = base_claim(apply->groups, err);

	if (r >= 0)
		r = name_groups(apply, specs, count, err);
	if (r >= 0 && settle_limits(apply) < 0)
		r = error_oom(err);
	if (r < 0)
		return r;
	find_needs(apply);
	r = make_directories(apply, err);
	if (r < 0)
		return r;
	swap_needs(apply);
	enable_controllers(apply);
	r = open_placements(apply, err);
	if (r < 0)
		swap_needs(apply);
	return r;
}

static int apply_specs(struct groups *groups, const struct group_spec *specs, size_t count,
		       bool all, struct group_problems *problems, struct error *err)
{
	struct error late = ERROR_INIT;
	struct apply apply;
	int r;

	tree_prune(groups);
	apply = (struct apply){
		.groups = groups,
		.all = all,
		.made_before = groups->made_count,
		.count_before = groups->count,
		.problems = problems,
	};
	r = make(&apply, specs, count, err);
	if (r < 0) {
		undo(&apply);
		return r;
	}
	commit(&apply);
	for (size_t i = 0; i < groups->count; i++)
		if (groups->items[i]->next.wanted)
			gather_members(&apply, groups->items[i]);
	set_limits(&apply);
	if (all)
		groups_trim(groups, problems);
	r = groups_state_save(groups, &late);
	if (r < 0)
		group_problem_add(problems, "", LIMIT_COUNT, "state.json", r, "%s",
				  error_text(&late));
	error_done(&late);
	return 0;
}

int groups_apply(struct groups *groups, const struct group_spec *specs, size_t count,
		 struct group_problems *problems, struct error *err)
{
	return apply_specs(groups, specs, count, true, problems, err);
}

int groups_apply_one(struct groups *groups, const struct group_spec *spec,
		     struct group_problems *problems, struct error *err)
{
	return apply_specs(groups, spec, 1, false, problems, err);
}
