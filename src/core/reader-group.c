// SPDX-License-Identifier: MIT
#include "core/reader-group.h"

#include <grp.h>
#include <stddef.h>

gid_t reader_group(void)
{
	const struct group *entry = getgrnam("reeve");

	return entry ? entry->gr_gid : (gid_t)-1;
}
