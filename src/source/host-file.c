// SPDX-License-Identifier: MIT
/*
 * RESOLVE_CACHED (5.12) makes the kernel give up where it would have to ask a file system: a user
 * can execute a program from a FUSE mount that answers when he likes. A file that has just been
 * executed is in memory.
 */
#include "source/host-file.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

/* In <linux/openat2.h> since 5.12. */
#ifndef RESOLVE_CACHED
#define RESOLVE_CACHED 0x20
#endif

bool host_file_is_in(const struct host *host, struct slice folder, struct slice name, dev_t dev,
		     ino_t inode)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_CACHED };
	_cleanup_(closep) int fd = -1;
	char path[2 * PATH_MAX];
	struct statx st;
	int n;

	/* Only a path that is whole is free of links. */
	if (name.size == 0)
		how.resolve |= RESOLVE_NO_SYMLINKS;
	n = snprintf(path, sizeof(path), "%s%.*s%s%.*s", host->root, (int)folder.size, folder.data,
		     name.size ? "/" : "", (int)name.size, name.data);
	if (folder.size == 0 || folder.data[0] != '/' || n < 0 || (size_t)n >= sizeof(path))
		return false;
	fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	return fd >= 0 && statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &st) == 0 &&
	       st.stx_ino == inode && st.stx_dev_major == major(dev) &&
	       st.stx_dev_minor == minor(dev);
}

bool host_file_is(const struct host *host, struct slice path, dev_t dev, ino_t inode)
{
	return host_file_is_in(host, path, (struct slice){ "", 0 }, dev, inode);
}
