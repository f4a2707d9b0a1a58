// SPDX-License-Identifier: MIT
/* The kernel's own way: a write(2) is one request, and a directory is made with the usual mode. */
#include "cgroup/ops.h"

#include "util/fd.h"

#include <fcntl.h>
#include <sys/stat.h>

static int kernel_make_dir(int dirfd, const char *path)
{
	return mkdirat(dirfd, path, 0755) < 0 ? -errno : 0;
}

static int kernel_remove_dir(int dirfd, const char *path)
{
	return unlinkat(dirfd, path, AT_REMOVEDIR) < 0 ? -errno : 0;
}

const struct cgroup_ops cgroup_ops_kernel = {
	.make_dir = kernel_make_dir,
	.remove_dir = kernel_remove_dir,
	.write = file_write_at,
};
