// SPDX-License-Identifier: MIT
/*
 * Moving one process, on the gate's path. Everything that could block, allocate or fail is done
 * when the placement is made: the move itself formats a number and writes it to descriptors that
 * are open. cgroup.procs moves all threads of the process at once.
 *
 * A placement is never changed once it was handed out, but for one thing: when the kernel forces
 * a group's own processes into a leaf, the descriptor is replaced in place by dup3(2), which is
 * atomic, so that an old snapshot goes on working.
 */
#include "cgroup/internal.h"
#include "util/digits.h"

#include <fcntl.h>
#include <limits.h>

void placement_free(struct placement *placement)
{
	if (!placement)
		return;
	for (size_t i = 0; i < placement->count; i++) {
		union {
			const char *borrowed;
			char *owned;
		} path = { placement->in[i].path };

		closep(&placement->in[i].procs_fd);
		free(path.owned);
	}
	free(placement);
}
DEFINE_CLEANUP(struct placement *, placement_free);

void exits_free(struct placement_exits *exits)
{
	if (!exits)
		return;
	for (size_t i = 0; i < exits->count; i++) {
		closep(&exits->from[i].procs_fd);
		free(exits->from[i].prefix);
		free(exits->from[i].path);
	}
	free(exits);
}

static int open_procs(const struct hierarchy *h, const char *directory)
{
	char path[PATH_MAX];
	int r = cgroup_path_file(path, sizeof(path), directory, "cgroup.procs");

	if (r < 0)
		return r;
	r = openat(h->fd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	return r < 0 ? -errno : r;
}

static int add_seat(struct placement *placement, const struct group *group, unsigned hierarchy)
{
	const struct hierarchy *h = &group->groups->layout->hierarchies[hierarchy];
	_cleanup_(freep) char *path = group_directory(group, hierarchy, true);
	_cleanup_(freep) char *shown = path ? cgroup_path_shown(h, path) : NULL;
	int fd;

	if (!shown)
		return -ENOMEM;
	fd = open_procs(h, path);
	if (fd < 0)
		return fd;
	placement->in[placement->count].procs_fd = fd;
	placement->in[placement->count].hierarchy = h->id;
	placement->in[placement->count].path_length = strlen(shown);
	placement->in[placement->count].path = TAKE_PTR(shown);
	placement->count++;
	return 0;
}

/* Whether the directories behind the placement are still those that it was opened on. */
static bool is_current(const struct group *group)
{
	const struct groups *groups = group->groups;
	size_t count = 0;

	if (!group->placement)
		return false;
	for (unsigned i = 0; i < groups->layout->hierarchy_count; i++) {
		_cleanup_(freep) char *path = NULL;

		if (!(group->needs & UINT32_C(1) << i)) {
			if (group->placed_ids[i])
				return false;
			continue;
		}
		path = group_directory(group, i, true);
		if (!path ||
		    cgroup_path_id(&groups->layout->hierarchies[i], path) != group->placed_ids[i])
			return false;
		count++;
	}
	return count == group->placement->count;
}

/* Lets old snapshots go on: their descriptors are pointed to where the group is now. */
static void redirect(const struct placement *old, const struct placement *to)
{
	for (size_t i = 0; i < old->count; i++)
		for (size_t k = 0; k < to->count; k++)
			if (old->in[i].hierarchy == to->in[k].hierarchy)
				(void)dup3(to->in[k].procs_fd, old->in[i].procs_fd, O_CLOEXEC);
}

static int retire(struct group *group)
{
	struct retired *retired;

	if (!group->placement)
		return 0;
	retired = malloc(sizeof(*retired));
	if (!retired)
		return -ENOMEM;
	retired->placement = TAKE_PTR(group->placement);
	retired->next = group->groups->retired;
	group->groups->retired = retired;
	return 0;
}

void group_close_tasks(struct group *group)
{
	for (size_t i = 0; i < group->tasks->count; i++)
		close(group->tasks->fds[i]);
	group->tasks->count = 0;
}

int placement_renew(struct group *group)
{
	_cleanup_(placement_freep) struct placement *placement = NULL;
	const struct groups *groups = group->groups;
	struct placement *old = group->placement;
	int r;

	if (is_current(group))
		return 0;
	placement = calloc(1, sizeof(*placement));
	if (!placement)
		return -ENOMEM;
	placement->exits = groups->leave;
	for (unsigned i = 0; i < groups->layout->hierarchy_count; i++) {
		if (!(group->needs & UINT32_C(1) << i))
			continue;
		r = add_seat(placement, group, i);
		if (r < 0)
			return r;
	}
	r = retire(group);
	if (r < 0)
		return r;
	if (old)
		redirect(old, placement);
	group->placement = TAKE_PTR(placement);
	closep(&group->clone_fd);
	group->clone_fd = -1;
	group_close_tasks(group);
	for (unsigned i = 0; i < groups->layout->hierarchy_count; i++) {
		_cleanup_(freep) char *path = group_directory(group, i, true);
		const struct hierarchy *h = &groups->layout->hierarchies[i];

		group->placed_ids[i] =
			path && group->needs & UINT32_C(1) << i ? cgroup_path_id(h, path) : 0;
		if (h->v2 && group->placed_ids[i])
			group->clone_fd = openat(h->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	return 0;
}

static int add_exit(struct groups *groups, struct placement_exits *exits, unsigned hierarchy)
{
	const struct hierarchy *h = &groups->layout->hierarchies[hierarchy];
	_cleanup_(freep) char *shown = cgroup_path_shown(h, groups->base[hierarchy]);
	_cleanup_(freep) char *path = cgroup_path_shown(h, groups->exits[hierarchy]);
	char *prefix = NULL;
	int fd;

	if (!shown || !path || asprintf(&prefix, "%s/", shown) < 0)
		return -ENOMEM;
	fd = open_procs(h, groups->exits[hierarchy]);
	if (fd < 0) {
		/* Nothing can be made there either, so nobody will ever have to leave it. */
		free(prefix);
		return 0;
	}
	exits->from[exits->count].procs_fd = fd;
	exits->from[exits->count].hierarchy = h->id;
	exits->from[exits->count].prefix = prefix;
	exits->from[exits->count].prefix_length = strlen(prefix);
	exits->from[exits->count].path_length = strlen(path);
	exits->from[exits->count].path = TAKE_PTR(path);
	exits->count++;
	return 0;
}

int exits_open(struct groups *groups)
{
	struct placement_exits *exits;
	bool known = false;
	int r;

	for (unsigned i = 0; i < groups->layout->hierarchy_count; i++)
		known = known || groups->base[i];
	if (groups->leave || !known)
		return 0;
	exits = calloc(1, sizeof(*exits));
	if (!exits)
		return -ENOMEM;
	for (unsigned i = 0; i < groups->layout->hierarchy_count; i++) {
		if (groups->layout->hierarchies[i].v2 || !groups->base[i])
			continue;
		r = add_exit(groups, exits, i);
		if (r < 0) {
			exits_free(exits);
			return r;
		}
	}
	groups->leave = exits;
	return 0;
}

const struct placement *group_placement(const struct group *group)
{
	return group->placement;
}

static int write_pid(int fd, const char *text, size_t size)
{
	ssize_t n;

	do
		n = write(fd, text, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* Of a group that is not ours, which may have been removed and made again since. */
static int write_below(const struct placement_seat *seat, const char *text, size_t size)
{
	_cleanup_(closep) int fd = -1;
	char path[PATH_MAX];
	int r = cgroup_path_file(path, sizeof(path), seat->below, "cgroup.procs");

	if (r < 0)
		return r;
	fd = openat(seat->root_fd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : write_pid(fd, text, size);
}

static bool is_in(const struct membership *was, unsigned hierarchy, const char *path, size_t length)
{
	const char *now;
	size_t size;

	return was && membership_path(was, hierarchy, &now, &size) && size == length &&
	       memcmp(now, path, length) == 0;
}

bool placement_has(const struct placement *placement, unsigned hierarchy)
{
	for (size_t i = 0; i < placement->count; i++)
		if (placement->in[i].hierarchy == hierarchy)
			return true;
	return false;
}

/* Out of the hierarchies where a group of this instance holds it that the new group is not in. */
static int leave(const struct placement *placement, const char *pid, size_t size,
		 const struct membership *was, int *written)
{
	const struct placement_exits *exits = placement->exits;
	int failed = 0;

	for (size_t i = 0; exits && i < exits->count; i++) {
		const char *now;
		size_t length;
		int r;

		if (placement_has(placement, exits->from[i].hierarchy) ||
		    !membership_path(was, exits->from[i].hierarchy, &now, &length) ||
		    length < exits->from[i].prefix_length ||
		    memcmp(now, exits->from[i].prefix, exits->from[i].prefix_length) != 0)
			continue;
		r = write_pid(exits->from[i].procs_fd, pid, size);
		if (r == -ESRCH)
			return r;
		if (r < 0 && failed == 0)
			failed = r;
		*written += r == 0;
	}
	return failed;
}

int placement_move(const struct placement *placement, pid_t pid, const struct membership *was)
{
	char text[16];
	size_t size = digits_decimal((unsigned)pid, text);
	int written = 0, failed = 0, r;

	/* "0" would mean the writer itself. */
	if (pid <= 0)
		return -ESRCH;
	for (size_t i = 0; i < placement->count; i++) {
		if (is_in(was, placement->in[i].hierarchy, placement->in[i].path,
			  placement->in[i].path_length))
			continue;
		r = placement->in[i].procs_fd >= 0
			    ? write_pid(placement->in[i].procs_fd, text, size)
			    : write_below(&placement->in[i], text, size);
		if (r == -ESRCH)
			return r;
		if (r < 0 && failed == 0)
			failed = r;
		written += r == 0;
	}
	if (was) {
		r = leave(placement, text, size, was, &written);
		if (r < 0 && failed == 0)
			failed = r;
	}
	return failed < 0 ? failed : written;
}

/* Where our move put it in a hierarchy, or NULL if we moved nothing there. */
static const char *moved_to(const struct placement *placement, unsigned hierarchy, size_t *ret_size)
{
	const struct placement_exits *exits = placement->exits;

	for (size_t i = 0; i < placement->count; i++)
		if (placement->in[i].hierarchy == hierarchy) {
			*ret_size = placement->in[i].path_length;
			return placement->in[i].path;
		}
	for (size_t i = 0; exits && i < exits->count; i++)
		if (exits->from[i].hierarchy == hierarchy) {
			*ret_size = exits->from[i].path_length;
			return exits->from[i].path;
		}
	return NULL;
}

/* The path below the mount point of what /proc/PID/cgroup shows; false if not visible there. */
static bool below_mount(const struct hierarchy *h, const char *shown, size_t length,
			char path[static PATH_MAX])
{
	size_t root = streq(h->mount_root, "/") ? 0 : strlen(h->mount_root);

	if (length < root || memcmp(shown, h->mount_root, root) != 0 || length - root >= PATH_MAX)
		return false;
	shown += root;
	length -= root;
	if (length > 0 && *shown != '/')
		return false;
	while (length > 0 && *shown == '/') {
		shown++;
		length--;
	}
	memcpy(path, shown, length);
	path[length] = '\0';
	return true;
}

static int put_back(const struct layout *layout, const struct hierarchy *h, pid_t pid,
		    const char *shown, size_t length)
{
	char path[PATH_MAX], text[16];
	size_t size = digits_decimal((unsigned)pid, text);

	if (!below_mount(h, shown, length, path))
		return -ENOENT;
	text[size] = '\0';
	return cgroup_write(layout, h, path, "cgroup.procs", text);
}

int placement_move_back(const struct layout *layout, const struct host *host,
			const struct placement *placement, pid_t pid, const struct membership *was)
{
	struct membership now;
	int failed = 0;
	int r = membership_read(host, pid, &now);

	if (r < 0)
		return r;
	for (size_t i = 0; i < layout->hierarchy_count; i++) {
		const struct hierarchy *h = &layout->hierarchies[i];
		const char *old, *mine;
		size_t old_size, mine_size;

		mine = moved_to(placement, h->id, &mine_size);
		if (!mine || !is_in(&now, h->id, mine, mine_size) ||
		    is_in(was, h->id, mine, mine_size) ||
		    !membership_path(was, h->id, &old, &old_size))
			continue;
		r = put_back(layout, h, pid, old, old_size);
		if (r == -ESRCH)
			return r;
		if (r < 0 && failed == 0)
			failed = r;
	}
	return failed;
}

int group_clone_fd(const struct group *group)
{
	return group->clone_fd;
}

static void open_tasks(const struct group *group, struct tasks *tasks)
{
	const struct layout *layout = group->groups->layout;

	for (unsigned i = 0; i < layout->hierarchy_count; i++) {
		const struct hierarchy *h = &layout->hierarchies[i];
		_cleanup_(freep) char *directory = NULL;
		char path[PATH_MAX];
		int fd;

		if (h->v2 || !(group->needs & UINT32_C(1) << i))
			continue;
		directory = group_directory(group, i, true);
		if (!directory || cgroup_path_file(path, sizeof(path), directory, "tasks") < 0)
			continue;
		fd = openat(h->fd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		if (fd >= 0)
			tasks->fds[tasks->count++] = fd;
	}
}

size_t group_tasks_fds(const struct group *group, int *fds, size_t room)
{
	struct tasks *tasks = group->tasks;

	if (tasks->count == 0)
		open_tasks(group, tasks);
	memcpy(fds, tasks->fds, MIN(room, tasks->count) * sizeof(*fds));
	return MIN(room, tasks->count);
}
