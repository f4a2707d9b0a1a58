/* SPDX-License-Identifier: MIT */
/*
 * The three things that change a cgroup file system, so that a test can stand in for the kernel
 * (fake.h): directories that fill themselves with files, and files that round and refuse.
 * Reading needs no stand-in. All return 0 or a negative errno.
 */
#pragma once

#include "util/macros.h"

struct cgroup_ops {
	int (*make_dir)(int dirfd, const char *path);
	int (*remove_dir)(int dirfd, const char *path);
	int (*write)(int dirfd, const char *path, const char *text);
};

extern const struct cgroup_ops cgroup_ops_kernel;
