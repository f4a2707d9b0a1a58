// SPDX-License-Identifier: MIT
/*
 * Directories, made and removed, and v2 controllers handed down.
 *
 * What is made is noted first, then recorded on disk, then made: a crash in between leaves at most
 * a note of something that is not there. Every note gets the directory's inode number once it is
 * made; a directory of the same name that somebody else made later has another one, and is never
 * removed.
 */
#include "cgroup/internal.h"

#include <fcntl.h>

enum { REMOVE_ROUNDS = 60 };

int made_add(struct groups *groups, unsigned hierarchy, const char *path, uint64_t id)
{
	struct made *larger =
		reallocarray(groups->made, groups->made_count + 1, sizeof(struct made));

	if (!larger)
		return -ENOMEM;
	groups->made = larger;
	larger[groups->made_count].path = strdup(path);
	if (!larger[groups->made_count].path)
		return -ENOMEM;
	larger[groups->made_count].hierarchy = hierarchy;
	larger[groups->made_count].id = id;
	groups->made_count++;
	return 0;
}

static struct made *made_find(const struct groups *groups, unsigned hierarchy, const char *path)
{
	for (size_t i = groups->made_count; i-- > 0;)
		if (groups->made[i].hierarchy == hierarchy && streq(groups->made[i].path, path))
			return &groups->made[i];
	return NULL;
}

static void made_forget(struct groups *groups, struct made *made)
{
	size_t at = (size_t)(made - groups->made);

	free(made->path);
	memmove(made, made + 1, (groups->made_count - at - 1) * sizeof(*made));
	groups->made_count--;
}

bool tree_is_noted(const struct groups *groups, unsigned hierarchy, const char *path)
{
	return made_find(groups, hierarchy, path) != NULL;
}

bool tree_is_ours(const struct groups *groups, unsigned hierarchy, const char *path)
{
	const struct made *made = made_find(groups, hierarchy, path);
	uint64_t id;

	if (!made)
		return false;
	id = cgroup_path_id(&groups->layout->hierarchies[hierarchy], path);
	return id != 0 && (made->id == 0 || made->id == id);
}

int tree_plan(struct groups *groups, unsigned hierarchy, const char *path)
{
	const struct hierarchy *h = &groups->layout->hierarchies[hierarchy];
	_cleanup_(freep) char *parent = NULL;
	int r;

	if (!*path || cgroup_path_id(h, path) || made_find(groups, hierarchy, path))
		return 0;
	parent = cgroup_path_parent(path);
	if (!parent)
		return -ENOMEM;
	r = tree_plan(groups, hierarchy, parent);
	return r < 0 ? r : made_add(groups, hierarchy, path, 0);
}

/*
 * v1: a cpuset without processors or memory nodes takes nobody in (ENOSPC). v2 reads an empty file
 * as "what the parent has".
 */
int tree_fill_cpuset(const struct layout *layout, const struct hierarchy *h, const char *path)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };
	_cleanup_(freep) char *parent = cgroup_path_parent(path);
	char above[4096], now[4096];

	if (!parent)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		ssize_t n = cgroup_read(h, path, files[i], now, sizeof(now));

		if (n == 0)
			n = cgroup_read(h, parent, files[i], above, sizeof(above));
		else if (n > 0)
			continue;
		if (n < 0)
			return (int)n;
		n = cgroup_write(layout, h, path, files[i], above);
		if (n < 0)
			return (int)n;
	}
	return 0;
}

static int make_one(struct groups *groups, struct made *made)
{
	const struct hierarchy *h = &groups->layout->hierarchies[made->hierarchy];
	int r = groups->layout->ops->make_dir(h->fd, made->path);

	if (r == -EEXIST) {
		made->id = UINT64_MAX; /* somebody was faster: used, but never removed */
		return 0;
	}
	if (r < 0)
		return r;
	made->id = cgroup_path_id(h, made->path);
	if (!h->v2 && h->controllers & UINT32_C(1) << CONTROLLER_CPUSET)
		return tree_fill_cpuset(groups->layout, h, made->path);
	return 0;
}

int tree_make(struct groups *groups, size_t from, struct error *err)
{
	for (size_t i = from; i < groups->made_count; i++) {
		struct made *made = &groups->made[i];
		int r = make_one(groups, made);

		if (r < 0)
			return error_set_errno(err, r, "cannot make the group %s/%s",
					       groups->layout->hierarchies[made->hierarchy]
						       .mount_point,
					       made->path);
	}
	return 0;
}

void tree_undo(struct groups *groups, size_t count)
{
	for (size_t i = groups->made_count; i-- > count;) {
		struct made *made = &groups->made[i];
		const struct hierarchy *h = &groups->layout->hierarchies[made->hierarchy];
		int r = 0;

		if (made->id != 0 && made->id != UINT64_MAX)
			r = groups->layout->ops->remove_dir(h->fd, made->path);
		if (r == 0 || r == -ENOENT)
			made_forget(groups, made);
	}
}

void tree_prune(struct groups *groups)
{
	for (size_t i = groups->made_count; i-- > 0;)
		if (!tree_is_ours(groups, groups->made[i].hierarchy, groups->made[i].path))
			made_forget(groups, &groups->made[i]);
}

int tree_remove(struct groups *groups, unsigned hierarchy, const char *path)
{
	const struct hierarchy *h = &groups->layout->hierarchies[hierarchy];
	struct made *made = made_find(groups, hierarchy, path);
	int r = 0;

	if (!cgroup_path_id(h, path)) {
		if (made)
			made_forget(groups, made);
		return 0;
	}
	if (!tree_is_ours(groups, hierarchy, path))
		return -EPERM;
	for (int round = 0; round < REMOVE_ROUNDS; round++) {
		r = groups->layout->ops->remove_dir(h->fd, path);
		if (r != -EBUSY)
			break;
		/* Processes that were just killed or moved keep it busy for a moment. */
		if (round > 0)
			usleep((unsigned)MIN(round, 10) * 1000);
	}
	if (r == -ENOENT)
		r = 0;
	if (r == 0)
		made_forget(groups, made);
	return r;
}

uint32_t tree_controllers(const struct hierarchy *h, const char *path, const char *file)
{
	char text[512], *word, *rest = text;
	ssize_t n = cgroup_read(h, path, file, text, sizeof(text));
	enum controller controller;
	uint32_t mask = 0;

	while (n > 0 && (word = strsep(&rest, " ")))
		if (controller_parse(word, strlen(word), &controller))
			mask |= UINT32_C(1) << controller;
	return mask;
}

static int record_enabled(struct groups *groups, const char *path, uint32_t controller)
{
	struct enabled *larger;

	for (size_t i = 0; i < groups->enabled_count; i++)
		if (streq(groups->enabled[i].path, path)) {
			groups->enabled[i].controllers |= controller;
			return 0;
		}
	larger = reallocarray(groups->enabled, groups->enabled_count + 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	groups->enabled = larger;
	larger[groups->enabled_count].path = strdup(path);
	if (!larger[groups->enabled_count].path)
		return -ENOMEM;
	larger[groups->enabled_count++].controllers = controller;
	return 0;
}

/* +controller or -controller, one at a time: the file takes all or nothing. */
static int switch_controller(const struct groups *groups, const char *path, char sign,
			     enum controller controller)
{
	char text[32];

	snprintf(text, sizeof(text), "%c%s", sign, controller_name(controller, true));
	return cgroup_write(groups->layout, &groups->layout->hierarchies[groups->layout->v2], path,
			    "cgroup.subtree_control", text);
}

int tree_enable_here(struct groups *groups, const char *path, uint32_t controllers,
		     struct error *err)
{
	unsigned v2 = (unsigned)groups->layout->v2;
	const struct hierarchy *h = &groups->layout->hierarchies[v2];
	uint32_t missing = controllers & ~tree_controllers(h, path, "cgroup.subtree_control");
	int failed = 0;

	for (unsigned i = 0; i < CONTROLLER_COUNT; i++) {
		int r;

		if (!(missing & UINT32_C(1) << i))
			continue;
		r = switch_controller(groups, path, '+', (enum controller)i);
		if (r < 0) {
			error_set_errno(err, r,
					"cannot enable controller %s for the groups below %s/%s%s",
					controller_name((enum controller)i, true), h->mount_point,
					path,
					r == -EBUSY    ? ", which has processes of its own"
					: r == -ENOENT ? ", where it has not been enabled"
						       : "");
			failed = r == -EBUSY || !failed ? r : failed;
		} else if (!tree_is_ours(groups, v2, path) &&
			   record_enabled(groups, path, UINT32_C(1) << i) < 0) {
			return error_oom(err);
		}
	}
	return failed;
}

int tree_enable(struct groups *groups, const char *path, uint32_t controllers, struct error *err)
{
	const struct hierarchy *h = &groups->layout->hierarchies[groups->layout->v2];
	_cleanup_(freep) char *parent = NULL;
	int r, failed = 0;

	if (strlen(path) > (groups->top ? strlen(groups->top) : 0)) {
		parent = cgroup_path_parent(path);
		if (!parent)
			return error_oom(err);
		failed = tree_enable(groups, parent, controllers, err);
		/* What could not be enabled above has been told; the rest goes on. */
		controllers &= tree_controllers(h, path, "cgroup.controllers");
	}
	r = tree_enable_here(groups, path, controllers, err);
	return failed ? failed : r;
}

void tree_trim(struct groups *groups, const char *path, uint32_t keep)
{
	unsigned v2 = (unsigned)groups->layout->v2;
	uint32_t extra;

	if (!tree_is_ours(groups, v2, path))
		return;
	extra = tree_controllers(&groups->layout->hierarchies[v2], path, "cgroup.subtree_control") &
		~keep;
	for (unsigned i = 0; i < CONTROLLER_COUNT; i++)
		if (extra & UINT32_C(1) << i)
			(void)switch_controller(groups, path, '-', (enum controller)i);
}

static int stop_at_first(void *context, const char *name)
{
	(void)context;
	(void)name;
	return -EEXIST;
}

void tree_disable(struct groups *groups)
{
	while (groups->enabled_count > 0) {
		struct enabled *enabled = &groups->enabled[groups->enabled_count - 1];
		const struct hierarchy *h;

		/* Another program's groups may have come to rely on what we enabled. */
		if (groups->layout->v2 >= 0) {
			h = &groups->layout->hierarchies[groups->layout->v2];
			for (unsigned i = 0; i < CONTROLLER_COUNT; i++)
				if (enabled->controllers & UINT32_C(1) << i &&
				    children_each(h, enabled->path, stop_at_first, NULL) == 0)
					(void)switch_controller(groups, enabled->path, '-',
								(enum controller)i);
		}
		free(enabled->path);
		groups->enabled_count--;
	}
}
