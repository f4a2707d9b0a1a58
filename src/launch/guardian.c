// SPDX-License-Identifier: MIT
/*
 * It waits at a pipe that nobody else holds: a byte means that all is well, its end that this
 * process is no more. A fork, for it has to live in a memory of its own; it is asked for by a small
 * program (`reeve run --die-with-parent`), and never from a large one.
 */
#include "launch/guardian.h"

#include "util/fd.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

enum { TRIES = 500, PAUSE_US = 10000 };

/* v2 at once; in v1, and before 5.14, one by one until nobody is left. */
static void kill_group(const char *folder)
{
	_cleanup_(closep) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(freep) char *pids = NULL;
	char *at;
	unsigned long pid;

	if (fd < 0 || file_write_at(fd, "cgroup.kill", "1") == 0)
		return;
	if (file_read_at(fd, "cgroup.procs", 1 << 20, &pids, NULL) < 0)
		return;
	for (at = pids; (pid = strtoul(at, &at, 10)) > 0;)
		(void)kill((pid_t)pid, SIGKILL);
}

static void end_groups(char *const *folders, size_t count)
{
	size_t left = count;

	for (int i = 0; left > 0 && i < TRIES; i++) {
		left = 0;
		for (size_t j = 0; j < count; j++) {
			kill_group(folders[j]);
			if (rmdir(folders[j]) < 0 && errno != ENOENT)
				left++;
		}
		if (left > 0)
			usleep(PAUSE_US);
	}
}

static _noreturn_ void guard(int fd, char *const *folders, size_t count)
{
	sigset_t all;
	char byte;
	ssize_t r;

	/* Nothing of the terminal's or the shell's is for it. */
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	(void)setsid();
	for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
		close(i);
	do
		r = read(fd, &byte, 1);
	while (r < 0 && errno == EINTR);
	if (r == 0)
		end_groups(folders, count);
	_exit(0);
}

int guardian_start(char *const *folders, size_t count, struct guardian *ret_guardian)
{
	int fds[2], r;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	r = -errno;
	if (pid == 0) {
		close(fds[1]);
		guard(fds[0], folders, count);
	}
	close(fds[0]);
	if (pid < 0) {
		close(fds[1]);
		return r;
	}
	*ret_guardian = (struct guardian){ .pid = pid, .fd = fds[1] };
	return 0;
}

void guardian_dismiss(struct guardian *guardian)
{
	if (guardian->pid <= 0)
		return;
	(void)write_all(guardian->fd, "", 1);
	close(guardian->fd);
	while (waitpid(guardian->pid, NULL, 0) < 0 && errno == EINTR)
		;
	*guardian = (struct guardian){ .fd = -1 };
}
