/* SPDX-License-Identifier: MIT */
/* Lines to syslog's socket, which is never waited for: libc's syslog(3) blocks where it is full. */
#pragma once

#include "util/macros.h"

#define SYSLOG_PATH "/dev/log"

/*
 * Sends one line as RFC 3164 has it. *fd is the connection, -1 before the first line; one that has
 * gone is made anew. 0; -EAGAIN: it is full; -ENOENT, -ECONNREFUSED ...: nobody listens.
 */
int syslog_send(const char *path, int *fd, int facility, int level, const char *ident,
		const char *message);
