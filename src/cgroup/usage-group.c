// SPDX-License-Identifier: MIT
/* What a group uses, over all the hierarchies that it is in. */
#include "cgroup/internal.h"
#include "cgroup/usage.h"

#include <fcntl.h>

static void add_hierarchy(const struct hierarchy *h, const char *path, uint32_t wanted,
			  struct group_usage *usage)
{
	_cleanup_(closep) int folder = openat(h->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* Gone under us: it tells nothing. */
	if (folder >= 0)
		group_usage_add(folder, h->v2, h->controllers, wanted, usage);
}

int group_usage_of(const struct group *group, uint32_t wanted, struct group_usage *ret_usage)
{
	const struct layout *layout = group->groups->layout;
	struct group_usage usage = { 0 };

	for (unsigned i = 0; i < layout->hierarchy_count; i++) {
		_cleanup_(freep) char *path = NULL;

		if (!(group->needs & UINT32_C(1) << i))
			continue;
		path = group_directory(group, i, false);
		if (!path)
			return -ENOMEM;
		add_hierarchy(&layout->hierarchies[i], path, wanted, &usage);
	}
	*ret_usage = usage;
	return 0;
}

int group_usage(const struct group *group, struct group_usage *ret_usage)
{
	return group_usage_of(group, UINT32_MAX, ret_usage);
}
