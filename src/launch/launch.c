// SPDX-License-Identifier: MIT
/*
 * The child shares this process's memory until it executes the program (CLONE_VM | CLONE_VFORK):
 * that costs the same however large this process is, and the step that failed, with its errno, is
 * simply there to be read. In return the child may call only what is async-signal-safe, no
 * handler of ours may run in it (all signals are blocked until the handlers are gone), and the
 * parent's thread waits for it.
 *
 * clone3(2) puts the child into the v2 group at birth. Where a sandbox or an old kernel refuses
 * it, clone(2) is taken, and the child writes itself into cgroup.procs: the same place, later, yet
 * before the program. In v1 a process with one thread that writes "0" to `tasks` moves without
 * the kernel's global lock, which another process's move takes for an RCU grace period.
 */
#include "launch/launch.h"

#include "util/clone3.h"
#include "launch/lookup.h"
#include "util/host.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { STACK_SIZE = 32768 };

/* All that the child needs, complete before it is born. */
struct job {
	char *program;
	char *const *argv, *const *envp;
	char **shell_argv; /* for a script without #! */
	int folder_fd;	   /* -1: stay */
	int procs_fd;	   /* v2, when not born inside; -1: none */
	const int *tasks_fds;
	size_t tasks_count;
	sigset_t mask;
	sigset_t make_default, make_ignored;

	struct launch_failure failure; /* written by the child */
};

static void job_done(struct job *job)
{
	free(job->program);
	free(job->shell_argv);
	closep(&job->folder_fd);
	closep(&job->procs_fd);
}

int launch_exit_code(const struct launch_failure *failure)
{
	if (failure->step != LAUNCH_LOOKUP && failure->step != LAUNCH_EXEC)
		return LAUNCH_EXIT_FAILED;
	return failure->code == -ENOENT ? LAUNCH_EXIT_NOT_FOUND : LAUNCH_EXIT_NOT_EXECUTABLE;
}

static int failed(struct launch_failure *ret_failure, enum launch_step step, int code)
{
	if (ret_failure)
		*ret_failure = (struct launch_failure){ .step = step, .code = code };
	return code;
}

/* ---- the plan ---- */

static const char *search_path_of(const struct launch_plan *plan)
{
	char *const *envp = plan->envp ? plan->envp : environ;

	if (plan->search_path)
		return plan->search_path;
	for (; *envp; envp++)
		if (strncmp(*envp, "PATH=", 5) == 0)
			return *envp + 5;
	return "/bin:/usr/bin"; /* as execvp(3) */
}

static int plan_folder(const struct launch_plan *plan, struct job *job, struct error *err)
{
	if (!plan->folder)
		return 0;
	job->folder_fd = open(plan->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (job->folder_fd < 0)
		return error_set_errno(err, -errno, "cannot work in \"%s\"", plan->folder);
	return 0;
}

/* execvp(3) gives a file that is neither a binary nor has #! to the shell. */
static int plan_shell(struct job *job, struct error *err)
{
	static char shell[] = "sh";
	size_t count = 0;

	while (job->argv[count])
		count++;
	job->shell_argv = calloc(count + 2, sizeof(char *));
	if (!job->shell_argv)
		return error_oom(err);
	job->shell_argv[0] = shell;
	job->shell_argv[1] = job->program;
	for (size_t i = 1; i < count; i++)
		job->shell_argv[i + 1] = job->argv[i];
	return 0;
}

/* Only what differs is set in the child. */
static void plan_signals(const struct launch_plan *plan, struct job *job)
{
	sigemptyset(&job->make_default);
	sigemptyset(&job->make_ignored);
	sigemptyset(&job->mask);
	if (plan->signals)
		job->mask = plan->signals->mask;
	for (int number = 1; number < NSIG; number++) {
		bool ignore = plan->signals && sigismember(&plan->signals->ignored, number) == 1;
		struct sigaction now;

		if (sigaction(number, NULL, &now) < 0)
			continue; /* the C library's own */
		if (ignore && now.sa_handler != SIG_IGN)
			sigaddset(&job->make_ignored, number);
		else if (!ignore && now.sa_handler != SIG_DFL)
			sigaddset(&job->make_default, number);
	}
}

static int plan_job(const struct launch_plan *plan, struct job *job,
		    struct launch_failure *ret_failure, struct error *err)
{
	int r;

	*job = (struct job){ .argv = plan->argv,
			     .envp = plan->envp ? plan->envp : environ,
			     .tasks_fds = plan->tasks_fds,
			     .tasks_count = plan->tasks_count,
			     .folder_fd = -1,
			     .procs_fd = -1 };
	if (!plan->argv || !plan->argv[0])
		return failed(ret_failure, LAUNCH_LOOKUP,
			      error_set(err, -EINVAL, "no program is named"));
	r = plan_folder(plan, job, err);
	if (r < 0)
		return failed(ret_failure, LAUNCH_FOLDER, r);
	r = lookup_program(plan->argv[0], search_path_of(plan),
			   job->folder_fd >= 0 ? job->folder_fd : AT_FDCWD, &job->program, err);
	if (r < 0)
		return failed(ret_failure, r == -ENOMEM ? LAUNCH_CLONE : LAUNCH_LOOKUP, r);
	r = plan_shell(job, err);
	if (r < 0)
		return failed(ret_failure, LAUNCH_CLONE, r);
	plan_signals(plan, job);
	return 0;
}

int launch_plan_check(const struct launch_plan *plan, char **ret_program,
		      struct launch_failure *ret_failure, struct error *err)
{
	_cleanup_(job_done) struct job job;
	int r = plan_job(plan, &job, ret_failure, err);

	if (r >= 0 && ret_program)
		*ret_program = TAKE_PTR(job.program);
	return r;
}

/* ---- the child: async-signal-safe calls only ---- */

static int child_failed(struct job *job, enum launch_step step)
{
	job->failure = (struct launch_failure){ .step = step, .code = -errno };
	return LAUNCH_EXIT_FAILED;
}

static bool enter(int fd)
{
	return fd < 0 || write(fd, "0", 1) == 1;
}

static void set_signals(const struct job *job)
{
	const struct sigaction defaults = { .sa_handler = SIG_DFL };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	for (int number = 1; number < NSIG; number++) {
		if (sigismember(&job->make_default, number) == 1)
			(void)sigaction(number, &defaults, NULL);
		else if (sigismember(&job->make_ignored, number) == 1)
			(void)sigaction(number, &ignore, NULL);
	}
}

static int child_main(void *argument)
{
	struct job *job = argument;

	if (!enter(job->procs_fd))
		return child_failed(job, LAUNCH_ENTER);
	for (size_t i = 0; i < job->tasks_count; i++)
		if (!enter(job->tasks_fds[i]))
			return child_failed(job, LAUNCH_ENTER);
	if (job->folder_fd >= 0 && fchdir(job->folder_fd) < 0)
		return child_failed(job, LAUNCH_FOLDER);
	set_signals(job);
	(void)sigprocmask(SIG_SETMASK, &job->mask, NULL);
	(void)execve(job->program, job->argv, job->envp);
	if (errno == ENOEXEC)
		(void)execve("/bin/sh", job->shell_argv, job->envp);
	return child_failed(job, LAUNCH_EXEC);
}

/* ---- the start ---- */

static bool is_missing_clone3(long result)
{
	/* No such call; a smaller struct (before 5.7); a sandbox's answers. */
	return result == -ENOSYS || result == -E2BIG || result == -EINVAL || result == -EPERM;
}

static long clone_inside(const struct launch_plan *plan, struct job *job, void *stack, int *pidfd)
{
	/* CLEAR_SIGHAND for the C library's own two signals, which sigaction() does not let see. */
	struct clone_args args = {
		.flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
		.pidfd = (uintptr_t)pidfd,
		.exit_signal = SIGCHLD,
		.stack = (uintptr_t)stack,
		.stack_size = STACK_SIZE,
	};

	if (plan->clone_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)plan->clone_fd;
	}
	return clone3_call(&args, child_main, job);
}

/* clone(2). The file is opened here: what the child cannot open it could not explain either. */
static long clone_plain(const struct launch_plan *plan, struct job *job, char *stack, int *pidfd)
{
	int pid;

	if (plan->clone_fd >= 0) {
		job->procs_fd = openat(plan->clone_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
		if (job->procs_fd < 0)
			return -errno;
	}
	pid = clone(child_main, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD,
		    job, pidfd);
	return pid < 0 ? -errno : pid;
}

static long clone_child(const struct launch_plan *plan, struct job *job, struct launch_child *child)
{
	char stack[STACK_SIZE] __attribute__((aligned(64)));
	sigset_t all, old;
	long pid;

	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	pid = clone_inside(plan, job, stack, &child->pidfd);
	child->born_inside = plan->clone_fd >= 0 && pid > 0;
	if (is_missing_clone3(pid)) {
		child->pidfd = -1;
		pid = clone_plain(plan, job, stack, &child->pidfd);
	}
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return pid;
}

static int explain_clone(int code, const struct launch_plan *plan, struct error *err)
{
	if (code == -EAGAIN)
		return error_set(err, code,
				 "cannot start a process: the limit of tasks (pids) of the group, "
				 "or "
				 "the user's (ulimit -u), is reached");
	if (plan->clone_fd >= 0 && (code == -ENODEV || code == -ENOENT))
		return error_set(err, -ENODEV,
				 "cannot start a process: its group has been removed");
	if (plan->clone_fd >= 0 && code == -EBUSY)
		return error_set(err, code,
				 "cannot start a process: its group has controllers enabled for "
				 "the "
				 "groups below it, and so takes none itself");
	return error_set_errno(err, code, "cannot start a process%s",
			       plan->clone_fd >= 0 ? " in its group" : "");
}

static int explain(const struct job *job, struct error *err)
{
	int code = job->failure.code;

	switch (job->failure.step) {
	case LAUNCH_ENTER:
		return error_set_errno(err, code, "the new process cannot enter its group");
	case LAUNCH_FOLDER:
		return error_set_errno(err, code, "the new process cannot work in its folder");
	default:
		break;
	}
	if (code == -ENOENT)
		return error_set(err, code,
				 "cannot execute \"%s\": it is gone, or its interpreter (#!) or "
				 "dynamic loader is missing",
				 job->program);
	return error_set_errno(err, code, "cannot execute \"%s\"", job->program);
}

int launch_start(const struct launch_plan *plan, struct launch_child *ret_child,
		 struct launch_failure *ret_failure, struct error *err)
{
	struct launch_child child = { .pidfd = -1, .started = clock_monotonic() };
	_cleanup_(job_done) struct job job;
	long pid;
	int r;

	r = plan_job(plan, &job, ret_failure, err);
	if (r < 0)
		return r;
	pid = clone_child(plan, &job, &child);
	if (pid < 0)
		return failed(ret_failure, LAUNCH_CLONE, explain_clone((int)pid, plan, err));
	child.pid = (pid_t)pid;
	if (job.failure.code < 0) {
		struct launch_status status;

		(void)launch_wait(&child, &status);
		launch_child_done(&child);
		return failed(ret_failure, job.failure.step, explain(&job, err));
	}
	*ret_child = child;
	return 0;
}

void launch_signals_save(struct launch_signals *ret_signals)
{
	sigemptyset(&ret_signals->ignored);
	(void)pthread_sigmask(SIG_BLOCK, NULL, &ret_signals->mask);
	for (int number = 1; number < NSIG; number++) {
		struct sigaction now;

		if (sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
			sigaddset(&ret_signals->ignored, number);
	}
}

/* ---- the end ---- */

static void fill_status(const struct launch_child *child, const siginfo_t *info,
			const struct rusage *usage, struct launch_status *ret_status)
{
	bool exited = info->si_code == CLD_EXITED;

	*ret_status = (struct launch_status){
		.exit_code = exited ? info->si_status : 128 + info->si_status,
		.signal = exited ? 0 : info->si_status,
		.core = info->si_code == CLD_DUMPED,
		.wall = clock_monotonic() - child->started,
		.usage = *usage,
	};
}

/* The C library's waitid() hides the kernel's fifth argument, the usage. */
static int reap(const struct launch_child *child, int options, struct launch_status *ret_status)
{
	struct rusage usage = { 0 };
	siginfo_t info = { 0 };
	long r;

	do
		r = syscall(SYS_waitid, child->pidfd >= 0 ? P_PIDFD : P_PID,
			    child->pidfd >= 0 ? child->pidfd : child->pid, &info, options, &usage);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	if (info.si_pid == 0)
		return 0;
	fill_status(child, &info, &usage, ret_status);
	return 1;
}

int launch_wait(const struct launch_child *child, struct launch_status *ret_status)
{
	int r = reap(child, WEXITED, ret_status);

	return r < 0 ? r : 0;
}

int launch_poll(const struct launch_child *child, struct launch_status *ret_status)
{
	return reap(child, WEXITED | WNOHANG, ret_status);
}

int launch_signal(const struct launch_child *child, int number)
{
	long r;

	if (child->pidfd >= 0)
		r = syscall(SYS_pidfd_send_signal, child->pidfd, number, NULL, 0);
	else
		r = kill(child->pid, number);
	return r < 0 ? -errno : 0;
}

void launch_child_done(struct launch_child *child)
{
	closep(&child->pidfd);
	child->pidfd = -1;
	child->pid = 0;
}
