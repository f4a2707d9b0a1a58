// SPDX-License-Identifier: MIT
/*
 * A pidfd is opened first and the start time read after: had the number changed hands in between,
 * the descriptor would be of one process and the time of another. So the descriptor is asked once
 * more whether its process is there: if it is, the number was its own all the while.
 */
#include "action/target.h"

#include "util/fd.h"
#include "util/proc-text.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>

int target_open(const struct host *host, pid_t pid, uint64_t start, struct target *ret_target)
{
	_cleanup_(target_done) struct target target = TARGET_INIT;
	char text[PROC_STAT_SIZE];
	struct proc_stat stat;
	int r;

	if (pid <= 0)
		return -ESRCH;
	target.pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (target.pidfd < 0)
		return -errno;
	r = proc_stat_read(host->proc_fd, pid, text, &stat);
	if (r < 0)
		return r;
	if (start != 0 && stat.start != start)
		return -ESRCH;
	target.pid = pid;
	target.start = stat.start;
	if (!target_is_alive(&target))
		return -ESRCH;
	*ret_target = target;
	target.pidfd = -1;
	return 0;
}

void target_done(struct target *target)
{
	closep(&target->pidfd);
	target->pidfd = -1;
}

bool target_is_alive(const struct target *target)
{
	struct pollfd poll_fd = { .fd = target->pidfd, .events = POLLIN };

	/* Readable once its last thread has ended (pidfd_open(2)). */
	return target->pidfd >= 0 && poll(&poll_fd, 1, 0) == 0;
}

int target_signal(const struct target *target, int number)
{
	/* A zombie takes signals without complaint. */
	if (!target_is_alive(target))
		return -ESRCH;
	if (syscall(SYS_pidfd_send_signal, target->pidfd, number, NULL, 0) < 0)
		return -errno;
	return 0;
}

enum target_protection target_protection(const struct host *host, pid_t pid, const pid_t *own)
{
	char text[PROC_STAT_SIZE];
	struct proc_stat stat;

	if (pid <= 0)
		return TARGET_FOREIGN_NUMBER;
	if (pid == 1)
		return TARGET_INIT_PROCESS;
	for (; own && *own != 0; own++)
		if (*own == pid)
			return TARGET_REEVE;
	if (proc_stat_read(host->proc_fd, pid, text, &stat) < 0)
		return TARGET_FREE;
	return stat.flags & PROC_STAT_KTHREAD ? TARGET_KERNEL_THREAD : TARGET_FREE;
}

const char *target_protection_text(enum target_protection protection)
{
	static const char *const texts[] = {
		[TARGET_FREE] = "not protected",
		[TARGET_INIT_PROCESS] = "pid 1",
		[TARGET_KERNEL_THREAD] = "a kernel thread",
		[TARGET_REEVE] = "a process of reeve's own",
		[TARGET_FOREIGN_NUMBER] = "a process that has no number here",
	};

	return texts[protection];
}
