// SPDX-License-Identifier: MIT
/*
 * Taking groups away. Only directories that were noted as made by us ever go, and a group only when
 * nobody is in it: processes are moved to the group above, or, from the topmost, out to the
 * directory above the instance's.
 */
#include "cgroup/internal.h"

/* Where a group's processes go in a hierarchy when it is removed. */
static char *way_out(const struct group *group, unsigned hierarchy)
{
	const struct groups *groups = group->groups;
	_cleanup_(freep) char *above = NULL;

	if (group->parent) {
		above = group_directory(group->parent, hierarchy, true);
		if (above && cgroup_path_id(&groups->layout->hierarchies[hierarchy], above))
			return TAKE_PTR(above);
	}
	return strdup(groups->exits[hierarchy]);
}

static void thaw(const struct group *group)
{
	const struct layout *layout = group->groups->layout;

	for (unsigned i = 0; i < layout->hierarchy_count; i++) {
		const struct hierarchy *h = &layout->hierarchies[i];
		_cleanup_(freep) char *path = group_directory(group, i, false);

		if (path && (h->v2 || h->controllers & UINT32_C(1) << CONTROLLER_FREEZER) &&
		    cgroup_path_id(h, path))
			(void)freeze_directory(layout, h, path, false, 0);
	}
}

static int evacuate_directory(const struct group *group, unsigned hierarchy, const char *path)
{
	_cleanup_(freep) char *to = way_out(group, hierarchy);

	if (!to)
		return -ENOMEM;
	return members_move(group->groups, hierarchy, path, to);
}

/* Moves everybody out of the group itself, in every hierarchy. */
static int evacuate_group(const struct group *group)
{
	const struct groups *groups = group->groups;
	int failed = 0;

	for (unsigned i = 0; i < groups->layout->hierarchy_count; i++) {
		_cleanup_(freep) char *path = group_directory(group, i, false);
		_cleanup_(freep) char *leaf = path ? cgroup_path_join(path, LEAF_NAME) : NULL;
		int r = 0;

		if (!leaf || !cgroup_path_id(&groups->layout->hierarchies[i], path))
			continue;
		if (groups->layout->hierarchies[i].v2 &&
		    cgroup_path_id(&groups->layout->hierarchies[i], leaf))
			r = evacuate_directory(group, i, leaf);
		if (r >= 0)
			r = evacuate_directory(group, i, path);
		if (r < 0)
			failed = r;
	}
	return failed;
}

/* Removes the directories of a group without processes; the first error, the rest is tried. */
static int remove_directories(struct group *group)
{
	struct groups *groups = group->groups;
	int failed = 0;

	for (unsigned i = 0; i < groups->layout->hierarchy_count; i++) {
		_cleanup_(freep) char *path = group_directory(group, i, false);
		_cleanup_(freep) char *leaf = path ? cgroup_path_join(path, LEAF_NAME) : NULL;
		int r;

		/* Elsewhere nothing of it was made, and whatever has its name is not ours. */
		if (!leaf ||
		    (!(group->needs & UINT32_C(1) << i) && !tree_is_noted(groups, i, path)))
			continue;
		(void)cells_remove(groups->layout, &groups->layout->hierarchies[i], path);
		if (groups->layout->hierarchies[i].v2)
			(void)tree_remove(groups, i, leaf);
		r = tree_remove(groups, i, path);
		if (r < 0 && r != -EPERM) /* EPERM: it was there before us, and stays */
			failed = r;
	}
	return failed;
}

static size_t count_members(const struct group *group)
{
	_cleanup_(freep) pid_t *pids = NULL;
	size_t count = 0;

	return group_members(group, true, &pids, &count) < 0 ? 0 : count;
}

/*
 * After child groups went: the v2 controllers that no child needs any more are taken back, and
 * where none is left the group's own processes leave the leaf.
 */
static void relax(struct group *group)
{
	struct groups *groups = group->groups;
	_cleanup_(freep) char *path = NULL, *leaf = NULL;
	uint32_t enable = group_foreign_controllers(group);
	unsigned v2;

	if (groups->layout->v2 < 0)
		return;
	v2 = (unsigned)groups->layout->v2;
	for (size_t i = 0; i < groups->count; i++) {
		const struct group *child = groups->items[i];

		if (child->parent != group)
			continue;
		enable |= child->enable | groups_enable_of(groups->layout, &child->limits);
	}
	group->enable = enable;
	path = group_directory(group, v2, false);
	leaf = path ? cgroup_path_join(path, LEAF_NAME) : NULL;
	if (!leaf)
		return;
	tree_trim(groups, path, enable);
	if (!group->leaf || enable || members_move(groups, v2, leaf, path) < 0)
		return;
	(void)tree_remove(groups, v2, leaf);
	group_find_leaf(group);
	(void)placement_renew(group);
}

/* Hierarchies that neither the group nor one below it needs any more. */
static void drop_hierarchies(struct group *group)
{
	struct groups *groups = group->groups;
	uint32_t needed = group->needs;

	for (size_t i = 0; i < groups->count; i++)
		if (group_is_below(groups->items[i], group))
			needed |= groups->items[i]->needs;
	for (unsigned i = 0; i < groups->layout->hierarchy_count; i++) {
		_cleanup_(freep) char *path = group_directory(group, i, false);
		_cleanup_(freep) pid_t *pids = NULL;
		size_t count = 0;

		/* Processes that are still in it stay: all its limits are the defaults now. */
		if (needed & UINT32_C(1) << i || !path || !tree_is_ours(groups, i, path) ||
		    members_read_below(&groups->layout->hierarchies[i], path, &pids, &count) < 0 ||
		    count > 0)
			continue;
		(void)tree_remove(groups, i, path);
	}
}

void groups_trim(struct groups *groups, struct group_problems *problems)
{
	for (size_t i = groups->count; i-- > 0;) {
		struct group *group = groups->items[i];
		size_t members;
		int r;

		if (group->next.wanted)
			continue;
		members = count_members(group);
		if (members > 0) {
			group_problem_add(problems, group->name, LIMIT_COUNT, NULL, -EBUSY,
					  "group %s is not wanted any more, but has %zu process%s; "
					  "it "
					  "stays "
					  "until they are gone",
					  group->name, members, members == 1 ? "" : "es");
			continue;
		}
		r = remove_directories(group);
		if (r < 0)
			group_problem_add(problems, group->name, LIMIT_COUNT, NULL, r,
					  "cannot remove group %s: %s%s", group->name, strerror(-r),
					  r == -EBUSY ? " (somebody made groups below it)" : "");
		else
			groups_take_out(groups, group);
	}
	for (size_t i = groups->count; i-- > 0;) {
		drop_hierarchies(groups->items[i]);
		relax(groups->items[i]);
	}
}

int group_remove(struct groups *groups, const char *name, bool evacuate, struct error *err)
{
	struct group *group = groups_find(groups, name);
	struct group *parent;
	size_t members;

	if (!group)
		return error_set(err, -ENOENT, "there is no group %s", name);
	members = count_members(group);
	if (members > 0 && !evacuate)
		return error_set(err, -EBUSY, "group %s has %zu process%s", name, members,
				 members == 1 ? "" : "es");
	parent = group->parent;
	for (size_t i = groups->count; i-- > 0;) {
		struct group *g = groups->items[i];
		int r;

		if (g != group && !group_is_below(g, group))
			continue;
		thaw(g);
		r = evacuate_group(g);
		if (r < 0)
			return error_set_errno(err, r, "cannot move the processes of group %s out",
					       g->name);
		r = remove_directories(g);
		if (r < 0)
			return error_set_errno(err, r, "cannot remove group %s%s", g->name,
					       r == -EBUSY ? " (somebody made groups below it)"
							   : "");
		groups_take_out(groups, g);
	}
	for (; parent; parent = parent->parent)
		relax(parent);
	return groups_state_save(groups, err);
}

static bool has_child(const struct group *group)
{
	const struct groups *groups = group->groups;

	for (size_t i = 0; i < groups->count; i++)
		if (groups->items[i]->parent == group)
			return true;
	return false;
}

void groups_remove_above(struct groups *groups, const char *name)
{
	_cleanup_(freep) char *path = strdup(name);
	char *slash;

	while (path && (slash = strrchr(path, '/'))) {
		const struct group *group;

		*slash = '\0';
		group = groups_find(groups, path);
		if (!group || !group->implied || has_child(group) ||
		    group_remove(groups, path, false, NULL) < 0)
			return;
	}
}

/* Everybody out of a directory and of those that others made below it. */
static int clear_directory(const struct groups *groups, const struct made *made)
{
	const struct hierarchy *h = &groups->layout->hierarchies[made->hierarchy];
	const char *out = groups->exits[made->hierarchy];

	for (int round = 0; out && round < 20; round++) {
		_cleanup_(freep) pid_t *pids = NULL;
		size_t count = 0;
		int r = members_read_below(h, made->path, &pids, &count);

		if (r < 0)
			return r == -ENOENT || r == -ENODEV ? 0 : r;
		if (count == 0)
			return 0;
		for (size_t i = 0; i < count; i++) {
			char text[16];

			snprintf(text, sizeof(text), "%d", pids[i]);
			r = cgroup_write(groups->layout, h, out, "cgroup.procs", text);
			if (r < 0 && r != -ESRCH && round == 19)
				return r;
		}
	}
	return out ? -EBUSY : 0;
}

static void tell_left(const struct groups *groups, const struct made *made, int code,
		      struct group_problems *problems)
{
	group_problem_add(problems, made->path, LIMIT_COUNT, NULL, code,
			  "cannot remove %s/%s: %s%s",
			  groups->layout->hierarchies[made->hierarchy].mount_point, made->path,
			  strerror(-code),
			  code == -EBUSY ? " (it has processes or groups that are not ours)" : "");
}

static int stop_at_first(void *context, const char *name)
{
	(void)context;
	(void)name;
	return -EEXIST;
}

/* Without a record nothing is removed: then the owner must know what stays, and what to do. */
static void tell_unrecorded(const struct groups *groups, struct group_problems *problems)
{
	for (unsigned i = 0; i < groups->layout->hierarchy_count; i++) {
		const struct hierarchy *h = &groups->layout->hierarchies[i];
		const char *base = groups->base[i];

		/* What systemd has handed to us is systemd's to remove. */
		if (!base || groups->layout->systemd || !cgroup_path_id(h, base) ||
		    tree_is_ours(groups, i, base) ||
		    children_each(h, base, stop_at_first, NULL) != -EEXIST)
			continue;
		group_problem_add(problems, base, LIMIT_COUNT, NULL, -EPERM,
				  "%s/%s stays, for no record says that reeve made it; once nobody "
				  "needs it: find '%s/%s' -type d -delete",
				  h->mount_point, base, h->mount_point, base);
	}
}

/* Drops a group from the list; 1 if it was removed, 0 if it is where it was. */
static int forget_group(struct groups *groups, struct group *group)
{
	bool ours = false, gone = group->needs == 0;

	for (unsigned i = 0; i < groups->layout->hierarchy_count; i++) {
		_cleanup_(freep) char *path = group_directory(group, i, false);

		if (!path)
			continue;
		ours = ours || tree_is_ours(groups, i, path);
		gone = gone || (group->needs & UINT32_C(1) << i &&
				!cgroup_path_id(&groups->layout->hierarchies[i], path));
	}
	if (ours)
		return 0;
	groups_take_out(groups, group);
	return gone;
}

int groups_clean(struct groups *groups, struct group_problems *problems, struct error *err)
{
	int removed = 0;

	tree_prune(groups);
	for (size_t i = 0; i < groups->count; i++)
		thaw(groups->items[i]);
	for (size_t i = groups->made_count; i-- > 0;) {
		const struct made *made = &groups->made[i];
		int r = clear_directory(groups, made);

		(void)cells_remove(groups->layout, &groups->layout->hierarchies[made->hierarchy],
				   made->path);
		if (r >= 0)
			r = tree_remove(groups, made->hierarchy, made->path);
		if (r < 0 && r != -EPERM)
			tell_left(groups, made, r, problems);
	}
	for (size_t i = groups->count; i-- > 0;)
		removed += forget_group(groups, groups->items[i]);
	tell_unrecorded(groups, problems);
	tree_disable(groups);
	/* Of a daemon that was killed: one that runs holds the instance, and nobody gets here. */
	layout_restore_dynmods(groups->layout, groups->dynmods);
	groups->dynmods = 0;
	if (groups->made_count > 0 || json_array_size(groups->out_of_sight) > 0) {
		int r = groups_state_save(groups, err);

		return r < 0 ? r : removed;
	}
	groups_state_remove(groups);
	return removed;
}
