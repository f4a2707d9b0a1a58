// SPDX-License-Identifier: MIT
/*
 * Where a process is. This is on the gate's path: one open, one read (two where the text is longer
 * than a page), no allocation. The file of a process that is gone reads as ENOENT or ESRCH.
 */
#include "cgroup/membership.h"

#include "cgroup/groups.h"
#include "util/digits.h"
#include "util/fd.h"

bool membership_next(const char **cursor, const char *end, struct membership_line *ret_line)
{
	while (*cursor < end) {
		const char *line = *cursor;
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		const char *names, *path;
		uint64_t id = 0;
		const char *at = line;

		if (!stop)
			stop = end;
		*cursor = stop < end ? stop + 1 : end;
		for (; at < stop && *at >= '0' && *at <= '9' && id <= UINT32_MAX; at++)
			id = id * 10 + (uint64_t)(*at - '0');
		if (at == line || at == stop || *at != ':' || id > UINT32_MAX)
			continue;
		names = at + 1;
		/* Names hold letters, digits, '_', '.', '-', ',' and '=' only; paths may hold ':'.
		 */
		path = memchr(names, ':', (size_t)(stop - names));
		if (!path || path + 1 == stop || path[1] != '/')
			continue;
		*ret_line = (struct membership_line){
			.id = (unsigned)id,
			.names = names,
			.names_length = (size_t)(path - names),
			.path = path + 1,
			.path_length = (size_t)(stop - path - 1),
		};
		return true;
	}
	return false;
}

/* "123/cgroup" */
static void write_name(pid_t pid, char name[static 32])
{
	size_t size = digits_decimal((unsigned)pid, name);

	memcpy(name + size, "/cgroup", sizeof("/cgroup"));
}

int membership_read(const struct host *host, pid_t pid, struct membership *ret_membership)
{
	char name[32];
	ssize_t n;

	if (pid <= 0)
		return -ESRCH;
	write_name(pid, name);
	n = file_read_into(host->proc_fd, name, ret_membership->text, sizeof(ret_membership->text));
	if (n < 0)
		return n == -ENOENT ? -ESRCH : (int)n;
	ret_membership->size = (size_t)n;
	return n == 0 ? -ESRCH : 0;
}

bool membership_path(const struct membership *membership, unsigned id, const char **ret_path,
		     size_t *ret_length)
{
	const char *cursor = membership->text;
	struct membership_line line;

	while (membership_next(&cursor, membership->text + membership->size, &line)) {
		if (line.id != id)
			continue;
		*ret_path = line.path;
		*ret_length = line.path_length;
		return true;
	}
	return false;
}
