// SPDX-License-Identifier: MIT
/*
 * A cell is made by one mkdir, entered at birth, and removed by one rmdir; nothing is written to
 * disk for it, as many come and go in a second. The prefix of its name tells it from groups that
 * others made below ours.
 */
#include "cgroup/cell.h"

#include "cgroup/internal.h"
#include "cgroup/membership.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>

struct cell {
	const struct layout *layout;
	const struct hierarchy *hierarchy;
	char *path; /* below the mount point */
	char *shown;
	int fd; /* directory, opened for reading, as clone3 wants it */
	int entrance_fd;
};

static int open_file(const struct hierarchy *h, const char *path, const char *file, int flags)
{
	char name[PATH_MAX];
	int r = cgroup_path_file(name, sizeof(name), path, file);

	if (r < 0)
		return r;
	r = openat(h->fd, name, flags | O_CLOEXEC | O_NOCTTY);
	return r < 0 ? -errno : r;
}

/* Where a group's cells are: its main hierarchy, if it is in that. */
static const struct hierarchy *ground_of(const struct group *group, char **ret_directory)
{
	const struct layout *layout = group->groups->layout;
	int main = groups_main_hierarchy(layout);

	*ret_directory = NULL;
	if (main < 0 || !(group->needs & UINT32_C(1) << main))
		return NULL;
	*ret_directory = group_directory(group, (unsigned)main, false);
	return *ret_directory ? &layout->hierarchies[main] : NULL;
}

/* What an earlier process of our number has left is stepped over. */
static int make(struct cell *cell, const char *directory)
{
	enum { TRIES = 4096 };
	static _Atomic unsigned last;
	int r = -EEXIST;

	for (int i = 0; r == -EEXIST && i < TRIES; i++) {
		_cleanup_(freep) char *path = NULL;

		if (asprintf(&path, "%s/" CELL_PREFIX "%d.%u", directory, getpid(),
			     atomic_fetch_add(&last, 1)) < 0)
			return -ENOMEM;
		r = cell->layout->ops->make_dir(cell->hierarchy->fd, path);
		if (r >= 0)
			cell->path = TAKE_PTR(path);
	}
	return r;
}

static int open_cell(struct cell *cell)
{
	const struct hierarchy *h = cell->hierarchy;

	cell->shown = cgroup_path_shown(h, cell->path);
	if (!cell->shown)
		return -ENOMEM;
	cell->fd = open_file(h, cell->path, ".", O_RDONLY | O_DIRECTORY);
	if (cell->fd < 0)
		return cell->fd;
	/* In v1, `tasks` is entered without the kernel's global lock. */
	cell->entrance_fd = open_file(h, cell->path, h->v2 ? "cgroup.procs" : "tasks", O_WRONLY);
	return MIN(cell->entrance_fd, 0);
}

int cell_new(const struct group *group, struct cell **ret_cell, struct error *err)
{
	_cleanup_(cell_freep) struct cell *cell = calloc(1, sizeof(*cell));
	_cleanup_(freep) char *directory = NULL;
	const struct hierarchy *h = ground_of(group, &directory);
	int r;

	if (!cell)
		return error_oom(err);
	cell->fd = cell->entrance_fd = -1;
	if (!h)
		return error_set(err, -ENODEV, "group %s is in no hierarchy", group->name);
	cell->layout = group->groups->layout;
	cell->hierarchy = h;
	r = make(cell, directory);
	if (r >= 0)
		r = open_cell(cell);
	if (r < 0)
		return error_set_errno(err, r, "cannot make a cgroup for one program in %s/%s",
				       h->mount_point, directory);
	*ret_cell = TAKE_PTR(cell);
	return 0;
}

int cell_remove(struct cell *cell)
{
	int r;

	if (!cell->path)
		return 0;
	r = cell->layout->ops->remove_dir(cell->hierarchy->fd, cell->path);
	if (r < 0 && r != -ENOENT)
		return r;
	free(TAKE_PTR(cell->path));
	return 0;
}

void cell_free(struct cell *cell)
{
	if (!cell)
		return;
	(void)cell_remove(cell);
	closep(&cell->fd);
	closep(&cell->entrance_fd);
	free(cell->path);
	free(cell->shown);
	free(cell);
}

int cell_clone_fd(const struct cell *cell)
{
	return cell->hierarchy->v2 ? cell->fd : -1;
}

int cell_entrance(const struct cell *cell)
{
	return cell->entrance_fd;
}

/* ---- who is in it ---- */

/* The path at `now` is `path` or below it. */
static bool is_below(const char *now, size_t size, const char *path)
{
	size_t length = strlen(path);

	return size >= length && memcmp(now, path, length) == 0 &&
	       (size == length || now[length] == '/');
}

/* By a descriptor that was open before the look: the number may have been used again. */
static bool signal_one(const struct cell *cell, pid_t pid, int number)
{
	_cleanup_(closep) int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct membership membership;
	const char *now;
	size_t size;

	if (fd < 0 || membership_read(cell->layout->host, pid, &membership) < 0 ||
	    !membership_path(&membership, cell->hierarchy->id, &now, &size) ||
	    !is_below(now, size, cell->shown))
		return false;
	return syscall(SYS_pidfd_send_signal, fd, number, NULL, 0) == 0;
}

int cell_signal(const struct cell *cell, int number)
{
	_cleanup_(freep) pid_t *pids = NULL;
	size_t count = 0;
	int r, told = 0;

	if (!cell->path)
		return 0;
	r = members_read_below(cell->hierarchy, cell->path, &pids, &count);
	for (size_t i = 0; i < count; i++)
		told += signal_one(cell, pids[i], number);
	return r < 0 && r != -ENOENT && r != -ENODEV ? r : told;
}

int cell_kill(const struct cell *cell)
{
	int r = -ENOENT;

	if (!cell->path)
		return 0;
	if (cell->hierarchy->v2)
		r = cgroup_write(cell->layout, cell->hierarchy, cell->path, "cgroup.kill", "1");
	if (r == -ENOENT || r == -EOPNOTSUPP)
		r = cell_signal(cell, SIGKILL);
	return MIN(r, 0);
}

bool cell_of_group(const struct group *group, const char *text, size_t size)
{
	const struct layout *layout = group->groups->layout;
	int main = groups_main_hierarchy(layout);
	const char *path = main < 0 ? NULL : group_path(group, &layout->hierarchies[main]);
	const char *cursor = text, *name;
	struct membership_line line;

	while (path && membership_next(&cursor, text + size, &line)) {
		if (line.id != layout->hierarchies[main].id)
			continue;
		name = line.path + strlen(path) + 1;
		return is_below(line.path, line.path_length, path) &&
		       line.path_length > (size_t)(name - line.path) + strlen(CELL_PREFIX) &&
		       memcmp(name, CELL_PREFIX, strlen(CELL_PREFIX)) == 0;
	}
	return false;
}

/* ---- those that were left ---- */

size_t cells_sweep(const struct group *group)
{
	_cleanup_(freep) char *directory = NULL;
	const struct hierarchy *h = ground_of(group, &directory);

	return h ? cells_remove(group->groups->layout, h, directory) : 0;
}

struct sweep {
	const struct layout *layout;
	const struct hierarchy *hierarchy;
	const char *directory;
	size_t left;
};

static int sweep_one(void *context, const char *name)
{
	struct sweep *sweep = context;
	_cleanup_(freep) char *path = NULL;
	int r;

	if (strncmp(name, CELL_PREFIX, strlen(CELL_PREFIX)) != 0)
		return 0;
	path = cgroup_path_join(sweep->directory, name);
	r = path ? sweep->layout->ops->remove_dir(sweep->hierarchy->fd, path) : -ENOMEM;
	sweep->left += r < 0 && r != -ENOENT;
	return 0;
}

size_t cells_remove(const struct layout *layout, const struct hierarchy *hierarchy,
		    const char *directory)
{
	struct sweep sweep = { layout, hierarchy, directory, 0 };

	(void)children_each(hierarchy, directory, sweep_one, &sweep);
	return sweep.left;
}
