// SPDX-License-Identifier: MIT
/*
 * To make a group costs a system call for each hierarchy, and the kernel some work under a lock
 * that everybody's launches share; ahead of a launch both are for nothing. As with networks,
 * nothing is made behind the caller's back, and no group is used twice: what a program left in it,
 * its counters above all, is nobody's to find.
 */
#include "launch/group-pool.h"

#include "util/fd.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>

int group_pool_add(struct group_pool *pool, const char *folder)
{
	if (pool->above_count == HIERARCHY_MAX)
		return -ENOSPC;
	pool->above[pool->above_count] = strdup(folder);
	if (!pool->above[pool->above_count])
		return -ENOMEM;
	pool->above_count++;
	return 0;
}

/* v1: a new cpuset has neither processors nor memory, and takes nobody in. v2 and others have no
 * such files, or inherit. */
static int fill_cpuset(const char *above, const char *folder)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };
	_cleanup_(closep) int from = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(closep) int to = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char text[4096];
	int r = 0;

	if (from < 0 || to < 0)
		return -errno;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(files); i++)
		if (faccessat(to, "cgroup.clone_children", F_OK, 0) == 0 &&
		    file_read_into(from, files[i], text, sizeof(text)) > 0)
			r = file_write_at(to, files[i], text);
	return r;
}

static int make_folder(struct group_place *place, const char *above, unsigned number)
{
	char *folder = NULL;

	if (asprintf(&folder, "%s/launch-%d-%u", above, (int)getpid(), number) < 0)
		return -ENOMEM;
	if (mkdir(folder, 0755) < 0) {
		int r = -errno;

		free(folder);
		return r;
	}
	place->folders[place->count++] = folder;
	return fill_cpuset(above, folder);
}

static int make_in_all(const struct group_pool *pool, unsigned number, struct group_place *place)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < pool->above_count; i++)
		r = make_folder(place, pool->above[i], number);
	if (r < 0) {
		(void)group_place_remove(place);
		group_place_done(place);
	}
	return r;
}

/* What an earlier process of our number has left is stepped over. */
static int make(const struct group_pool *pool, struct group_place *ret_place, struct error *err)
{
	enum { TRIES = 4096 };
	static _Atomic unsigned last;
	struct group_place place = { .count = 0 };
	int r = -EEXIST;

	for (int i = 0; r == -EEXIST && i < TRIES; i++)
		r = make_in_all(pool, atomic_fetch_add(&last, 1), &place);
	if (r < 0)
		return error_set_errno(err, r, "cannot make a group for one program below %s",
				       pool->above[0]);
	*ret_place = place;
	return 0;
}

int group_pool_fill(struct group_pool *pool, size_t count, struct error *err)
{
	if (pool->above_count == 0)
		return error_set(err, -EINVAL,
				 "groups made ahead are below those of the plan, which has none");
	if (count > GROUP_POOL_MOST)
		return error_set(err, -EINVAL, "%zu groups are too many to be kept (at most %d)",
				 count, GROUP_POOL_MOST);
	while (pool->count < count) {
		int r = make(pool, &pool->ahead[pool->count], err);

		if (r < 0)
			return r;
		pool->count++;
	}
	return 0;
}

int group_pool_take(struct group_pool *pool, struct group_place *ret_place, struct error *err)
{
	if (pool->count == 0)
		return make(pool, ret_place, err);
	*ret_place = pool->ahead[--pool->count];
	return 0;
}

void group_pool_done(struct group_pool *pool)
{
	while (pool->count > 0) {
		struct group_place *place = &pool->ahead[--pool->count];

		(void)group_place_remove(place);
		group_place_done(place);
	}
	while (pool->above_count > 0)
		free(pool->above[--pool->above_count]);
}

int group_place_remove(struct group_place *place)
{
	while (place->count > 0) {
		char *folder = place->folders[place->count - 1];

		if (rmdir(folder) < 0 && errno != ENOENT)
			return -errno;
		free(folder);
		place->count--;
	}
	return 0;
}

void group_place_done(struct group_place *place)
{
	while (place->count > 0)
		free(place->folders[--place->count]);
}
