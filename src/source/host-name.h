/* SPDX-License-Identifier: MIT */
/*
 * The name of an open file in our own mount namespace, the host's, which is what names in rules
 * mean. The kernel shows the path of a file as the mount says through which it was opened; for a
 * mount of another namespace that path means nothing here, and any user can make one (user
 * namespaces) in which his own file has whatever path he likes.
 */
#pragma once

#include "source/mount-table.h"
#include "util/host.h"

#include <limits.h>

struct seen_file {
	pid_t pid;	/* who has it open, or a thread; 0: not known */
	uint64_t mount; /* statx's stx_mnt_id; 0: the kernel does not say (before 5.8) */
	dev_t dev;
	ino_t ino;
};

/* Text for one name at a time: a thread has one of its own. */
struct name_buffer {
	char path[PATH_MAX + 1];
	size_t length;
	/* The rest is for the work. */
	char below[PATH_MAX + 1];
	char candidate[PATH_MAX + 1];
	char mountinfo[65536];
};

enum host_name {
	HOST_NAME_NONE,	  /* it has none here that could be found */
	HOST_NAME_ONE_OF, /* its file system is mounted here more than once: there may be others */
	HOST_NAME_ONLY,	  /* but for hard links */
};

/*
 * buffer->path holds the path as readlink of the descriptor says; it is replaced by the host's
 * name, or stays as it is with HOST_NAME_NONE. `table` may be NULL: nothing is known.
 * No allocation, no lock; opens only O_PATH and /proc, and waits for no server or disk.
 */
enum host_name host_name_find(const struct host *host, const struct mount_table *table,
			      const struct seen_file *file, struct name_buffer *buffer);

/*
 * The file that a link below the open /proc leads to ("PID/exe", "PID/cwd", "self/fd/N"): what is
 * known of it, but for who has it open, and in `buffer` its path as the kernel writes it, without
 * the " (deleted)" behind it, for host_name_find(). 0; -ENAMETOOLONG (the kernel shows no more than
 * a page), or the -errno of readlink or statx; then `buffer` holds nothing of use.
 */
int host_name_of_link(int proc_fd, const char *link, struct seen_file *ret_file,
		      struct name_buffer *buffer);
