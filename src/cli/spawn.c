// SPDX-License-Identifier: MIT
/*
 * The child is born in the v2 group (CLONE_INTO_CGROUP) and, single-threaded, enters v1 groups by
 * writing "0" to their `tasks`, which needs no global lock; then it executes. A pipe that closes on
 * execution brings the errno of what failed before that.
 */
#include "cli/spawn.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>

void entrance_init(struct entrance *entrance)
{
	*entrance = (struct entrance){ .clone_fd = -1 };
}

void entrance_done(struct entrance *entrance)
{
	for (size_t i = 0; i < entrance->tasks_count; i++)
		close(entrance->tasks_fds[i]);
	closep(&entrance->clone_fd);
	entrance_init(entrance);
}

int entrance_add(struct entrance *entrance, const char *folder, struct error *err)
{
	_cleanup_(closep) int fd = -1;
	struct statfs statfs;
	int tasks;

	if (!folder)
		return error_set(err, -EINVAL, "the group's folder has no name");
	fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstatfs(fd, &statfs) < 0)
		return error_set_errno(err, -errno, "cannot open the group %s", folder);
	if (statfs.f_type == CGROUP2_SUPER_MAGIC && entrance->clone_fd < 0) {
		entrance->clone_fd = TAKE_FD(fd);
		return 0;
	}
	if (statfs.f_type != CGROUP_SUPER_MAGIC || entrance->tasks_count == HIERARCHY_MAX)
		return error_set(err, -EINVAL, "%s is no cgroup", folder);
	tasks = openat(fd, "tasks", O_WRONLY | O_CLOEXEC);
	if (tasks < 0)
		return error_set_errno(err, -errno, "cannot open %s/tasks", folder);
	entrance->tasks_fds[entrance->tasks_count++] = tasks;
	return 0;
}

/* What the child could not do. */
struct failure {
	enum { FAILED_ENTER, FAILED_EXECUTE } what;
	int code;
};

static _noreturn_ void child(const struct entrance *entrance, char **argv, const sigset_t *mask,
			     int pipe_fd)
{
	struct failure failure = { .what = FAILED_ENTER };

	for (size_t i = 0; i < entrance->tasks_count; i++)
		if (write(entrance->tasks_fds[i], "0", 1) != 1) {
			failure.code = errno;
			goto fail;
		}
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	failure.what = FAILED_EXECUTE;
	failure.code = errno;
fail:
	if (write(pipe_fd, &failure, sizeof(failure)) < 0)
		_exit(EXIT_RUN_FAILED);
	_exit(EXIT_RUN_CANNOT);
}

static pid_t clone_into(int clone_fd)
{
	struct clone_args arguments = { .exit_signal = SIGCHLD };

	if (clone_fd >= 0) {
		arguments.flags = CLONE_INTO_CGROUP;
		arguments.cgroup = (uint64_t)clone_fd;
	}
	return (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
}

static void wait_end(pid_t pid, const sigset_t *signals, struct ending *ending)
{
	siginfo_t info = { 0 };

	for (;;) {
		siginfo_t end = { 0 };

		if (waitid(P_PID, (id_t)pid, &end, WEXITED | WNOHANG) < 0 || end.si_pid == pid) {
			ending->pid = pid;
			ending->signal = end.si_code == CLD_EXITED ? 0 : end.si_status;
			ending->code =
				ending->signal ? EXIT_SIGNAL + ending->signal : end.si_status;
			return;
		}
		/* What the terminal sends (SI_KERNEL) reaches the program without our help. */
		if (sigwaitinfo(signals, &info) > 0 && info.si_signo != SIGCHLD &&
		    info.si_code != SI_KERNEL)
			kill(pid, info.si_signo);
	}
}

static void explain(const struct failure *failure, const char *program, struct ending *ending,
		    struct error *err)
{
	int code = failure->code;

	if (failure->what == FAILED_ENTER) {
		ending->code = EXIT_RUN_FAILED;
		error_set_errno(err, -code, "cannot enter the group");
		return;
	}
	ending->code = code == ENOENT ? EXIT_RUN_NOT_FOUND : EXIT_RUN_CANNOT;
	error_set_errno(err, -code, "cannot run \"%s\"", program);
}

int spawn_and_wait(const struct entrance *entrance, char **argv, struct ending *ret_ending,
		   struct error *err)
{
	static const int caught[] = { SIGCHLD, SIGTERM, SIGINT,	 SIGQUIT,
				      SIGHUP,  SIGUSR1, SIGUSR2, SIGALRM };
	struct sigaction inherit = { .sa_handler = SIG_DFL };
	struct failure failure = { 0 };
	sigset_t signals, before;
	int fds[2];
	ssize_t n;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_set_errno(err, -errno, "cannot make a pipe");
	sigemptyset(&signals);
	for (size_t i = 0; i < ARRAY_SIZE(caught); i++)
		sigaddset(&signals, caught[i]);
	sigaction(SIGCHLD, &inherit, NULL); /* who started us may have ignored it */
	sigprocmask(SIG_BLOCK, &signals, &before);
	pid = clone_into(entrance->clone_fd);
	if (pid == 0)
		child(entrance, argv, &before, fds[1]);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return error_set_errno(err, -errno, "cannot start a process in the group");
	}
	do
		n = read(fds[0], &failure, sizeof(failure));
	while (n < 0 && errno == EINTR);
	close(fds[0]);
	wait_end(pid, &signals, ret_ending);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (n == sizeof(failure))
		explain(&failure, argv[0], ret_ending, err);
	return 0;
}
