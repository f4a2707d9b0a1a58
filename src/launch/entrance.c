// SPDX-License-Identifier: MIT
/*
 * The daemon says where a group is; `reeve run` opens these folders itself, because descriptors do
 * not travel over varlink. Which version a folder is of, the file system says, not its path.
 */
#include "launch/entrance.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

void entrance_init(struct entrance *entrance)
{
	*entrance = (struct entrance){ .clone_fd = -1 };
}

void entrance_done(struct entrance *entrance)
{
	for (size_t i = 0; i < entrance->tasks_count; i++)
		close(entrance->tasks_fds[i]);
	closep(&entrance->clone_fd);
	entrance_init(entrance);
}

int entrance_add(struct entrance *entrance, const char *folder, struct error *err)
{
	_cleanup_(closep) int fd = -1;
	struct statfs statfs;
	int tasks;

	if (!folder)
		return error_set(err, -EINVAL, "the group's folder has no name");
	/* Not O_PATH: clone3 wants a descriptor that was opened for reading. */
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstatfs(fd, &statfs) < 0)
		return error_set_errno(err, -errno, "cannot open the group %s", folder);
	if (statfs.f_type == CGROUP2_SUPER_MAGIC && entrance->clone_fd < 0) {
		entrance->clone_fd = TAKE_FD(fd);
		return 0;
	}
	if (statfs.f_type != CGROUP_SUPER_MAGIC || entrance->tasks_count == HIERARCHY_MAX)
		return error_set(err, -EINVAL, "%s is no cgroup", folder);
	tasks = openat(fd, "tasks", O_WRONLY | O_CLOEXEC);
	if (tasks < 0)
		return error_set_errno(err, -errno, "cannot open %s/tasks", folder);
	entrance->tasks_fds[entrance->tasks_count++] = tasks;
	return 0;
}

void entrance_plan(const struct entrance *entrance, struct launch_plan *plan)
{
	plan->clone_fd = entrance->clone_fd;
	plan->tasks_fds = entrance->tasks_fds;
	plan->tasks_count = entrance->tasks_count;
}
