// SPDX-License-Identifier: MIT
/*
 * The host's mounts, by id. The table is kept until the kernel says (by POLLPRI on mountinfo) that
 * they have changed, so that an id which is in it is the host's: an id is used again only after an
 * unmount, which is such a change.
 */
#include "source/mount-map.h"

#include "util/fd.h"
#include "util/mountinfo.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>

enum { MOUNTINFO_MAX = 64 << 20 };

struct mount_map {
	const struct host *host;
	int fd; /* of mountinfo; -1: not known */
	int cgroup2_fd;
	struct slice cgroup2_root;
	char *text; /* the entries point into it */
	struct mount_entry *entries;
	uint32_t *ids; /* sorted */
	size_t count;
};

int mount_map_new(const struct host *host, struct mount_map **ret_map)
{
	struct mount_map *map = calloc(1, sizeof(*map));

	if (!map)
		return -ENOMEM;
	map->host = host;
	map->cgroup2_fd = -1;
	map->fd = openat(host->proc_fd, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	*ret_map = map;
	return 0;
}

static void clear(struct mount_map *map)
{
	if (map->cgroup2_fd >= 0)
		close(map->cgroup2_fd);
	map->cgroup2_fd = -1;
	map->cgroup2_root = (struct slice){ 0 };
	free(map->text);
	free(map->entries);
	free(map->ids);
	map->text = NULL;
	map->entries = NULL;
	map->ids = NULL;
	map->count = 0;
}

void mount_map_free(struct mount_map *map)
{
	if (!map)
		return;
	clear(map);
	if (map->fd >= 0)
		close(map->fd);
	free(map);
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static size_t count_lines(const char *text)
{
	size_t lines = 1;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

/* A path of the host, below the root of a test's tree. */
static bool host_path(const struct mount_map *map, const char *path, char *full, size_t size)
{
	int n = snprintf(full, size, "%s%s", map->host->root, path);

	return n >= 0 && (size_t)n < size;
}

static void find_cgroup2(struct mount_map *map)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < map->count; i++) {
		const struct mount_entry *entry = &map->entries[i];

		if (!streq(entry->type, "cgroup2") ||
		    !host_path(map, entry->mount_point, path, sizeof(path)))
			continue;
		map->cgroup2_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		map->cgroup2_root = slice_of(entry->root);
		if (map->cgroup2_fd >= 0)
			return;
	}
}

static int fill(struct mount_map *map)
{
	size_t lines;
	char *at;
	int r;

	if (lseek(map->fd, 0, SEEK_SET) < 0)
		return -errno;
	r = file_read_fd(map->fd, MOUNTINFO_MAX, &map->text, NULL);
	if (r < 0)
		return r;
	lines = count_lines(map->text);
	map->entries = calloc(lines, sizeof(*map->entries));
	map->ids = calloc(lines, sizeof(*map->ids));
	if (!map->entries || !map->ids)
		return -ENOMEM;
	at = map->text;
	while (map->count < lines && mount_entry_next(&at, &map->entries[map->count], NULL)) {
		map->ids[map->count] = map->entries[map->count].id;
		map->count++;
	}
	qsort(map->ids, map->count, sizeof(*map->ids), by_number);
	find_cgroup2(map);
	return 0;
}

bool mount_map_refresh(struct mount_map *map)
{
	struct pollfd pollfd = { .fd = map->fd, .events = POLLPRI };

	if (map->fd < 0 || (map->text && poll(&pollfd, 1, 0) <= 0))
		return false;
	clear(map);
	if (fill(map) < 0)
		clear(map);
	return true;
}

bool mount_map_is_known(const struct mount_map *map)
{
	return map->count > 0;
}

bool mount_map_has(const struct mount_map *map, uint64_t id)
{
	uint32_t key = (uint32_t)id;

	return id <= UINT32_MAX && map->count > 0 &&
	       bsearch(&key, map->ids, map->count, sizeof(*map->ids), by_number);
}

/* The rest of `path` below `folder`: "" or what begins with a slash; NULL: it is not below. */
static const char *below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	if (streq(folder, "/"))
		return streq(path, "/") ? "" : path;
	if (strncmp(path, folder, n) != 0 || (path[n] != '\0' && path[n] != '/'))
		return NULL;
	return path + n;
}

/* True if `path` of the host leads to the file, not to another that is mounted above it. */
static bool leads_to(const struct mount_map *map, const struct mount_entry *entry, const char *path,
		     const struct statx *file)
{
	const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
	char full[2 * PATH_MAX];
	struct statx st;

	/*
	 * Of a file that has no name, only that its mount can be reached can be seen. The same must
	 * do for FUSE, where whoever runs the file system could let us wait for ever.
	 */
	if (!file || strncmp(entry->type, "fuse", 4) == 0)
		return host_path(map, entry->mount_point, full, sizeof(full)) &&
		       statx(AT_FDCWD, full, flags, STATX_MNT_ID, &st) == 0 &&
		       (st.stx_mask & STATX_MNT_ID) && st.stx_mnt_id == entry->id;
	return host_path(map, path, full, sizeof(full)) &&
	       statx(AT_FDCWD, full, flags, STATX_INO, &st) == 0 && st.stx_ino == file->stx_ino &&
	       st.stx_dev_major == file->stx_dev_major && st.stx_dev_minor == file->stx_dev_minor;
}

static size_t join(char *path, size_t size, const char *point, const char *rest)
{
	int n = snprintf(path, size, "%s%s", streq(point, "/") ? "" : point, rest);

	if (n == 0)
		n = snprintf(path, size, "/");
	return n < 0 || (size_t)n >= size ? 0 : (size_t)n;
}

size_t mount_map_find(const struct mount_map *map, const struct mount_file *file, char *path,
		      size_t size)
{
	char within[2 * PATH_MAX];
	int n = snprintf(within, sizeof(within), "%.*s%.*s",
			 file->root.size == 1 ? 0 : (int)file->root.size, file->root.data,
			 (int)file->inner.size, file->inner.data);

	if (n < 0 || (size_t)n >= sizeof(within))
		return 0;
	if (n == 0)
		memcpy(within, "/", 2);
	for (size_t i = 0; i < map->count; i++) {
		const struct mount_entry *entry = &map->entries[i];
		const char *rest;
		size_t length;

		if (entry->major != file->major || entry->minor != file->minor)
			continue;
		rest = below(within, entry->root);
		length = rest ? join(path, size, entry->mount_point, rest) : 0;
		if (length > 0 && leads_to(map, entry, path, file->stat))
			return length;
	}
	return 0;
}

int mount_lookup(int dirfd, uint64_t id, char **ret_text, struct mount_file *ret_file,
		 struct slice *ret_point)
{
	_cleanup_(freep) char *text = NULL;
	struct mount_entry entry;
	char *at;
	int r = file_read_at(dirfd, "mountinfo", MOUNTINFO_MAX, &text, NULL);

	if (r < 0)
		return r;
	at = text;
	while (mount_entry_next(&at, &entry, NULL)) {
		if (entry.id != id)
			continue;
		*ret_file = (struct mount_file){
			.major = entry.major,
			.minor = entry.minor,
			.root = slice_of(entry.root),
		};
		*ret_point = slice_of(entry.mount_point);
		*ret_text = TAKE_PTR(text);
		return 0;
	}
	return -ENOENT;
}

int mount_map_cgroup2(const struct mount_map *map, struct slice *ret_root)
{
	*ret_root = map->cgroup2_root;
	return map->cgroup2_fd;
}
