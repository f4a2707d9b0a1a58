// SPDX-License-Identifier: MIT
/*
 * The group is a local one (data/reeve.sysusers makes it), so /etc/group is read and no name
 * service module is loaded into the daemon for it. It is read as text: fgetgrent(3) takes two
 * system calls for each line of a file that may have thousands.
 */
#include "core/reader-group.h"

#include "util/fd.h"
#include "util/units.h"

#include <fcntl.h>

enum { FILE_MOST = 64 << 20 };

/* The number in "reeve:PASSWORD:NUMBER:MEMBERS"; false: the line is of another group. */
static bool number_of(char *line, uint64_t *ret_number)
{
	const char *name = strsep(&line, ":");

	(void)strsep(&line, ":");
	return line && streq(name, "reeve") && parse_u64(strsep(&line, ":"), ret_number) == 0;
}

gid_t reader_group(void)
{
	_cleanup_(freep) char *text = NULL;
	uint64_t number;

	if (file_read_at(AT_FDCWD, "/etc/group", FILE_MOST, &text, NULL) < 0)
		return (gid_t)-1;
	for (char *rest = text, *line; (line = strsep(&rest, "\n")) != NULL;)
		if (strncmp(line, "reeve:", 6) == 0 && number_of(line, &number) &&
		    number < UINT32_MAX)
			return (gid_t)number;
	return (gid_t)-1;
}
