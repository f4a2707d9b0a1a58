// SPDX-License-Identifier: MIT
/*
 * While its parent has not reaped it, stat has the status, in its last field. After that
 * PIDFD_GET_INFO with PIDFD_INFO_EXIT tells the status of a process that its parent has reaped, to
 * whoever had a pidfd of it open before. Its first, 64 byte large, version is declared here, for
 * the C library's headers may be older than the kernel.
 */
#include "service/exit-status.h"

#include "util/fd.h"
#include "util/proc-text.h"

#include <sys/ioctl.h>
#include <sys/syscall.h>

struct exit_info {
	uint64_t mask, cgroupid;
	uint32_t pid, tgid, ppid;
	uint32_t ids[8];
	int32_t exit_code;
};
_Static_assert(sizeof(struct exit_info) == 64, "as the kernel's struct pidfd_info began");
#define EXIT_INFO_GET _IOWR(0xFF, 11, struct exit_info)

enum { EXIT_INFO_EXIT = 1 << 3 };

int process_start_ticks(const struct host *host, pid_t pid, uint64_t *ret_ticks)
{
	struct proc_stat stat;
	char path[32], text[1024];
	ssize_t n;

	snprintf(path, sizeof(path), "%d/stat", pid);
	n = file_read_into(host->proc_fd, path, text, sizeof(text));
	if (n < 0)
		return n == -ENOENT ? -ESRCH : (int)n;
	if (proc_stat_parse((struct slice){ text, (size_t)n }, &stat) < 0)
		return -EBADMSG;
	if (proc_stat_has_ended(&stat))
		return -ESRCH;
	*ret_ticks = stat.start;
	return 0;
}

int process_open(const struct host *host, pid_t pid, uint64_t ticks)
{
	_cleanup_(closep) int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	uint64_t now = 0;
	int r;

	if (fd < 0)
		return -errno;
	/* Asked with the pidfd open: it is this one, or the number is another's by now. */
	r = process_start_ticks(host, pid, &now);
	if (r < 0)
		return r;
	return now == ticks ? TAKE_FD(fd) : -ESRCH;
}

/* Field 52: the last number of the file. */
static int status_of_zombie(const struct host *host, pid_t pid, uint64_t ticks, int *ret_status)
{
	struct proc_stat stat;
	char path[32], text[1024];
	const char *last;
	ssize_t n;

	snprintf(path, sizeof(path), "%d/stat", pid);
	n = file_read_into(host->proc_fd, path, text, sizeof(text));
	if (n < 0 || proc_stat_parse((struct slice){ text, (size_t)n }, &stat) < 0 ||
	    stat.start != ticks || !proc_stat_has_ended(&stat))
		return -ESRCH;
	last = strrchr(text, ' ');
	if (!last)
		return -ESRCH;
	*ret_status = (int)strtol(last + 1, NULL, 10);
	return 0;
}

int process_exit_status(const struct host *host, pid_t pid, uint64_t ticks, int pidfd,
			int *ret_status)
{
	struct exit_info info = { .mask = EXIT_INFO_EXIT };

	if (status_of_zombie(host, pid, ticks, ret_status) == 0)
		return 0;
	if (ioctl(pidfd, EXIT_INFO_GET, &info) < 0 || !(info.mask & EXIT_INFO_EXIT))
		return -EOPNOTSUPP;
	*ret_status = info.exit_code;
	return 0;
}
