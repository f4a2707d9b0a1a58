// SPDX-License-Identifier: MIT
/*
 * " (deleted)" after a link is the kernel's word when the name is gone, and may be part of a name.
 * A file with that full name which is the very same says which.
 *
 * A mount is told by its id (statx, from 5.8 on): the host's table knows it or not. One that it
 * does not know belongs to another namespace, was unmounted lazily, or is a kernel-internal one as
 * memfd's. Processes of one container share its mounts, so the last few answers are kept for a
 * round of reads.
 */
#include "source/proc-path.h"

#include <fcntl.h>

enum { KEPT = 16 };

/* A mount of another namespace: where it is there, and what it shows of its file system. */
struct kept_mount {
	uint64_t id;
	char *seen_from; /* the root of the process whose mountinfo told; NULL: unused */
	bool known;
	unsigned major, minor;
	char *root, *point;
};

struct path_finder {
	struct mount_map *map;
	struct kept_mount kept[KEPT];
	unsigned next;
};

int path_finder_new(const struct host *host, struct path_finder **ret_finder)
{
	_cleanup_(path_finder_freep) struct path_finder *finder = calloc(1, sizeof(*finder));
	int r;

	if (!finder)
		return -ENOMEM;
	r = mount_map_new(host, &finder->map);
	if (r < 0)
		return r;
	(void)mount_map_refresh(finder->map);
	*ret_finder = TAKE_PTR(finder);
	return 0;
}

static void forget(struct kept_mount *kept)
{
	free(kept->seen_from);
	free(kept->root);
	free(kept->point);
	*kept = (struct kept_mount){ 0 };
}

void path_finder_free(struct path_finder *finder)
{
	if (!finder)
		return;
	for (size_t i = 0; i < KEPT; i++)
		forget(&finder->kept[i]);
	mount_map_free(finder->map);
	free(finder);
}

void path_finder_refresh(struct path_finder *finder)
{
	/* What another namespace has mounted may have changed without our being told. */
	for (size_t i = 0; i < KEPT; i++)
		forget(&finder->kept[i]);
	(void)mount_map_refresh(finder->map);
}

const struct mount_map *path_finder_map(const struct path_finder *finder)
{
	return finder->map;
}

static int read_link(int dirfd, const char *name, struct found_path *found)
{
	ssize_t n = readlinkat(dirfd, name, found->link, sizeof(found->link));

	if (n < 0)
		return -errno;
	if ((size_t)n == sizeof(found->link))
		return -ENAMETOOLONG;
	found->link[n] = '\0';
	found->path = (struct slice){ found->link, (size_t)n };
	return 0;
}

static void read_stat(int dirfd, const char *name, struct found_path *found)
{
	found->has_stat = statx(dirfd, name, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
				STATX_BASIC_STATS | STATX_MNT_ID, &found->stat) == 0;
}

static bool is_host_mount(const struct path_finder *finder, const struct found_path *found)
{
	/* Without an id nothing speaks against it. */
	return !found->has_stat || !(found->stat.stx_mask & STATX_MNT_ID) ||
	       !mount_map_is_known(finder->map) ||
	       mount_map_has(finder->map, found->stat.stx_mnt_id);
}

static bool is_same_file(const char *path, const struct statx *file)
{
	struct statx st;

	return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
		     STATX_INO, &st) == 0 &&
	       st.stx_ino == file->stx_ino && st.stx_dev_major == file->stx_dev_major &&
	       st.stx_dev_minor == file->stx_dev_minor;
}

/* Takes " (deleted)" off where it is not part of the name. */
static void judge_deleted(const struct path_finder *finder, struct found_path *found)
{
	static const char deleted[] = " (deleted)";
	const size_t suffix = sizeof(deleted) - 1;

	if (found->path.size <= suffix ||
	    memcmp(found->path.data + found->path.size - suffix, deleted, suffix) != 0)
		return;
	/* Files without links are not found by name; in another namespace nothing can be asked. */
	if (found->has_stat && found->stat.stx_nlink > 0 && is_host_mount(finder, found) &&
	    is_same_file(found->link, &found->stat))
		return;
	found->path.size -= suffix;
	found->link[found->path.size] = '\0';
	found->deleted = true;
}

/* The part of `path` below `root`; all of it where it is not below. */
static struct slice below(struct slice path, struct slice root)
{
	if (root.size <= 1 || path.size < root.size || memcmp(path.data, root.data, root.size) != 0)
		return path;
	if (path.size == root.size)
		return slice_of("/");
	if (path.data[root.size] != '/')
		return path;
	return (struct slice){ path.data + root.size, path.size - root.size };
}

static const struct kept_mount *find_mount(struct path_finder *finder, int dirfd, uint64_t id,
					   struct slice root)
{
	_cleanup_(freep) char *text = NULL;
	struct kept_mount *kept;
	struct mount_file file;
	struct slice point;

	for (size_t i = 0; i < KEPT; i++) {
		kept = &finder->kept[i];
		if (kept->seen_from && kept->id == id && slice_eq(slice_of(kept->seen_from), root))
			return kept;
	}
	kept = &finder->kept[finder->next++ % KEPT];
	forget(kept);
	kept->id = id;
	kept->seen_from = strndup(root.data ? root.data : "", root.size);
	if (mount_lookup(dirfd, id, &text, &file, &point) < 0)
		return kept;
	kept->major = file.major;
	kept->minor = file.minor;
	kept->root = strdup(file.root.data);
	kept->point = strdup(point.data);
	kept->known = kept->seen_from && kept->root && kept->point;
	return kept;
}

/* A file of no mount of the host: the process's own mountinfo tells where in which file system. */
static void find_foreign(struct path_finder *finder, int dirfd, struct slice root,
			 struct found_path *found)
{
	const struct kept_mount *kept = find_mount(finder, dirfd, found->stat.stx_mnt_id, root);
	struct mount_file file;
	size_t size;

	if (!kept->known && found->deleted && found->path.size > 7 &&
	    memcmp(found->link, "/memfd:", 7) == 0) {
		found->memfd = true;
		found->deleted = false;
		found->path.data++;
		found->path.size--;
		found->in_root = found->path;
		return;
	}
	found->foreign = true;
	found->path = found->in_root;
	if (!kept->known)
		return;
	file = (struct mount_file){
		.major = kept->major,
		.minor = kept->minor,
		.root = slice_of(kept->root),
		.inner = below(found->in_root, slice_of(kept->point)),
		.stat = found->deleted ? NULL : &found->stat,
	};
	if (file.inner.size == 1)
		file.inner.size = 0; /* the mount point itself */
	size = mount_map_find(finder->map, &file, found->host, sizeof(found->host));
	if (size == 0)
		return;
	found->foreign = false;
	found->path = (struct slice){ found->host, size };
}

int path_finder_read(struct path_finder *finder, int dirfd, const char *name, struct slice root,
		     struct found_path *found)
{
	int r = read_link(dirfd, name, found);

	if (r < 0)
		return r;
	found->deleted = found->memfd = found->foreign = false;
	read_stat(dirfd, name, found);
	judge_deleted(finder, found);
	found->in_root = below(found->path, root);
	/* A mount may be younger than the table. */
	if (!is_host_mount(finder, found) &&
	    !(mount_map_refresh(finder->map) && is_host_mount(finder, found)))
		find_foreign(finder, dirfd, root, found);
	return 0;
}
