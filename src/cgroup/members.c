// SPDX-License-Identifier: MIT
/*
 * Who is in a directory, and moving all of them. The list is a snapshot: what forks meanwhile is
 * found by the next look, so movers look again until a look finds nobody.
 */
#include "cgroup/internal.h"
#include "util/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>

enum { PROCS_TEXT_MAX = 64 << 20, MOVE_ROUNDS = 100 };

int members_read(const struct hierarchy *hierarchy, const char *path, pid_t **pids, size_t *count)
{
	_cleanup_(freep) char *text = NULL;
	char name[PATH_MAX];
	int r = cgroup_path_file(name, sizeof(name), path, "cgroup.procs");

	if (r >= 0)
		r = file_read_at(hierarchy->fd, name, PROCS_TEXT_MAX, &text, NULL);
	if (r < 0)
		return r;
	for (char *at = text, *end; *at; at = end + (*end == '\n')) {
		unsigned long pid = strtoul(at, &end, 10);
		pid_t *larger;

		if (end == at)
			break;
		if (pid == 0 || pid > INT_MAX)
			continue; /* 0: lives in a PID namespace that we cannot see */
		larger = reallocarray(*pids, *count + 1, sizeof(**pids));
		if (!larger)
			return -ENOMEM;
		*pids = larger;
		larger[(*count)++] = (pid_t)pid;
	}
	return 0;
}

int children_each(const struct hierarchy *hierarchy, const char *path,
		  int (*each)(void *context, const char *name), void *context)
{
	int fd = openat(hierarchy->fd, *path ? path : ".",
			O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	const struct dirent *entry;
	DIR *dir;
	int r = 0;

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while (r >= 0 && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR && !streq(entry->d_name, ".") &&
		    !streq(entry->d_name, ".."))
			r = each(context, entry->d_name);
	closedir(dir);
	return r;
}

struct below {
	const struct hierarchy *hierarchy;
	const char *path;
	pid_t **pids;
	size_t *count;
};

static int read_child(void *context, const char *name)
{
	const struct below *below = context;
	_cleanup_(freep) char *path = cgroup_path_join(below->path, name);

	if (!path)
		return -ENOMEM;
	return members_read_below(below->hierarchy, path, below->pids, below->count);
}

int members_read_below(const struct hierarchy *hierarchy, const char *path, pid_t **pids,
		       size_t *count)
{
	struct below below = { hierarchy, path, pids, count };
	int r = members_read(hierarchy, path, pids, count);

	if (r < 0 && r != -EOPNOTSUPP) /* a threaded v2 group has no readable cgroup.procs */
		return r;
	r = children_each(hierarchy, path, read_child, &below);
	/* A group that goes away while we look has nobody in it. */
	return r == -ENOENT || r == -ENODEV ? 0 : r;
}

static int move_round(const struct groups *groups, unsigned hierarchy, const char *from,
		      const char *to, size_t *ret_seen)
{
	const struct hierarchy *h = &groups->layout->hierarchies[hierarchy];
	_cleanup_(freep) pid_t *pids = NULL;
	size_t count = 0;
	int failed = 0;
	int r = members_read(h, from, &pids, &count);

	if (r < 0)
		return r;
	*ret_seen = count;
	for (size_t i = 0; i < count; i++) {
		char text[16];

		snprintf(text, sizeof(text), "%d", pids[i]);
		r = cgroup_write(groups->layout, h, to, "cgroup.procs", text);
		if (r < 0 && r != -ESRCH)
			failed = r;
	}
	return failed;
}

int members_move(const struct groups *groups, unsigned hierarchy, const char *from, const char *to)
{
	int r = 0;

	for (int round = 0; round < MOVE_ROUNDS; round++) {
		size_t seen = 0;

		r = move_round(groups, hierarchy, from, to, &seen);
		if (r == -ENOENT || r == -ENODEV)
			return cgroup_path_id(&groups->layout->hierarchies[hierarchy], from) ? r
											     : 0;
		if (seen == 0)
			return 0;
		if (r < 0)
			usleep(1000);
	}
	return r < 0 ? r : -EBUSY;
}

int group_members(const struct group *group, bool recursive, pid_t **ret_pids, size_t *ret_count)
{
	const struct groups *groups = group->groups;
	int main = groups_main_hierarchy(groups->layout);
	_cleanup_(freep) pid_t *pids = NULL;
	_cleanup_(freep) char *path = NULL;
	const struct hierarchy *h;
	size_t count = 0;
	int r;

	if (main < 0)
		return -ENODEV;
	h = &groups->layout->hierarchies[main];
	path = group_directory(group, (unsigned)main, !recursive);
	if (!path)
		return -ENOMEM;
	r = recursive ? members_read_below(h, path, &pids, &count)
		      : members_read(h, path, &pids, &count);
	if (r < 0)
		return r;
	*ret_pids = TAKE_PTR(pids);
	*ret_count = count;
	return 0;
}
