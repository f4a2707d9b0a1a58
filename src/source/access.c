// SPDX-License-Identifier: MIT
/*
 * proc(5): /proc/TID/syscall is "NUMBER ARG0 .. ARG5 SP PC" for a thread blocked in a system call,
 * NUMBER decimal, the rest hex, and "running" for one that is not blocked. Opens by io_uring are
 * done in io_uring_enter or in a kernel thread.
 */
#include "source/access.h"

#include "source/peek.h"
#include "util/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/syscall.h>

/*
 * The kernel wakes us before the thread sleeps. On a busy machine it may lose its processor just
 * there, for as long as a turn of all others takes.
 */
enum { WAIT_MS = 200 };

static unsigned from_flags(uint64_t flags)
{
	unsigned access = 0;

	/* O_PATH opens nothing; the kernel raises no event for it. */
	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		access = ACCESS_READ;
		break;
	case O_WRONLY:
		access = ACCESS_WRITE;
		break;
	default:
		access = ACCESS_READ | ACCESS_WRITE;
		break;
	}
	if (flags & O_TRUNC)
		access |= ACCESS_WRITE;
	return access;
}

unsigned access_parse(const char *text,
		      int (*peek)(uint64_t address, uint64_t *ret_word, void *userdata),
		      void *userdata)
{
	uint64_t a[4] = { 0 }, flags;
	long number;

	if (sscanf(text, "%ld 0x%" SCNx64 " 0x%" SCNx64 " 0x%" SCNx64 " 0x%" SCNx64, &number, &a[0],
		   &a[1], &a[2], &a[3]) != 5)
		return ACCESS_UNKNOWN;
	switch (number) {
#ifdef SYS_open
	case SYS_open:
		return from_flags(a[1]);
	case SYS_creat:
		return ACCESS_WRITE;
#endif
	case SYS_openat:
		return from_flags(a[2]);
	case SYS_openat2:
		/* struct open_how begins with its flags. */
		return !peek || peek(a[2], &flags, userdata) < 0 ? ACCESS_UNKNOWN
								 : from_flags(flags);
	case SYS_open_by_handle_at:
		return from_flags(a[2]);
#ifdef SYS_truncate
	case SYS_truncate:
		return ACCESS_WRITE;
#endif
	case SYS_execve:
	case SYS_execveat:
		return ACCESS_EXECUTE;
	default:
		return ACCESS_UNKNOWN;
	}
}

static int peek_thread(uint64_t address, uint64_t *ret_word, void *userdata)
{
	pid_t tid = *(pid_t *)userdata;

	return peek_memory(tid, address, ret_word, sizeof(*ret_word)) == sizeof(*ret_word)
		       ? 0
		       : -EFAULT;
}

bool access_read_syscall(const struct host *host, pid_t tid, unsigned wait_ms, char *text,
			 size_t size)
{
	const uint64_t end = clock_monotonic() + wait_ms * UINT64_C(1000000);
	unsigned pause_us = 20;
	char name[40];

	snprintf(name, sizeof(name), "%d/syscall", tid);
	for (;;) {
		if (file_read_into(host->proc_fd, name, text, size) < 0)
			return false;
		if (strncmp(text, "running", 7) != 0 || clock_monotonic() >= end)
			return true;
		usleep(pause_us);
		pause_us = MIN(pause_us * 2, 5000);
	}
}

unsigned access_of_thread(const struct host *host, pid_t tid)
{
	char text[256];

	if (!access_read_syscall(host, tid, WAIT_MS, text, sizeof(text)))
		return ACCESS_UNKNOWN;
	return access_parse(text, peek_thread, &tid);
}

/* Any thread may be the one that executes. */
enum access_place access_place_of(const struct host *host, pid_t pid)
{
	enum access_place place = ACCESS_OUTSIDE;
	struct dirent *entry;
	char name[64];
	DIR *dir;
	int fd;

	snprintf(name, sizeof(name), "%d/task", pid);
	fd = openat(host->proc_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return ACCESS_OUTSIDE;
	}
	while (place != ACCESS_IN_EXECVE && (entry = readdir(dir))) {
		char text[256];
		char file[NAME_MAX + 16];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/syscall", entry->d_name);
		if (file_read_into(fd, file, text, sizeof(text)) <= 0)
			continue;
		if (strncmp(text, "running", 7) == 0)
			place = ACCESS_RUNNING;
		else if (access_parse(text, NULL, NULL) & ACCESS_EXECUTE)
			place = ACCESS_IN_EXECVE;
	}
	closedir(dir);
	return place;
}
