// SPDX-License-Identifier: MIT
/*
 * The instance and its list of groups. A group that was removed, and a placement that was replaced,
 * stay in memory until groups_release_retired(): the gate's thread may be using them.
 */
#include "cgroup/internal.h"

#include <fcntl.h>
#include <sys/file.h>

static bool part_is_bad(const char *part, size_t length)
{
	if (length == 0 || length > 255 ||
	    (part[0] == '.' && length <= 2 && part[length - 1] == '.'))
		return true;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)part[i] < 0x20 || part[i] == 0x7f || part[i] == '/')
			return true;
	return false;
}

/* The caller has checked names for humans; here nothing may become a path by mistake. */
static bool name_is_bad(const char *name)
{
	for (const char *part = name;; part++) {
		size_t length = strcspn(part, "/");

		if (part_is_bad(part, length) || strncmp(part, "cgroup.", 7) == 0 ||
		    (length == strlen(LEAF_NAME) && memcmp(part, LEAF_NAME, length) == 0))
			return true;
		part += length;
		if (!*part)
			return false;
	}
}

static void kept_free(struct group *group)
{
	for (size_t i = 0; i < group->kept_count; i++) {
		free(group->kept[i].file);
		free(group->kept[i].value);
	}
	free(group->kept);
}

void group_free(struct group *group)
{
	if (!group)
		return;
	limits_done(&group->limits);
	limits_done(&group->next.limits);
	kept_free(group);
	placement_free(group->placement);
	for (size_t i = 0; i < HIERARCHY_MAX; i++)
		free(group->shown[i]);
	closep(&group->clone_fd);
	if (group->tasks)
		group_close_tasks(group);
	free(group->tasks);
	free(group->name);
	free(group);
}

struct group *group_new(struct groups *groups, const char *name, struct group *parent)
{
	_cleanup_(group_freep) struct group *group = calloc(1, sizeof(*group));

	if (!group)
		return NULL;
	group->clone_fd = -1;
	group->groups = groups;
	group->parent = parent;
	group->name = strdup(name);
	group->tasks = calloc(1, sizeof(*group->tasks));
	if (!group->name || !group->tasks)
		return NULL;
	for (unsigned i = 0; i < groups->layout->hierarchy_count; i++) {
		_cleanup_(freep) char *path = group_directory(group, i, false);

		if (!path)
			continue;
		group->shown[i] = cgroup_path_shown(&groups->layout->hierarchies[i], path);
		if (!group->shown[i])
			return NULL;
	}
	return TAKE_PTR(group);
}

int groups_add(struct groups *groups, struct group *group)
{
	struct group **larger =
		reallocarray(groups->items, groups->count + 1, sizeof(struct group *));

	if (!larger)
		return -ENOMEM;
	groups->items = larger;
	larger[groups->count++] = group;
	return 0;
}

void groups_take_out(struct groups *groups, struct group *group)
{
	size_t at = 0;

	for (size_t i = 0; i < groups->count; i++)
		if (groups->items[i] != group)
			groups->items[at++] = groups->items[i];
	groups->count = at;
	group->next_retired = groups->retired_groups;
	groups->retired_groups = group;
}

void group_find_leaf(struct group *group)
{
	const struct groups *groups = group->groups;
	_cleanup_(freep) char *path = NULL, *leaf = NULL;

	group->leaf = false;
	if (groups->layout->v2 < 0)
		return;
	path = group_directory(group, (unsigned)groups->layout->v2, false);
	leaf = path ? cgroup_path_join(path, LEAF_NAME) : NULL;
	group->leaf = leaf && tree_is_ours(groups, (unsigned)groups->layout->v2, leaf);
}

/*
 * A directory that was there before us (the record was lost) may have controllers enabled for what
 * is below it; they are not ours to take back, and keep it from holding processes.
 */
uint32_t group_foreign_controllers(const struct group *group)
{
	const struct groups *groups = group->groups;
	_cleanup_(freep) char *path = NULL;
	unsigned v2;

	if (groups->layout->v2 < 0)
		return 0;
	v2 = (unsigned)groups->layout->v2;
	path = group_directory(group, v2, false);
	if (!path || tree_is_ours(groups, v2, path))
		return 0;
	return tree_controllers(&groups->layout->hierarchies[v2], path, "cgroup.subtree_control");
}

void groups_release_retired(struct groups *groups)
{
	struct retired *retired;
	struct group *group;

	while ((retired = groups->retired)) {
		groups->retired = retired->next;
		placement_free(retired->placement);
		free(retired);
	}
	while ((group = groups->retired_groups)) {
		groups->retired_groups = group->next_retired;
		group_free(group);
	}
}

bool groups_have_retired(const struct groups *groups)
{
	return groups->retired || groups->retired_groups;
}

void groups_free(struct groups *groups)
{
	if (!groups)
		return;
	groups_release_retired(groups);
	for (size_t i = 0; i < groups->count; i++)
		group_free(groups->items[i]);
	for (size_t i = 0; i < groups->made_count; i++)
		free(groups->made[i].path);
	for (size_t i = 0; i < groups->enabled_count; i++)
		free(groups->enabled[i].path);
	for (size_t i = 0; i < HIERARCHY_MAX; i++) {
		free(groups->base[i]);
		free(groups->exits[i]);
	}
	exits_free(groups->leave);
	free(groups->items);
	free(groups->made);
	free(groups->enabled);
	free(groups->top);
	free(groups->name);
	free(groups->runtime_dir);
	free(groups->written);
	free(groups->warning);
	json_decref(groups->out_of_sight);
	closep(&groups->runtime_fd);
	/* Said aloud: a child that was forked and never executed still has the descriptor. */
	if (groups->lock_fd >= 0)
		(void)flock(groups->lock_fd, LOCK_UN);
	closep(&groups->lock_fd);
	free(groups);
}

void groups_unlock(const struct groups *groups)
{
	if (groups->lock_fd >= 0)
		(void)flock(groups->lock_fd, LOCK_UN);
}

int groups_lock(const struct groups *groups, struct error *err)
{
	if (groups->lock_fd < 0 || flock(groups->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return error_set_errno(err, -errno, "the state in %s is locked", groups->runtime_dir);
}

int groups_open(const struct layout *layout, const char *name, const char *runtime_dir,
		struct groups **ret_groups, struct error *err)
{
	_cleanup_(groups_freep) struct groups *groups = calloc(1, sizeof(*groups));
	int r;

	if (!groups)
		return error_oom(err);
	groups->runtime_fd = groups->lock_fd = -1;
	groups->layout = layout;
	if (name_is_bad(name) || strchr(name, '/'))
		return error_set(err, -EINVAL, "\"%s\" cannot be the name of an instance", name);
	groups->name = strdup(name);
	if (!groups->name)
		return error_oom(err);
	if (runtime_dir) {
		groups->runtime_dir = strdup(runtime_dir);
		if (!groups->runtime_dir)
			return error_oom(err);
		r = groups_state_lock(groups, err);
		if (r < 0)
			return r;
	}
	r = groups_state_load(groups, err);
	if (r < 0)
		return r;
	*ret_groups = TAKE_PTR(groups);
	return 0;
}

const char *groups_warning(const struct groups *groups)
{
	return groups->warning;
}

const struct layout *groups_layout(const struct groups *groups)
{
	return groups->layout;
}

struct group *groups_find(struct groups *groups, const char *name)
{
	for (size_t i = 0; i < groups->count; i++)
		if (streq(groups->items[i]->name, name))
			return groups->items[i];
	return NULL;
}

size_t groups_count(const struct groups *groups)
{
	return groups->count;
}

struct group *groups_at(struct groups *groups, size_t index)
{
	return groups->items[index];
}

const char *group_name(const struct group *group)
{
	return group->name;
}

bool group_is_on_demand(const struct group *group)
{
	return group->on_demand;
}

const struct limits *group_limits(const struct group *group)
{
	return &group->limits;
}

const char *group_path(const struct group *group, const struct hierarchy *hierarchy)
{
	const struct layout *layout = group->groups->layout;

	for (unsigned i = 0; i < layout->hierarchy_count; i++)
		if (&layout->hierarchies[i] == hierarchy && group->needs & UINT32_C(1) << i)
			return group->shown[i];
	return NULL;
}

bool group_is_below(const struct group *group, const struct group *above)
{
	for (; group; group = group->parent)
		if (group->parent == above)
			return true;
	return false;
}

int groups_main_hierarchy(const struct layout *layout)
{
	int found = -1;

	if (layout->v2 >= 0 && !layout->hierarchies[layout->v2].read_only)
		return layout->v2;
	for (unsigned i = 0; i < layout->hierarchy_count; i++) {
		const struct hierarchy *h = &layout->hierarchies[i];

		if (h->v2 || h->read_only)
			continue;
		if (h->controllers & UINT32_C(1) << CONTROLLER_FREEZER)
			return (int)i;
		if (found < 0)
			found = (int)i;
	}
	return found;
}

uint32_t groups_hierarchies(const struct groups *groups)
{
	uint32_t mask = 0;

	for (size_t i = 0; i < groups->count; i++)
		mask |= groups->items[i]->needs;
	return mask;
}

int groups_record_dynmods(struct groups *groups, uint32_t mask, struct error *err)
{
	groups->dynmods = mask;
	return groups_state_save(groups, err);
}

uint32_t groups_recorded_dynmods(const struct groups *groups)
{
	return groups->dynmods;
}

int groups_check_name(const char *name, struct error *err)
{
	if (name_is_bad(name))
		return error_set(err, -EINVAL, "\"%s\" cannot be the name of a group", name);
	return 0;
}
