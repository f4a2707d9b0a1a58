// SPDX-License-Identifier: MIT
/* /proc/PID/cgroup: whoever may make groups chooses the paths in it. */
#include "cgroup/groups.h"
#include "cgroup/membership.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct membership *membership = malloc(sizeof(*membership));
	const char *cursor, *end, *path;
	struct membership_line line;
	size_t length;

	if (!membership)
		return 0;
	membership->size = MIN(size, sizeof(membership->text));
	memcpy(membership->text, data, membership->size);
	cursor = membership->text;
	end = cursor + membership->size;
	while (membership_next(&cursor, end, &line)) {
		if (line.path[0] != '/' || line.path + line.path_length > end ||
		    line.names + line.names_length >= line.path ||
		    memchr(line.path, '\n', line.path_length))
			abort();
		/* The first line of a number is the one that a search finds. */
		if (!membership_path(membership, line.id, &path, &length) || path > line.path)
			abort();
	}
	free(membership);
	return 0;
}
