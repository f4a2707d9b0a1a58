/* SPDX-License-Identifier: MIT */
/* What job-mount.c makes ready and child-mount.c carries out; inside of this folder only. */
#pragma once

#include "launch/job.h"

struct statx;

enum { MOUNT_PATH_MAX = 1024 };

struct job_option {
	const char *key, *value; /* value NULL: a flag */
};

struct job_mount {
	char *words;			  /* what the options point into; owned */
	const struct job_option *options; /* owned */
	size_t option_count;
	char **below; /* where has_setattr is not: what is mounted below the source; owned */
};

struct job_mounts {
	struct job_mount *rows; /* one for each mount of the plan */
	size_t count;
	bool has_setattr; /* mount_setattr(2), 5.12 */
	bool has_new_api; /* open_tree(2), fsopen(2), ...: 5.2 */
	char **below;	  /* of the root, as in job_mount; owned */

	/* The child's. */
	/* Of the mounts, as all was before the first of them; -errno where there is none. O_PATH,
	 * and with job->has_base the tree itself, mounted nowhere yet. */
	long *sources;
	long null_fd;	/* /dev/null, the same */
	int root_fd;	/* O_PATH; what targets are relative to */
	uint64_t *made; /* the kernel's numbers of our own mounts, in which targets may be made */
	size_t made_count;
};

/* For the child only, as all that follows: closes a descriptor, if it is one, and returns `result`.
 */
int child_close(long fd, int result);
/* A path in the new root, O_PATH: fd or -errno. */
long child_open(int root_fd, const char *path);
/* Type, mode and mount of a path; "" is `fd` itself. 0 or -errno. */
int child_look(int fd, const char *path, struct statx *ret_status);
/* From now on targets may be made in this mount. */
void child_remember(struct job_mounts *mounts, int fd);
/* 0, or -ENOENT where nothing may be made in the folder. */
int child_may_make(const struct job *job, int folder);
/* The folder that `path` is in, made if it may be; *ret_name points into `part`. fd or -errno. */
long child_open_above(const struct job *job, const char *path, char part[static MOUNT_PATH_MAX],
		      const char **ret_name);
/* The mount point; a missing one is made, as a folder or an empty file. fd or -errno. */
long child_open_target(struct job *job, const char *path, bool folder);
enum { FD_PATH_SIZE = 32 };
/* /proc/self/fd/N, for calls that take no descriptors. */
const char *child_fd_path(char text[static FD_PATH_SIZE], int fd);

/* MOUNT_ATTR_* as flags of mount(2). */
unsigned long child_old_flags(uint64_t attributes);
int child_set_attributes(int fd, uint64_t attributes, bool shallow);
/* The same of a tree that is mounted nowhere yet, and nothing of it is seen outside. */
int child_set_apart(int fd, uint64_t attributes, bool shallow);
/* The same of one mount by mount(2), and of one in the new root with those `below` it. */
int child_remount(int fd, uint64_t attributes);
int child_remount_all(struct job *job, const char *target, uint64_t attributes, char **below);

/* A new file system, mounted nowhere yet: fd or -errno. `row` may be NULL: no options. */
long child_file_system(struct job *job, const char *type, const char *source,
		       const struct job_mount *row, uint64_t attributes);
/* Before the first mount. */
void child_open_sources(struct job *job);
/* Mounts it over `target`, which is closed; also where it is a negative errno already. */
int child_attach(struct job *job, long tree, long target);
