/* SPDX-License-Identifier: MIT */
/* Network namespaces made ahead, for launches that then need not make theirs. */
#pragma once

#include "util/error.h"

enum { NETWORK_POOL_MOST = 64 };

/* All zero is an empty one. */
struct network_pool {
	int fds[NETWORK_POOL_MOST];
	size_t count;
};

/* Until `count` are there; fewer is fine. -EINVAL: more than NETWORK_POOL_MOST; or why none can be
 * made: those that were made stay. */
int network_pool_fill(struct network_pool *pool, size_t count, struct error *err);
/* One that nobody has been in, with its loopback up: the caller's. -1: none is left. */
int network_pool_take(struct network_pool *pool);
void network_pool_done(struct network_pool *pool);
