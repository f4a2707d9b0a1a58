/* SPDX-License-Identifier: MIT */
/*
 * The mounts of our mount namespace, as a table that does not change: the loop makes one whenever
 * mountinfo has changed, the gate's threads read it.
 */
#pragma once

#include "source/gate-mounts.h"

#include <sys/types.h>

struct mount_row {
	unsigned id; /* of statx's stx_mnt_id */
	dev_t dev;   /* the file system's; stat may say others of its files (btrfs, overlay) */
	enum filesystem_class class;
	bool shared;	  /* the file system is mounted here more than once */
	const char *root; /* what part of the file system is mounted, "/" is all of it */
	const char *mount_point;
};

struct mount_table {
	struct mount_row *rows; /* sorted by id */
	size_t count;
	char *text;
	struct mount_table *next; /* for the owner's use */
};

/* `mountinfo` is the file's text, for free(): it is taken, also on error. 0 or -ENOMEM. */
int mount_table_new(char *mountinfo, struct mount_table **ret_table);
void mount_table_free(struct mount_table *table);
DEFINE_CLEANUP(struct mount_table *, mount_table_free);

/* NULL: it is not in our namespace (or newer than the table). */
const struct mount_row *mount_table_find(const struct mount_table *table, uint64_t id);

/* On which mount a path is; NULL if on none that the table has. */
const struct mount_row *mount_table_of_path(const struct mount_table *table, const char *path);

/*
 * The name through one of our mounts of what is at `path` in its file system. False when the mount
 * does not show that part, or the name does not fit.
 */
bool mount_row_name(const struct mount_row *row, const char *path, char *name, size_t size);

/* True if a look-up of the path could have to wait for a server, or mount something. */
bool mount_table_may_wait(const struct mount_table *table, const char *path);

/* What is left of `path` below `folder`: "" for itself, "/x"; NULL if it is not below. */
const char *path_below(const char *path, const char *folder);
