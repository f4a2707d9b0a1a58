/* SPDX-License-Identifier: MIT */
/* Where programs find each other, unless they are told otherwise. */
#pragma once

#include "util/macros.h"

#define PLACE_RUNTIME "/run/reeve" /* the daemon's folder */
#define PLACE_SOCKET  "reeve.sock" /* in it: where it answers */

/* The socket in the daemon's folder, to be freed; NULL: no memory. */
static inline char *place_socket(const char *runtime_dir)
{
	char *path = NULL;

	return asprintf(&path, "%s/" PLACE_SOCKET, runtime_dir) < 0 ? NULL : path;
}
