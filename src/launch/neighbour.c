// SPDX-License-Identifier: MIT
/*
 * The pidfd is opened first and asked last: what was read in between is of that process and not of
 * a later one of the same number. setns(2) with a pidfd (Linux 5.8) takes all namespaces at once,
 * in the order that their owners need.
 */
#include "launch/neighbour.h"

#include "cgroup/membership.h"
#include "util/fd.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { CGROUP_FILE_MOST = 65536 };

static const struct {
	const char *name;
	int flag;
} kinds[] = {
	{ "cgroup", CLONE_NEWCGROUP }, { "ipc", CLONE_NEWIPC }, { "mnt", CLONE_NEWNS },
	{ "net", CLONE_NEWNET },       { "pid", CLONE_NEWPID }, { "time", CLONE_NEWTIME },
	{ "user", CLONE_NEWUSER },     { "uts", CLONE_NEWUTS },
};

void neighbour_done(struct neighbour *neighbour)
{
	closep(&neighbour->pidfd);
	*neighbour = (struct neighbour){ .pidfd = -1 };
}

static int check_alive(const struct neighbour *neighbour, struct error *err)
{
	if (syscall(SYS_pidfd_send_signal, neighbour->pidfd, 0, NULL, 0) == 0 || errno == EPERM)
		return 0;
	return error_set(err, -ESRCH, "process %d has ended", (int)neighbour->pid);
}

/* 1: it is another one than ours; 0: the same, or this kernel has no such kind. */
static int differs(int proc_fd, pid_t pid, const char *kind, struct error *err)
{
	struct stat its, ours;
	char path[64];

	snprintf(path, sizeof(path), "self/ns/%s", kind);
	if (fstatat(proc_fd, path, &ours, 0) < 0)
		return errno == ENOENT ? 0
				       : error_set_errno(err, -errno, "cannot look at %s", path);
	snprintf(path, sizeof(path), "%d/ns/%s", (int)pid, kind);
	if (fstatat(proc_fd, path, &its, 0) < 0)
		return error_set_errno(err, -errno, "cannot look at the namespaces of process %d",
				       (int)pid);
	return its.st_dev != ours.st_dev || its.st_ino != ours.st_ino;
}

int neighbour_open(int proc_fd, pid_t pid, struct neighbour *ret_target, struct error *err)
{
	_cleanup_(neighbour_done) struct neighbour neighbour = { .pid = pid, .pidfd = -1 };
	int r;

	neighbour.pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (neighbour.pidfd < 0 && (errno == ESRCH || errno == EINVAL))
		return error_set(err, -ESRCH, "there is no process %d", (int)pid);
	if (neighbour.pidfd < 0)
		return error_set_errno(err, -errno, "cannot hold process %d", (int)pid);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		r = differs(proc_fd, pid, kinds[i].name, err);
		if (r < 0)
			return r;
		neighbour.namespaces |= r ? kinds[i].flag : 0;
	}
	r = check_alive(&neighbour, err);
	if (r < 0)
		return r;
	*ret_target = neighbour;
	neighbour.pidfd = -1;
	return 0;
}

bool neighbour_join(const struct neighbour *neighbour, struct launch_join *ret_join)
{
	if (neighbour->namespaces)
		*ret_join = (struct launch_join){ .fd = neighbour->pidfd,
						  .flags = neighbour->namespaces };
	return neighbour->namespaces;
}

/* ---- groups ---- */

static const struct hierarchy *find_hierarchy(const struct layout *layout, unsigned id)
{
	for (size_t i = 0; i < layout->hierarchy_count; i++)
		if (layout->hierarchies[i].id == id)
			return &layout->hierarchies[i];
	return NULL;
}

static int enter_one(const struct neighbour *neighbour, const struct hierarchy *hierarchy,
		     const struct membership_line *line, struct entrance *entrance,
		     struct error *err)
{
	_cleanup_(freep) char *folder = NULL;
	size_t own = hierarchy->own_path ? strlen(hierarchy->own_path) : 0;

	if (own == line->path_length && memcmp(hierarchy->own_path, line->path, own) == 0)
		return 0;
	if (line->path_length >= 3 && memcmp(line->path, "/..", 3) == 0)
		return error_set(err, -EXDEV,
				 "the group of process %d (%.*s) is outside of what is seen here",
				 (int)neighbour->pid, (int)line->path_length, line->path);
	if (asprintf(&folder, "%s%.*s", hierarchy->mount_point, (int)line->path_length,
		     line->path) < 0) {
		folder = NULL;
		return error_oom(err);
	}
	return entrance_add(entrance, folder, err);
}

int neighbour_groups(const struct neighbour *neighbour, const struct layout *layout,
		     struct entrance *entrance, struct error *err)
{
	_cleanup_(freep) char *text = NULL;
	struct membership_line line;
	char path[32];
	const char *at;
	size_t size;
	int r;

	snprintf(path, sizeof(path), "%d/cgroup", (int)neighbour->pid);
	r = file_read_at(layout->host->proc_fd, path, CGROUP_FILE_MOST, &text, &size);
	if (r < 0)
		return error_set_errno(err, r == -ENOENT ? -ESRCH : r,
				       "cannot read the groups of process %d", (int)neighbour->pid);
	at = text;
	while (r >= 0 && membership_next(&at, text + size, &line)) {
		const struct hierarchy *hierarchy = find_hierarchy(layout, line.id);

		if (hierarchy && !hierarchy->read_only)
			r = enter_one(neighbour, hierarchy, &line, entrance, err);
	}
	return r < 0 ? r : check_alive(neighbour, err);
}
