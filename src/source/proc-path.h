/* SPDX-License-Identifier: MIT */
/*
 * What the links of /proc/PID (exe, cwd) lead to, by the host's names.
 *
 * The kernel writes such a link as seen from the reader's root, so that of a process in a chroot
 * is right as it stands. One through a mount of another namespace begins at that namespace's root
 * and is looked for among the host's mounts.
 */
#pragma once

#include "source/mount-map.h"

#include <limits.h>

struct path_finder;

/* -ENOMEM. */
int path_finder_new(const struct host *host, struct path_finder **ret_finder);
void path_finder_free(struct path_finder *finder);
DEFINE_CLEANUP(struct path_finder *, path_finder_free);

/* Looks whether mounts have changed; to be called before a round of reads. */
void path_finder_refresh(struct path_finder *finder);
const struct mount_map *path_finder_map(const struct path_finder *finder);

struct found_path {
	struct slice path;    /* from the host's root; `foreign`: as `in_root` */
	struct slice in_root; /* from the process's own root, where it is below that */
	struct statx stat;
	bool has_stat;
	bool deleted; /* this name of the file is gone */
	bool memfd;   /* a file that never had a name: "memfd:NAME", `deleted` is false */
	bool foreign; /* no mount of the host shows it */
	char link[PATH_MAX];
	char host[2 * PATH_MAX];
};

/*
 * `name` is a link in the folder `dirfd` of a process, and `root` what its link "root" says (size
 * 0: unknown). 0, or -errno: -ENOENT of a kernel thread or zombie, -ESRCH of a process that is
 * gone, -EACCES, -ENAMETOOLONG. `found` must stay where it is.
 */
int path_finder_read(struct path_finder *finder, int dirfd, const char *name, struct slice root,
		     struct found_path *found);
