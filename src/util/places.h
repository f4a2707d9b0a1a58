/* SPDX-License-Identifier: MIT */
/* Where programs find each other, unless they are told otherwise. */
#pragma once

#include "util/macros.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PLACE_RUNTIME "/run/reeve" /* the daemon's folder */
#define PLACE_SOCKET  "reeve.sock" /* in it: where it answers */

/* The socket in the daemon's folder, to be freed; NULL: no memory. */
static inline char *place_socket(const char *runtime_dir)
{
	char *path = NULL;

	return asprintf(&path, "%s/" PLACE_SOCKET, runtime_dir) < 0 ? NULL : path;
}

enum { PLACE_SIZE = PATH_MAX + 32 };

/* A program beside the one that runs: in a build tree, that is where it is. `name` may lead to
 * another folder ("../sbin/reeved"). */
static inline void place_beside(const char *name, char path[static PLACE_SIZE])
{
	char self[PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	snprintf(path, PLACE_SIZE, "%s/%s", self, name);
}
