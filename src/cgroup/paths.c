// SPDX-License-Identifier: MIT
/*
 * Paths are kept relative to a hierarchy's mount point, without a leading '/', so that everything
 * is opened below the hierarchy's own descriptor. cgroup file systems have no symbolic links.
 */
#include "cgroup/internal.h"
#include "util/fd.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

char *cgroup_path_join(const char *a, const char *b)
{
	char *path;

	if (!*a || !*b)
		return strdup(*a ? a : b);
	return asprintf(&path, "%s/%s", a, b) < 0 ? NULL : path;
}

char *cgroup_path_parent(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? strndup(path, (size_t)(slash - path)) : strdup("");
}

char *group_directory(const struct group *group, unsigned hierarchy, bool leaf)
{
	const struct groups *groups = group->groups;
	_cleanup_(freep) char *path = NULL;

	if (!groups->base[hierarchy])
		return NULL;
	path = cgroup_path_join(groups->base[hierarchy], group->name);
	if (path && leaf && group->leaf && groups->layout->hierarchies[hierarchy].v2)
		return cgroup_path_join(path, LEAF_NAME);
	return TAKE_PTR(path);
}

char *cgroup_path_shown(const struct hierarchy *hierarchy, const char *path)
{
	const char *root = streq(hierarchy->mount_root, "/") ? "" : hierarchy->mount_root;
	char *shown;

	if (!*path)
		return strdup(*root ? root : "/");
	return asprintf(&shown, "%s/%s", root, path) < 0 ? NULL : shown;
}

int cgroup_path_file(char *buffer, size_t size, const char *directory, const char *file)
{
	int n = snprintf(buffer, size, "%s%s%s", directory, *directory ? "/" : "", file);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

uint64_t cgroup_path_id(const struct hierarchy *hierarchy, const char *path)
{
	struct stat st;

	if (fstatat(hierarchy->fd, *path ? path : ".", &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISDIR(st.st_mode))
		return 0;
	return st.st_ino;
}

ssize_t cgroup_read(const struct hierarchy *hierarchy, const char *directory, const char *file,
		    char *buffer, size_t size)
{
	char path[PATH_MAX];
	ssize_t n = cgroup_path_file(path, sizeof(path), directory, file);

	if (n >= 0)
		n = file_read_into(hierarchy->fd, path, buffer, size);
	while (n > 0 && (buffer[n - 1] == '\n' || buffer[n - 1] == ' '))
		buffer[--n] = '\0';
	return n;
}

int cgroup_write(const struct layout *layout, const struct hierarchy *hierarchy,
		 const char *directory, const char *file, const char *value)
{
	char path[PATH_MAX];
	int r = cgroup_path_file(path, sizeof(path), directory, file);

	return r < 0 ? r : layout->ops->write(hierarchy->fd, path, value);
}

bool cgroup_key(const char *text, const char *key, uint64_t *ret_value)
{
	size_t length = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) != 0 || line[length] != ' ' ||
		    line[length + 1] < '0' || line[length + 1] > '9')
			continue;
		*ret_value = strtoull(line + length + 1, NULL, 10);
		return true;
	}
	return false;
}
