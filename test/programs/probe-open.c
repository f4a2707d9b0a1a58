// SPDX-License-Identifier: MIT
/* The probe's ways to open a file: each opens it once, in nothing but that way. */
#include "probe.h"

#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static int open2(const char *path, int flags)
{
	struct open_how how = { .flags = (uint64_t)flags };

	return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
}

static int old_open(const char *path, int flags)
{
#ifdef SYS_open
	return (int)syscall(SYS_open, path, flags, 0);
#else
	return open(path, flags);
#endif
}

struct ring {
	int fd;
	char *sq, *cq;
	struct io_uring_sqe *sqes;
	struct io_uring_params params;
};

static int ring_open(struct ring *ring)
{
	size_t size;

	memset(&ring->params, 0, sizeof(ring->params));
	ring->fd = (int)syscall(SYS_io_uring_setup, 1, &ring->params);
	if (ring->fd < 0)
		return -1;
	size = ring->params.sq_off.array + ring->params.sq_entries * sizeof(uint32_t);
	ring->sq =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_SQ_RING);
	size = ring->params.cq_off.cqes + ring->params.cq_entries * sizeof(struct io_uring_cqe);
	ring->cq =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_CQ_RING);
	ring->sqes = mmap(NULL, ring->params.sq_entries * sizeof(struct io_uring_sqe),
			  PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_SQES);
	return ring->sq == MAP_FAILED || ring->cq == MAP_FAILED || ring->sqes == MAP_FAILED ? -1
											    : 0;
}

/* One open by io_uring, which no system call's arguments tell. */
static int uring_open(const char *path, int flags)
{
	struct ring ring;
	const struct io_uring_cqe *done;

	if (ring_open(&ring) < 0)
		return -1;
	memset(&ring.sqes[0], 0, sizeof(ring.sqes[0]));
	ring.sqes[0].opcode = IORING_OP_OPENAT;
	ring.sqes[0].fd = AT_FDCWD;
	ring.sqes[0].addr = (uint64_t)(uintptr_t)path;
	ring.sqes[0].open_flags = (uint32_t)flags;
	*(uint32_t *)(void *)(ring.sq + ring.params.sq_off.array) = 0;
	__atomic_store_n((uint32_t *)(void *)(ring.sq + ring.params.sq_off.tail), 1,
			 __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring.fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -1;
	done = (const void *)(ring.cq + ring.params.cq_off.cqes);
	if (done->res < 0) {
		errno = -done->res;
		return -1;
	}
	return done->res;
}

static const struct {
	const char *name;
	int (*how)(const char *path, int flags);
	int flags;
} ways[] = {
	{ "r", old_open, O_RDONLY },
	{ "w", old_open, O_WRONLY },
	{ "rw", old_open, O_RDWR },
	{ "trunc", old_open, O_WRONLY | O_TRUNC },
	{ "rtrunc", old_open, O_RDONLY | O_TRUNC },
	{ "path", old_open, O_PATH },
	{ "at-r", NULL, O_RDONLY },
	{ "at-w", NULL, O_WRONLY | O_APPEND },
	{ "2-r", open2, O_RDONLY },
	{ "2-w", open2, O_WRONLY },
	{ "2-rw", open2, O_RDWR },
	{ "uring-r", uring_open, O_RDONLY },
	{ "uring-w", uring_open, O_WRONLY },
};

/* open WAY FILE [MARKER]: says "ok" or the error; makes MARKER only after the open. */
static int open_file(int argc, char **argv)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		int fd;

		if (!streq(ways[i].name, argv[0]))
			continue;
		fd = ways[i].how ? ways[i].how(argv[1], ways[i].flags)
				 : open(argv[1], ways[i].flags | O_CLOEXEC);
		if (fd >= 0 && argc > 2)
			close(open(argv[2], O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
		probe_say("%s", fd < 0 ? strerrorname_np(errno) : "ok");
		return fd < 0;
	}
	return 98;
}

const struct probe_command probe_opens[] = {
	{ "open", 2, open_file },
	{ NULL, 0, NULL },
};
