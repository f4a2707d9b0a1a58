/* SPDX-License-Identifier: MIT */
/* A listening Unix socket with its file, for this protocol and older ones. */
#pragma once

#include "util/error.h"

#include <sys/stat.h>
#include <sys/types.h>

/*
 * Listens at `path`, without blocking. A file that a dead daemon has left there is replaced. For
 * the owner alone (`gid` -1), or for that group as well; `uid` -1: the owner is the caller.
 * -EADDRINUSE: somebody answers there; -EEXIST: it is no socket; others with a sentence.
 */
int socket_listen(const char *path, uid_t uid, gid_t gid, int *ret_fd, struct stat *ret_stat,
		  struct error *err);
