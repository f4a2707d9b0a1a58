// SPDX-License-Identifier: MIT
/*
 * Freezing. v2 (5.2): cgroup.freeze, done when cgroup.events says so, which poll(2) can wait for.
 * v1: freezer.state passes through FREEZING, has no notification, and has to be asked again: a
 * process that forks at the wrong moment is only caught by another write. A process in
 * uninterruptible sleep freezes when it wakes, so every wait ends.
 */
#include "cgroup/internal.h"
#include "util/host.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>

static int wait_event_v2(const struct hierarchy *h, const char *path, const char *key,
			 uint64_t wanted, int timeout_ms)
{
	uint64_t end = clock_monotonic() + (uint64_t)MAX(timeout_ms, 0) * 1000000, value;
	_cleanup_(closep) int fd = -1;
	char name[PATH_MAX], text[512];
	int r = cgroup_path_file(name, sizeof(name), path, "cgroup.events");

	if (r < 0)
		return r;
	fd = openat(h->fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (;;) {
		struct pollfd events = { .fd = fd, .events = POLLPRI };
		ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
		uint64_t now = clock_monotonic();

		if (n < 0)
			return -errno;
		text[n] = '\0';
		if (!cgroup_key(text, key, &value))
			return -EBADMSG;
		if (value == wanted)
			return 0;
		if (now >= end)
			return -ETIMEDOUT;
		(void)poll(&events, 1, (int)((end - now) / 1000000 + 1));
	}
}

int group_wait_event(const struct hierarchy *h, const char *path, const char *key, uint64_t wanted,
		     int timeout_ms)
{
	return wait_event_v2(h, path, key, wanted, timeout_ms);
}

static int freeze_v2(const struct layout *layout, const struct hierarchy *h, const char *path,
		     bool freeze, int timeout_ms)
{
	char now[16];
	ssize_t n = cgroup_read(h, path, "cgroup.freeze", now, sizeof(now));
	int r;

	if (n < 0)
		return (int)n;
	if (!streq(now, freeze ? "1" : "0")) {
		r = cgroup_write(layout, h, path, "cgroup.freeze", freeze ? "1" : "0");
		if (r < 0)
			return r;
	} else if (!freeze) {
		return 0; /* a group above may hold it frozen: not ours to wait for */
	}
	return freeze ? wait_event_v2(h, path, "frozen", 1, timeout_ms) : 0;
}

static int freeze_v1(const struct layout *layout, const struct hierarchy *h, const char *path,
		     bool freeze, int timeout_ms)
{
	uint64_t end = clock_monotonic() + (uint64_t)MAX(timeout_ms, 0) * 1000000;
	char text[32];
	int r;

	if (!freeze) {
		/* self_freezing is what was asked of this group; the state also shows its parents'.
		 */
		ssize_t n = cgroup_read(h, path, "freezer.self_freezing", text, sizeof(text));

		if (n > 0 && streq(text, "0"))
			return 0;
		return cgroup_write(layout, h, path, "freezer.state", "THAWED");
	}
	for (unsigned wait_us = 200;; wait_us = MIN(wait_us * 2, 20000)) {
		ssize_t n = cgroup_read(h, path, "freezer.state", text, sizeof(text));

		if (n < 0)
			return (int)n;
		if (streq(text, "FROZEN")) {
			n = cgroup_read(h, path, "freezer.self_freezing", text, sizeof(text));
			if (n < 0 || streq(text, "1"))
				return 0;
		}
		r = cgroup_write(layout, h, path, "freezer.state", "FROZEN");
		if (r < 0)
			return r;
		if (clock_monotonic() >= end)
			return -ETIMEDOUT;
		usleep(wait_us);
	}
}

int freeze_directory(const struct layout *layout, const struct hierarchy *h, const char *path,
		     bool freeze, int timeout_ms)
{
	return h->v2 ? freeze_v2(layout, h, path, freeze, timeout_ms)
		     : freeze_v1(layout, h, path, freeze, timeout_ms);
}
