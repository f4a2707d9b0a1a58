// SPDX-License-Identifier: MIT
/* getgrouplist(3) says how many there are where they do not fit; some directories do not. */
#include "util/user-groups.h"

#include <grp.h>

int user_groups(const char *name, gid_t gid, gid_t **ret_groups, size_t *ret_count)
{
	for (int count = 32; count <= USER_GROUPS_MOST;) {
		int room = count;
		gid_t *groups = calloc((size_t)room, sizeof(*groups));

		if (!groups)
			return -ENOMEM;
		if (getgrouplist(name, gid, groups, &count) >= 0) {
			*ret_groups = groups;
			*ret_count = (size_t)count;
			return 0;
		}
		free(groups);
		count = MAX(count, room * 2);
	}
	return -E2BIG;
}
