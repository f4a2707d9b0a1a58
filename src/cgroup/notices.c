// SPDX-License-Identifier: MIT
/*
 * The kernel wakes who polls an events file (v2's, and v1's pids.events on some kernels): at once,
 * then at most every 10 ms, and never loses the last change. v1's memory controller tells through
 * an eventfd that is written to cgroup.event_control. All of it is watched edge-triggered: an
 * events file counts as changed until it is read again, and nobody reads this descriptor.
 */
#include "cgroup/notices.h"

#include "cgroup/internal.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

struct notice {
	uint32_t controllers; /* v1: of the hierarchy; v2: 0, the file tells */
	bool v2;
	const char *file;
	const char *arguments; /* for cgroup.event_control; NULL: the file itself is polled */
	uint32_t tells;
};

#define V1(controller) .controllers = UINT32_C(1) << CONTROLLER_##controller
#define V2	       .v2 = true

static const struct notice notices_of[] = {
	{ V2, .file = "memory.events", .tells = USAGE_MEMORY_MAX_HITS | USAGE_OOM_KILLS },
	{ V2, .file = "pids.events", .tells = USAGE_PIDS_MAX_HITS },
	/* Until 6.10; since then v1's file changes without a word. */
	{ V1(PIDS), .file = "pids.events", .tells = 0 },
	{ V1(MEMORY), .file = "memory.oom_control", .arguments = "", .tells = USAGE_OOM_KILLS },
	/* Of each 2 MiB that were looked through for something to give back: a hint. */
	{ V1(MEMORY), .file = "memory.pressure_level", .arguments = " low", .tells = 0 },
};

static int open_eventfd(const struct layout *layout, const struct hierarchy *h,
			const char *directory, int file, const char *arguments)
{
	_cleanup_(closep) int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	char request[64];
	int r;

	if (fd < 0)
		return -errno;
	snprintf(request, sizeof(request), "%d %d%s", fd, file, arguments);
	r = cgroup_write(layout, h, directory, "cgroup.event_control", request);
	return r < 0 ? r : TAKE_FD(fd);
}

static int open_notice(const struct layout *layout, const struct hierarchy *h,
		       const char *directory, const struct notice *notice)
{
	_cleanup_(closep) int fd = -1;
	char path[PATH_MAX];
	int r = cgroup_path_file(path, sizeof(path), directory, notice->file);

	if (r < 0)
		return r;
	fd = openat(h->fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (notice->arguments)
		return open_eventfd(layout, h, directory, fd, notice->arguments);
	return TAKE_FD(fd);
}

static void add(struct group_notices *notices, void *data, const struct notice *row, int fd)
{
	struct epoll_event event = {
		.events = (row->arguments ? EPOLLIN : EPOLLPRI) | EPOLLET,
		.data.ptr = data,
	};

	/* A file that cannot be polled is refused: it is no kernel's. */
	if (notices->count == GROUP_NOTICES_MOST ||
	    epoll_ctl(notices->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
		close(fd);
		return;
	}
	notices->fds[notices->count++] = fd;
	notices->told |= row->tells;
}

void group_notices_open(const struct group *group, int epoll_fd, void *data,
			struct group_notices *ret_notices)
{
	const struct layout *layout = group->groups->layout;
	struct group_notices notices = { .epoll_fd = epoll_fd };

	for (unsigned i = 0; i < layout->hierarchy_count; i++) {
		const struct hierarchy *h = &layout->hierarchies[i];
		_cleanup_(freep) char *path = NULL;

		if (!(group->needs & UINT32_C(1) << i))
			continue;
		path = group_directory(group, i, false);
		for (size_t k = 0; path && k < ARRAY_SIZE(notices_of); k++) {
			const struct notice *row = &notices_of[k];
			int fd;

			if (row->v2 != h->v2 || (!row->v2 && !(h->controllers & row->controllers)))
				continue;
			fd = open_notice(layout, h, path, row);
			if (fd >= 0)
				add(&notices, data, row, fd);
		}
	}
	*ret_notices = notices;
}

void group_notices_close(struct group_notices *notices)
{
	for (size_t i = 0; i < notices->count; i++) {
		/* By name: a child that has not executed yet may have the file open as well. */
		(void)epoll_ctl(notices->epoll_fd, EPOLL_CTL_DEL, notices->fds[i], NULL);
		close(notices->fds[i]);
	}
	*notices = (struct group_notices){ 0 };
}
