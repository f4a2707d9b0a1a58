/* SPDX-License-Identifier: MIT */
/* Where the server listens: a port of loopback, or a Unix socket. */
#pragma once

#include "util/error.h"

#include <sys/socket.h>

enum { ADDRESS_TEXT = 64 };

struct address {
	const char *path; /* of a Unix socket, borrowed; NULL: */
	struct sockaddr_storage ip;
	socklen_t ip_size;
};

/*
 * "127.0.0.1:7390", "localhost:7390", "[::1]:7390", ":7390", or "unix:/path". Port 0: any that is
 * free. -EINVAL: none of these; -EACCES: an address that other machines reach.
 */
int address_parse(const char *text, struct address *ret_address, struct error *err);

/*
 * Listens, without blocking. A Unix socket is for its owner alone (and `gid`, where it is not -1).
 * -EADDRINUSE and others with a sentence.
 */
int address_listen(const struct address *address, gid_t gid, int *ret_fd, struct error *err);

/* "127.0.0.1:7390", of a listening socket. */
int address_describe(int fd, char text[static ADDRESS_TEXT]);
