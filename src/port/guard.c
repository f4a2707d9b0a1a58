// SPDX-License-Identifier: MIT
/*
 * Nobody but an ancestor can find what a killed process leaves behind: its children become those of
 * the nearest subreaper above it (prctl(2)), and keep nothing that tells whose they were. So the
 * program that a controller starts waits, and the first control process is its child.
 *
 * The guard holds no descriptor but one end of a pipe, so that the ends of stdin, stdout and the
 * FIFO are those of the port alone. If the guard is killed, the pipe's end tells the port, which
 * then ends as it does at the end of its input.
 *
 * A port that exits has ended its tree itself, as the options say. Only after one that was killed
 * is there anything to do.
 */
#include "port/guard.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { HIGH_DESCRIPTOR = 1000 };

/* Out of the way of the numbers that open(2) gives, as far up as may be. */
static int move_up(int fd)
{
	struct rlimit limit;
	int high = HIGH_DESCRIPTOR, moved;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur <= (rlim_t)high)
		high = (int)limit.rlim_cur - 1;
	moved = fcntl(fd, F_DUPFD_CLOEXEC, high);
	if (moved < 0)
		return fd;
	close(fd);
	return moved;
}

static void close_but(int kept)
{
	struct rlimit limit = { .rlim_cur = HIGH_DESCRIPTOR };

	if ((kept == 0 || syscall(SYS_close_range, 0, kept - 1, 0) == 0) &&
	    syscall(SYS_close_range, kept + 1, ~0U, 0) == 0)
		return;
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	for (int fd = 0; fd < (int)MIN(limit.rlim_cur, (rlim_t)UINT16_MAX); fd++)
		if (fd != kept)
			close(fd);
}

/* The terminal has told all of its group, and the port is in it. */
static void pass_on(pid_t port, siginfo_t *info)
{
	if (info->si_code == SI_QUEUE)
		(void)syscall(SYS_rt_sigqueueinfo, port, info->si_signo, info);
	else if (info->si_code <= 0)
		(void)kill(port, info->si_signo);
}

/* True once the port has ended. Others were left to us by a program that took its place. */
static bool reap(pid_t port, int *ret_status)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == port) {
			*ret_status = status;
			return true;
		}
	return false;
}

static bool holds(const struct process_tree *tree, pid_t pid)
{
	for (size_t i = 0; i < tree->count; i++)
		if (tree->pids[i] == pid)
			return true;
	return false;
}

void guard_end_rest(int status, const struct process_tree *before)
{
	bool found = WIFSIGNALED(status);

	while (found) {
		struct process_tree tree = { 0 };
		size_t kept = 0;

		(void)process_tree_add_children(&tree, getpid());
		for (size_t i = 0; i < tree.count; i++)
			if (!holds(before, tree.pids[i]))
				tree.pids[kept++] = tree.pids[i];
		tree.count = kept;
		(void)process_tree_stop(&tree);
		for (size_t i = 0; i < tree.count; i++)
			(void)kill(tree.pids[i], SIGKILL);
		process_tree_done(&tree);
		found = kept && waitpid(-1, NULL, 0) > 0;
	}
}

static _noreturn_ void exit_as(int status)
{
	const struct rlimit none = { 0, 0 };
	sigset_t ours;

	if (WIFSIGNALED(status)) {
		(void)setrlimit(RLIMIT_CORE, &none);
		(void)sigemptyset(&ours);
		(void)sigaddset(&ours, WTERMSIG(status));
		(void)signal(WTERMSIG(status), SIG_DFL);
		(void)raise(WTERMSIG(status));
		(void)sigprocmask(SIG_UNBLOCK, &ours, NULL);
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static _noreturn_ void watch(pid_t port, int fd, const sigset_t *all,
			     const struct process_tree *before)
{
	siginfo_t info;
	int status;

	close_but(fd);
	(void)prctl(PR_SET_NAME, "port-guard");
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (;;) {
		if (reap(port, &status)) {
			guard_end_rest(status, before);
			exit_as(status);
		}
		if (sigwaitinfo(all, &info) > 0 && info.si_signo != SIGCHLD)
			pass_on(port, &info);
	}
}

int guard_begin(int *ret_fd)
{
	struct process_tree before = { 0 };
	sigset_t all, was;
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	/* Ignored, it would not tell of the port's end. */
	(void)signal(SIGCHLD, SIG_DFL);
	(void)process_tree_add_children(&before, getpid());
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &was);
	pid = fork();
	if (pid > 0)
		watch(pid, fds[1], &all, &before);
	process_tree_done(&before);
	(void)sigprocmask(SIG_SETMASK, &was, NULL);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return -EAGAIN;
	}
	*ret_fd = move_up(fds[0]);
	return 0;
}
