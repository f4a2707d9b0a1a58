/* SPDX-License-Identifier: MIT */
/*
 * Is the host's file of that name the very file that a process had? A process in a chroot or a
 * container says paths from its own root, and may claim any: the inode does not lie.
 */
#pragma once

#include "util/host.h"
#include "util/text.h"

#include <sys/types.h>

/*
 * True if `path` (absolute, without links) names that file now. Never waits for a disk or another
 * host: what the kernel has not in memory is not found, and before Linux 5.12 nothing is. `dev` is
 * the file system's own (on btrfs and some overlays stat(2) says another: then it is false).
 */
bool host_file_is(const struct host *host, struct slice path, dev_t dev, ino_t inode);
/* The same for folder/name. */
bool host_file_is_in(const struct host *host, struct slice folder, struct slice name, dev_t dev,
		     ino_t inode);
