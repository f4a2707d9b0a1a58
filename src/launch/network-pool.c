// SPDX-License-Identifier: MIT
/*
 * A network namespace costs the kernel some 300 µs, more than all else of a launch together, and is
 * like any other as long as nobody has been in it. So it can be made ahead, when there is time.
 * Nothing is made behind the caller's back: no thread, and no more than was asked for.
 */
#include "launch/network-pool.h"

#include "launch/launch.h"
#include "util/fd.h"

int network_pool_fill(struct network_pool *pool, size_t count, struct error *err)
{
	const struct launch_namespaces namespaces = { .unshare = CLONE_NEWNET, .loopback = true };
	const struct launch_plan plan = { .clone_fd = -1, .namespaces = &namespaces };

	if (count > NETWORK_POOL_MOST)
		return error_set(err, -EINVAL,
				 "%zu network namespaces are too many to be kept (at most %d)",
				 count, NETWORK_POOL_MOST);
	while (pool->count < count) {
		int r = launch_keep(&plan, CLONE_NEWNET, &pool->fds[pool->count], NULL, err);

		if (r < 0)
			return r;
		pool->count++;
	}
	return 0;
}

int network_pool_take(struct network_pool *pool)
{
	return pool->count > 0 ? pool->fds[--pool->count] : -1;
}

void network_pool_done(struct network_pool *pool)
{
	while (pool->count > 0)
		close(pool->fds[--pool->count]);
}
