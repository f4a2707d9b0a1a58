// SPDX-License-Identifier: MIT
/* The probe's ways to execute. */
#include "probe.h"

#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#ifndef AT_EXECVE_CHECK
#define AT_EXECVE_CHECK 0x10000 /* kernel 6.14 */
#endif

extern char **environ;

static int failed(void)
{
	probe_say("%s", strerrorname_np(errno));
	return 1;
}

/* exec PATH [ARGUMENT...]: the plain way; the argument 0 is the path. */
static int plain(int argc, char **argv)
{
	execv(argv[0], argv);
	return failed();
}

/* self [ARGUMENT...]: this program again, by /proc/self/exe. */
static int self(int argc, char **argv)
{
	execv("/proc/self/exe", argv - 1);
	return failed();
}

/* by-fd PATH [ARGUMENT...]: execveat(fd, "", AT_EMPTY_PATH), as fexecve(3) does. */
static int by_fd(int argc, char **argv)
{
	int fd = open(argv[0], O_PATH | O_CLOEXEC);

	syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
	return failed();
}

/* by-folder FOLDER NAME [ARGUMENT...]: execveat(folder, name). */
static int by_folder(int argc, char **argv)
{
	int fd = open(argv[0], O_PATH | O_DIRECTORY | O_CLOEXEC);

	syscall(SYS_execveat, fd, argv[1], argv + 1, environ, 0);
	return failed();
}

static void *thread_main(void *argv)
{
	execv(*(char **)argv, argv);
	_exit(failed());
}

/* by-thread PATH [ARGUMENT...]: a thread that is not the first one executes. */
static int by_thread(int argc, char **argv)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, thread_main, argv) != 0)
		return failed();
	pthread_join(thread, NULL);
	return 1;
}

static int wait_for(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return failed();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* vfork PATH [ARGUMENT...] */
static int by_vfork(int argc, char **argv)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execv(argv[0], argv);
		_exit(127);
	}
	return wait_for(pid);
}

/* spawn PATH [ARGUMENT...] */
static int by_spawn(int argc, char **argv)
{
	pid_t pid = -1;

	errno = posix_spawn(&pid, argv[0], NULL, NULL, argv, environ);
	return errno ? failed() : wait_for(pid);
}

/* path NAME [ARGUMENT...]: along $PATH, with execvp's fallback to /bin/sh. */
static int by_path(int argc, char **argv)
{
	execvp(argv[0], argv);
	return failed();
}

/* ---- executions that fail ---- */

/* attempt PATH [ARGUMENT...]: says why it failed, and whether the process is back where it was. */
static int attempt(int argc, char **argv)
{
	execv(argv[0], argv);
	return probe_wait_back(strerrorname_np(errno), probe_first());
}

/* attempt-many PATH...: one right after the other, as a shell tries along $PATH. */
static int attempt_many(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		execl(argv[i], argv[i], (char *)NULL);
	return probe_wait_back(strerrorname_np(errno), probe_first());
}

/* attempt-big PATH: with more arguments than fit. */
static int attempt_big(int argc, char **argv)
{
	enum { MANY = 40, SIZE = 120000 };
	char *many[MANY + 2] = { argv[0] };

	for (int i = 1; i <= MANY; i++) {
		many[i] = malloc(SIZE);
		memset(many[i], 'x', SIZE - 1);
		many[i][SIZE - 1] = '\0';
	}
	execv(argv[0], many);
	return probe_wait_back(strerrorname_np(errno), probe_first());
}

/* attempt-busy PATH: while it is open for writing. */
static int attempt_busy(int argc, char **argv)
{
	if (open(argv[0], O_RDWR | O_CLOEXEC) < 0)
		return failed();
	execv(argv[0], argv);
	return probe_wait_back(strerrorname_np(errno), probe_first());
}

/* check PATH: AT_EXECVE_CHECK, "would this be executed?". */
static int check(int argc, char **argv)
{
	long r = syscall(SYS_execveat, AT_FDCWD, argv[0], argv, environ, AT_EXECVE_CHECK);

	return probe_wait_back(r == 0 ? "allowed" : strerrorname_np(errno), probe_first());
}

/* attempt-spin PATH: after the failure it uses a processor for a second, and never waits. */
static int attempt_spin(int argc, char **argv)
{
	const char *why;
	clock_t end;

	execv(argv[0], argv);
	why = strerrorname_np(errno);
	for (end = clock() + CLOCKS_PER_SEC; clock() < end;)
		;
	probe_say("%s %s", why, probe_where());
	return 0;
}

/* attempt-then BAD PATH [ARGUMENT...]: a failing execution, some time, and a good one. */
static int attempt_then(int argc, char **argv)
{
	execv(argv[0], argv);
	usleep(200000);
	execv(argv[1], argv + 1);
	return failed();
}

/*
 * again FIFO MARKER: makes MARKER and, once somebody opens the fifo for writing, executes itself
 * with the same arguments. When MARKER is there already, it says where it is, now and a bit later.
 */
static int again(int argc, char **argv)
{
	int fd = open(argv[1], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd < 0) {
		probe_say("%s", probe_first());
		usleep(500000);
		probe_say("%s", probe_where());
		return 0;
	}
	close(fd);
	close(open(argv[0], O_RDONLY));
	execv(argv[-2], argv - 2);
	return failed();
}

const struct probe_command probe_execs[] = {
	{ "again", 2, again },
	{ "attempt", 1, attempt },
	{ "attempt-big", 1, attempt_big },
	{ "attempt-busy", 1, attempt_busy },
	{ "attempt-many", 1, attempt_many },
	{ "attempt-spin", 1, attempt_spin },
	{ "attempt-then", 2, attempt_then },
	{ "by-fd", 1, by_fd },
	{ "by-folder", 2, by_folder },
	{ "by-thread", 1, by_thread },
	{ "check", 1, check },
	{ "exec", 1, plain },
	{ "path", 1, by_path },
	{ "self", 0, self },
	{ "spawn", 1, by_spawn },
	{ "vfork", 1, by_vfork },
	{ NULL, 0, NULL },
};
