// SPDX-License-Identifier: MIT
/*
 * Killing all of a group. cgroup.kill (5.14) does it in the kernel and no fork escapes. Without
 * it: freeze, so that nobody forks meanwhile, signal each by a pidfd that was checked to still be a
 * member, thaw (a v1 frozen process does not die before), and look again until nobody is left.
 */
#include "cgroup/limit.h"

#include <signal.h>
#include <sys/syscall.h>

/* Debian 12's C library has no wrappers that all headers declare; the numbers are the same on all
 * architectures. */
static int open_pidfd(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static bool is_member(const struct group *group, const struct hierarchy *h, pid_t pid)
{
	const char *path = group_path(group, h), *now;
	struct membership membership;
	size_t length, size;

	if (!path || membership_read(group->groups->layout->host, pid, &membership) < 0 ||
	    !membership_path(&membership, h->id, &now, &size))
		return false;
	length = strlen(path);
	return size >= length && memcmp(now, path, length) == 0 &&
	       (size == length || now[length] == '/');
}

static void kill_one(const struct group *group, const struct hierarchy *h, pid_t pid)
{
	_cleanup_(closep) int fd = open_pidfd(pid);

	/* Looked at after the pidfd is open: the number may have been used again before. */
	if (fd >= 0 && is_member(group, h, pid))
		(void)syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
}

static int kill_by_hand(struct group *group, const struct hierarchy *h, const char *path,
			uint64_t end)
{
	enum { FREEZE_MS = 500 };
	const struct layout *layout = group->groups->layout;
	bool freezer = h->v2 || h->controllers & UINT32_C(1) << CONTROLLER_FREEZER;

	for (unsigned wait_us = 500;; wait_us = MIN(wait_us * 2, 20000)) {
		_cleanup_(freep) pid_t *pids = NULL;
		size_t count = 0;
		int r;

		if (freezer)
			(void)freeze_directory(layout, h, path, true, FREEZE_MS);
		r = members_read_below(h, path, &pids, &count);
		for (size_t i = 0; r >= 0 && i < count; i++)
			kill_one(group, h, pids[i]);
		if (freezer)
			(void)freeze_directory(layout, h, path, false, 0);
		if (r < 0)
			return r;
		if (count == 0)
			return 0;
		if (clock_monotonic() >= end)
			return -ETIMEDOUT;
		usleep(wait_us);
	}
}

int group_kill(struct group *group, int timeout_ms, struct error *err)
{
	const struct layout *layout = group->groups->layout;
	uint64_t end = clock_monotonic() + (uint64_t)MAX(timeout_ms, 0) * 1000000;
	int main = groups_main_hierarchy(layout);
	_cleanup_(freep) char *path = NULL;
	const struct hierarchy *h;
	int r = -ENOENT;

	path = main < 0 ? NULL : group_directory(group, (unsigned)main, false);
	if (!path)
		return error_set(err, -ENODEV, "group %s is in no hierarchy", group->name);
	h = &layout->hierarchies[main];
	if (is_member(group, h, getpid()))
		return error_set(err, -EINVAL,
				 "group %s holds this process itself: it cannot be killed from "
				 "here",
				 group->name);
	if (h->v2) {
		r = cgroup_write(layout, h, path, "cgroup.kill", "1");
		if (r >= 0)
			r = group_wait_event(h, path, "populated", 0, timeout_ms);
	}
	if (r == -ENOENT || r == -EOPNOTSUPP)
		r = kill_by_hand(group, h, path, end);
	if (r == -ETIMEDOUT)
		return error_set(err, r, "processes of group %s are still there after %d ms",
				 group->name, timeout_ms);
	if (r < 0)
		return error_set_errno(err, r, "cannot kill group %s", group->name);
	return 0;
}

int group_freeze(struct group *group, bool freeze, int timeout_ms, struct error *err)
{
	const struct layout *layout = group->groups->layout;
	const struct hierarchy *h = limit_hierarchy(layout, LIMIT_FREEZE);
	_cleanup_(freep) char *path = NULL;
	int r = -ENODEV;

	if (h)
		path = group_directory(group, (unsigned)(h - layout->hierarchies), false);
	if (!path)
		return error_set(err, r,
				 "group %s cannot be frozen: there is neither cgroup v2 nor the "
				 "freezer controller",
				 group->name);
	if (freeze && is_member(group, h, getpid()))
		return error_set(err, -EINVAL,
				 "group %s holds this process itself: it cannot be frozen from "
				 "here",
				 group->name);
	r = freeze_directory(layout, h, path, freeze, timeout_ms);
	if (r == -ETIMEDOUT)
		return error_set(err, r, "not all processes of group %s froze within %d ms",
				 group->name, timeout_ms);
	if (r < 0)
		return error_set_errno(err, r, "cannot %s group %s", freeze ? "freeze" : "thaw",
				       group->name);
	return 0;
}

int group_is_frozen(const struct group *group)
{
	const struct layout *layout = group->groups->layout;
	const struct hierarchy *h = limit_hierarchy(layout, LIMIT_FREEZE);
	_cleanup_(freep) char *path = NULL;
	char text[512];
	uint64_t value;
	ssize_t n;

	if (!h)
		return 0;
	path = group_directory(group, (unsigned)(h - layout->hierarchies), false);
	if (!path)
		return -ENOMEM;
	n = cgroup_read(h, path, h->v2 ? "cgroup.events" : "freezer.state", text, sizeof(text));
	if (n < 0)
		return (int)n;
	if (!h->v2)
		return streq(text, "FROZEN");
	return cgroup_key(text, "frozen", &value) && value == 1;
}
