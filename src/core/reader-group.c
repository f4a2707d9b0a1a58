// SPDX-License-Identifier: MIT
/*
 * The group is a local one (data/reeve.sysusers makes it), so /etc/group is read and no name
 * service module is loaded into the daemon for it.
 */
#include "core/reader-group.h"

#include "util/macros.h"

#include <grp.h>

gid_t reader_group(void)
{
	_cleanup_(fclosep) FILE *file = fopen("/etc/group", "re");
	const struct group *entry;

	while (file && (entry = fgetgrent(file)))
		if (streq(entry->gr_name, "reeve"))
			return entry->gr_gid;
	return (gid_t)-1;
}
