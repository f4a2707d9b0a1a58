// SPDX-License-Identifier: MIT
/*
 * Without a group a tree is killed from its top, again and again: a child of ours is a zombie until
 * we wait for it, so its number is nobody else's, and what it leaves behind becomes ours. Nobody
 * can get out of that, whatever sessions and groups it makes; only who forks faster than we look
 * could go on, and against that a limit of tasks is the means.
 */
#include "launch/tree.h"

#include "util/fd.h"
#include "util/proc-text.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <sys/wait.h>

enum { CHILDREN_SIZE = 1 << 20, DEPTH_MAX = 64 };

static uint64_t time_ns(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * 1000000000 + (uint64_t)time->tv_usec * 1000;
}

void launch_children_time(uint64_t *ret_user, uint64_t *ret_system)
{
	struct rusage usage = { 0 };

	(void)getrusage(RUSAGE_CHILDREN, &usage);
	*ret_user = time_ns(&usage.ru_utime);
	*ret_system = time_ns(&usage.ru_stime);
}

int launch_tree_init(struct launch_tree *tree)
{
	uint64_t user, system;

	*tree = (struct launch_tree){ .v2_fd = -1, .cpu_fd = -1 };
	launch_children_time(&user, &system);
	tree->before_ns = user + system;
	return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 ? -errno : 0;
}

void launch_tree_done(struct launch_tree *tree)
{
	closep(&tree->v2_fd);
	closep(&tree->cpu_fd);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
}

void launch_tree_add_folder(struct launch_tree *tree, const char *folder)
{
	_cleanup_(closep) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs statfs;
	int cpu;

	if (fd < 0 || fstatfs(fd, &statfs) < 0)
		return;
	if (statfs.f_type == CGROUP2_SUPER_MAGIC) {
		cpu = openat(fd, "cpu.stat", O_RDONLY | O_CLOEXEC);
		closep(&tree->v2_fd);
		tree->v2_fd = TAKE_FD(fd);
		if (cpu >= 0) {
			closep(&tree->cpu_fd);
			tree->cpu_fd = cpu;
			tree->cpu_is_v2 = true;
		}
		return;
	}
	cpu = openat(fd, "cpuacct.usage", O_RDONLY | O_CLOEXEC);
	if (tree->cpu_fd < 0)
		tree->cpu_fd = cpu;
	else
		closep(&cpu);
}

/* ---- processes ---- */

/* The children of a process's first thread, which for us, with one, are all. */
static char *read_children(pid_t pid)
{
	char path[64], *text = NULL;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	return file_read_at(AT_FDCWD, path, CHILDREN_SIZE, &text, NULL) < 0 ? NULL : text;
}

/* The next number of such a list, or 0. */
static pid_t next_pid(char **at)
{
	unsigned long pid = strtoul(*at, at, 10);

	return pid > 0 && pid <= INT32_MAX ? (pid_t)pid : 0;
}

/* utime, stime, and those of the children that it waited for: fields 14 to 17 of stat. */
static uint64_t process_ticks(pid_t pid)
{
	uint64_t ticks[4] = { 0 };
	char path[32], text[PROC_STAT_SIZE];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (file_read_into(AT_FDCWD, path, text, sizeof(text)) < 0)
		return 0;
	at = strrchr(text, ')');
	if (!at || sscanf(at,
			  ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
			  " %" SCNu64 " %" SCNu64,
			  &ticks[0], &ticks[1], &ticks[2], &ticks[3]) != 4)
		return 0;
	return ticks[0] + ticks[1] + ticks[2] + ticks[3];
}

/* Of all below `pid`, which a thread other than the first may have forked: those are missed. */
static uint64_t ticks_below(const struct launch_tree *tree, pid_t pid, int depth)
{
	_cleanup_(freep) char *children = depth < DEPTH_MAX ? read_children(pid) : NULL;
	uint64_t ticks = 0;
	char *at = children;
	pid_t child;

	while (at && (child = next_pid(&at)))
		if (child != tree->spared)
			ticks += process_ticks(child) + ticks_below(tree, child, depth + 1);
	return ticks;
}

int launch_tree_cpu(const struct launch_tree *tree, uint64_t *ret_ns)
{
	uint64_t user, system;
	char text[1024];
	ssize_t size;

	if (tree->cpu_fd >= 0) {
		const char *number = text;

		size = pread(tree->cpu_fd, text, sizeof(text) - 1, 0);
		if (size < 0)
			return -errno;
		text[size] = '\0';
		if (tree->cpu_is_v2)
			number = proc_status_value(text, "usage_usec");
		if (!number)
			return -EBADMSG;
		*ret_ns = strtoull(number, NULL, 10) * (tree->cpu_is_v2 ? 1000 : 1);
		return 0;
	}
	launch_children_time(&user, &system);
	*ret_ns = user + system - tree->before_ns +
		  ticks_below(tree, getpid(), 0) * (1000000000 / PROC_STAT_USER_HZ);
	return 0;
}

size_t launch_tree_kill(const struct launch_tree *tree)
{
	_cleanup_(freep) char *children = NULL;
	size_t count = 0;
	char *at;
	pid_t child;

	/* Since 5.14; and the children that are ours are killed one by one in any case. */
	if (tree->v2_fd >= 0)
		(void)file_write_at(tree->v2_fd, "cgroup.kill", "1");
	children = read_children(getpid());
	for (at = children; at && (child = next_pid(&at)); count++)
		if (child != tree->spared)
			(void)kill(child, SIGKILL);
	return count - (tree->spared && count > 0);
}

bool launch_tree_reap(const struct launch_tree *tree, pid_t except)
{
	_cleanup_(freep) char *children = read_children(getpid());
	bool left = false;
	char *at = children;
	pid_t child;

	while (at && (child = next_pid(&at))) {
		if (child == tree->spared)
			continue;
		if (child == except || waitpid(child, NULL, WNOHANG) == 0)
			left = true;
	}
	return left;
}
