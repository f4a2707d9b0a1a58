/* SPDX-License-Identifier: MIT */
/* Which file systems the gate watches, and how. */
#pragma once

#include "util/macros.h"

enum filesystem_class {
	FILESYSTEM_LOCAL,
	FILESYSTEM_REMOTE, /* opening a file may wait for another host or process */
	FILESYSTEM_USERS,  /* FUSE that a user has mounted: it waits for his program. Never watched
			    */
	FILESYSTEM_PSEUDO, /* holds no programs; never watched */
};

/*
 * By the type that mountinfo names ("ext4", "fuse.sshfs"), and the options of the file system that
 * stand at the end of its line; unknown types are local.
 */
enum filesystem_class filesystem_class(const char *type, const char *super_options);
