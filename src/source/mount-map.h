/* SPDX-License-Identifier: MIT */
/*
 * Which mounts the host has, and by which of them a file can be reached that a process sees
 * through a mount of its own namespace.
 *
 * "The host" is the mount namespace of whoever reads.
 */
#pragma once

#include "util/host.h"
#include "util/text.h"

#include <sys/stat.h>

struct mount_map;

/* -ENOMEM; a mountinfo that cannot be read leaves the map empty. */
int mount_map_new(const struct host *host, struct mount_map **ret_map);
void mount_map_free(struct mount_map *map);
DEFINE_CLEANUP(struct mount_map *, mount_map_free);

/* Reads the mounts anew if they have changed. True if they were read. */
bool mount_map_refresh(struct mount_map *map);

/* False when the mounts are not known: then nothing can be said of any id. */
bool mount_map_is_known(const struct mount_map *map);
/* True if a mount of the host has that id (statx: stx_mnt_id). */
bool mount_map_has(const struct mount_map *map, uint64_t id);

/* A file within its file system. */
struct mount_file {
	unsigned major, minor;	  /* of the file system, as mountinfo says */
	struct slice root;	  /* where its mount begins in the file system, "/" or a path */
	struct slice inner;	  /* the rest: "" or a path that begins with a slash */
	const struct statx *stat; /* NULL: the file has no name any more, any place will do */
};

/*
 * Writes the path by which the host reaches that file, with its NUL, and returns its length; 0: by
 * none, or it does not fit.
 */
size_t mount_map_find(const struct mount_map *map, const struct mount_file *file, char *path,
		      size_t size);

/*
 * Looks for a mount in the mountinfo of a process (`dirfd`: its folder in /proc), whose mount
 * points are seen from the process's own root. Needs a text to read into; the slices of `ret_file`
 * point into it, `inner` is not set. Returns 0, -ENOENT or another negative errno. `ret_point` is
 * the mount point.
 */
int mount_lookup(int dirfd, uint64_t id, char **ret_text, struct mount_file *ret_file,
		 struct slice *ret_point);

/* The folder of a cgroup v2 path as the host mounts that hierarchy: O_PATH descriptor that the map
 * owns, and the path that the mount begins at; -1: not mounted. */
int mount_map_cgroup2(const struct mount_map *map, struct slice *ret_root);
