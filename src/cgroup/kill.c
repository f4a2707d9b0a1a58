// SPDX-License-Identifier: MIT
/*
 * Killing all of a group. cgroup.kill (5.14) does it in the kernel and no fork escapes. Without
 * it: freeze, so that nobody forks meanwhile, signal each by a pidfd that was checked to still be a
 * member, thaw (a v1 frozen process does not die before), and look again until nobody is left.
 *
 * All of it is in steps that do not wait, so that an event loop can do them; group_kill() waits
 * between them for who has no loop.
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

/* The hierarchy in which a group is killed, and the group's directory in it. */
static const struct hierarchy *killing_ground(const struct group *group, char **ret_path)
{
	const struct layout *layout = group->groups->layout;
	int main = groups_main_hierarchy(layout);

	*ret_path = main < 0 ? NULL : group_directory(group, (unsigned)main, false);
	return *ret_path ? &layout->hierarchies[main] : NULL;
}

/* One round: freeze; signal when all are frozen or FREEZE_MS have passed; thaw. */
static int step_by_hand(struct group *group, const struct hierarchy *h, const char *path,
			struct group_killing *killing)
{
	enum { FREEZE_MS = 500 };
	const struct layout *layout = group->groups->layout;
	bool freezer = h->v2 || h->controllers & UINT32_C(1) << CONTROLLER_FREEZER;
	_cleanup_(freep) pid_t *pids = NULL;
	uint64_t now = clock_monotonic();
	size_t count = 0;
	int r;

	if (freezer && killing->frozen_ns == 0)
		killing->frozen_ns = now;
	if (freezer && freeze_directory(layout, h, path, true, 0) == -ETIMEDOUT &&
	    now - killing->frozen_ns < FREEZE_MS * UINT64_C(1000000))
		return 0;
	r = members_read_below(h, path, &pids, &count);
	for (size_t i = 0; r >= 0 && i < count; i++)
		kill_one(group, h, pids[i]);
	group_kill_stop(group, killing);
	return r < 0 ? r : count == 0;
}

static int step(struct group *group, const struct hierarchy *h, const char *path,
		struct group_killing *killing)
{
	int r;

	if (h->v2 && !killing->begun) {
		r = cgroup_write(group->groups->layout, h, path, "cgroup.kill", "1");
		killing->by_hand = r == -ENOENT || r == -EOPNOTSUPP;
		if (r < 0 && !killing->by_hand)
			return r;
	} else if (!killing->begun) {
		killing->by_hand = true;
	}
	killing->begun = true;
	if (killing->by_hand)
		return step_by_hand(group, h, path, killing);
	r = group_wait_event(h, path, "populated", 0, 0);
	return r == -ETIMEDOUT ? 0 : r < 0 ? r : 1;
}

int group_kill_step(struct group *group, struct group_killing *killing, struct error *err)
{
	_cleanup_(freep) char *path = NULL;
	const struct hierarchy *h = killing_ground(group, &path);
	int r;

	if (!h)
		return error_set(err, -ENODEV, "group %s is in no hierarchy", group->name);
	if (is_member(group, h, getpid()))
		return error_set(err, -EINVAL,
				 "group %s holds this process itself: it cannot be killed from "
				 "here",
				 group->name);
	r = step(group, h, path, killing);
	return r < 0 ? error_set_errno(err, r, "cannot kill group %s", group->name) : r;
}

void group_kill_stop(struct group *group, struct group_killing *killing)
{
	_cleanup_(freep) char *path = NULL;
	const struct hierarchy *h = killing_ground(group, &path);

	if (h && killing->frozen_ns != 0)
		(void)freeze_directory(group->groups->layout, h, path, false, 0);
	killing->frozen_ns = 0;
}

int group_kill_late(const struct group *group, int timeout_ms, struct error *err)
{
	return error_set(err, -ETIMEDOUT, "processes of group %s are still there after %d ms",
			 group->name, timeout_ms);
}

int group_kill(struct group *group, int timeout_ms, struct error *err)
{
	uint64_t end = clock_monotonic() + (uint64_t)MAX(timeout_ms, 0) * 1000000;
	struct group_killing killing = { 0 };

	for (unsigned wait_us = 500;; wait_us = MIN(wait_us * 2, 20000)) {
		int r = group_kill_step(group, &killing, err);

		if (r != 0)
			return MIN(r, 0);
		if (clock_monotonic() >= end) {
			group_kill_stop(group, &killing);
			return group_kill_late(group, timeout_ms, err);
		}
		usleep(wait_us);
	}
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
