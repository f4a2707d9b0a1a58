// SPDX-License-Identifier: MIT
/*
 * Where an instance lives: <hierarchy>/<name> from the mount point down, whatever group we are in
 * ourselves. In a container the mount point shows the container's own part, so that is right there
 * too. On a systemd host only what systemd has handed to us may be written (systemd.c).
 */
#include "cgroup/internal.h"
#include "cgroup/systemd.h"

static int set_base(struct groups *groups, unsigned hierarchy, const char *base, const char *out)
{
	char *a = strdup(base), *b = strdup(out);

	if (!a || !b) {
		free(a);
		free(b);
		return -ENOMEM;
	}
	free(groups->base[hierarchy]);
	free(groups->exits[hierarchy]);
	groups->base[hierarchy] = a;
	groups->exits[hierarchy] = b;
	return 0;
}

static int claim_plain(struct groups *groups)
{
	for (unsigned i = 0; i < groups->layout->hierarchy_count; i++) {
		int r;

		if (groups->layout->hierarchies[i].read_only || groups->base[i])
			continue;
		r = set_base(groups, i, groups->name, "");
		if (r < 0)
			return r;
	}
	return 0;
}

int base_claim(struct groups *groups, struct error *err)
{
	int r;

	if (groups->layout->mode == LAYOUT_NONE)
		return error_set(err, -ENODEV,
				 "no cgroup file system is mounted (\"reeve mount\" mounts one)");
	if (groups_main_hierarchy(groups->layout) < 0)
		return error_set(err, -EROFS,
				 "every cgroup file system is mounted read-only, at %s",
				 groups->layout->hierarchies[0].mount_point);
	if (groups->layout->systemd) {
		r = systemd_claim(groups, err);
		if (r < 0)
			return r;
	} else if (claim_plain(groups) < 0) {
		return error_oom(err);
	}
	return exits_open(groups) < 0 ? error_oom(err) : 0;
}

static bool is_same(const struct hierarchy *one, const struct hierarchy *other)
{
	return one->v2 == other->v2 && streq(one->name, other->name);
}

int groups_change_layout(struct groups *groups, const struct layout *layout)
{
	char *base[HIERARCHY_MAX] = { 0 }, *exits[HIERARCHY_MAX] = { 0 };
	const struct layout *old = groups->layout;

	if (groups->count > 0 || groups->retired || groups->retired_groups ||
	    groups->made_count > 0 || groups->enabled_count > 0)
		return -EBUSY;
	/* What was claimed is at other numbers now; what is new is claimed with the first group. */
	for (size_t i = 0; i < old->hierarchy_count; i++)
		for (size_t k = 0; k < layout->hierarchy_count; k++)
			if (is_same(&old->hierarchies[i], &layout->hierarchies[k]) && !base[k]) {
				base[k] = TAKE_PTR(groups->base[i]);
				exits[k] = TAKE_PTR(groups->exits[i]);
			}
	for (size_t i = 0; i < HIERARCHY_MAX; i++) {
		free(groups->base[i]);
		free(groups->exits[i]);
		groups->base[i] = base[i];
		groups->exits[i] = exits[i];
	}
	exits_free(groups->leave);
	groups->leave = NULL;
	groups->layout = layout;
	/* Groups need it, and the first one tries again. */
	(void)exits_open(groups);
	return 0;
}

int base_set(struct groups *groups, unsigned hierarchy, const char *base, const char *out)
{
	return set_base(groups, hierarchy, base, out);
}

int base_resume(struct groups *groups)
{
	/* Without systemd nothing has to be asked for: the places are known from the start. */
	return groups->layout->systemd ? 0 : claim_plain(groups);
}
