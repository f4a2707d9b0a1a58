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
 *
 * A part of the parent's (ids of a user namespace) is done while the child waits on a word in the
 * common memory. Then the parent waits on that word too, instead of in clone(2).
 */
#include "launch/launch.h"

#include "launch/job.h"
#include "util/clone3.h"
#include "util/fd.h"
#include "util/host.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/wait.h>
#include <time.h>

/* The child's functions never return, so what they marked of its stack would stay marked in ours.
 */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_UNPOISON_MEMORY_REGION(start, size) ((void)(start))
#endif

enum { STACK_SIZE = 32768, PARENT_JOINS_MAX = 8 };

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

int launch_plan_check(const struct launch_plan *plan, char **ret_program,
		      struct launch_failure *ret_failure, struct error *err)
{
	_cleanup_(job_done) struct job job;
	int r = job_init(plan, 0, &job, ret_failure, err);

	if (r >= 0 && ret_program)
		*ret_program = TAKE_PTR(job.programs[0]);
	return r;
}

/* Not by the vDSO, whose pages a process that launches once would touch for this alone. */
static uint64_t clock_by_call(void)
{
	struct timespec now = { 0 };

	(void)raw(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* ---- the start ---- */

static bool is_missing_clone3(long result)
{
	/* No such call; a smaller struct (before 5.7); a sandbox's answers. */
	return result == -ENOSYS || result == -E2BIG || result == -EINVAL || result == -EPERM;
}

/* Where the parent has a part it cannot wait in the kernel: the common word takes that place. */
static uint64_t clone_flags(const struct job *job)
{
	const struct launch_namespaces *namespaces = job->plan->namespaces;
	uint64_t spaces = namespaces ? namespaces->unshare & ~LAUNCH_UNSHARE_LATE : 0;

	if (job->joins_mounts || job->has_base)
		spaces &= ~(uint64_t)CLONE_NEWNS; /* a copy of what is joined, after that */
	return CLONE_VM | CLONE_PIDFD | spaces |
	       (job_needs_parent(job) ? CLONE_CHILD_CLEARTID : CLONE_VFORK);
}

static long clone_inside(const struct launch_plan *plan, struct job *job, void *stack, int *pidfd)
{
	/* CLEAR_SIGHAND for the C library's own two signals, which sigaction() does not let see. */
	struct clone_args args = {
		.flags = clone_flags(job) | CLONE_CLEAR_SIGHAND,
		.pidfd = (uintptr_t)pidfd,
		.child_tid = (uintptr_t)&job->word,
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

	if (plan->signals && plan->signals->inherit)
		job_look_at_signals(job);
	if (plan->clone_fd >= 0) {
		job->procs_fd = openat(plan->clone_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
		if (job->procs_fd < 0)
			return -errno;
	}
	pid = clone(child_main, stack + STACK_SIZE, (int)clone_flags(job) | SIGCHLD, job, pidfd,
		    NULL, &job->word);
	return pid < 0 ? -errno : pid;
}

static const char *space_name(int flags)
{
	return flags == CLONE_NEWPID   ? "pid_for_children"
	       : flags == CLONE_NEWNET ? "net"
	       : flags == CLONE_NEWIPC ? "ipc"
	       : flags == CLONE_NEWNS  ? "mnt"
				       : "uts";
}

static int open_kept(struct job *job, pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, space_name(job->keep));
	job->kept_fd = open(path, O_RDONLY | O_CLOEXEC);
	return job->kept_fd < 0 ? -errno : 0;
}

/* Does the parent's part when the child asks, and returns when it has executed or ended. */
static void attend(struct job *job, pid_t pid)
{
	uint32_t word;

	while ((word = __atomic_load_n(&job->word, __ATOMIC_SEQ_CST)) != JOB_GONE) {
		if (word != JOB_ASKS) {
			(void)raw(SYS_futex, &job->word, FUTEX_WAIT, word, NULL);
			continue;
		}
		job->answer = job->made ? open_kept(job, pid)
					: job_maps_write(job->maps, pid, &job->doing);
		__atomic_store_n(&job->word, JOB_ANSWERED, __ATOMIC_SEQ_CST);
		(void)raw(SYS_futex, &job->word, FUTEX_WAKE, 1);
	}
}

/*
 * Since 6.14 the kernel compares how often our own group and the new one have been killed as a
 * whole (cgroup.kill), and kills a process that is born into one which has been, before its first
 * instruction. Such a one is reaped here, and another takes the way from outside.
 */
static bool was_stillborn(const struct job *job, struct launch_child *child, long pid)
{
	struct launch_status status;

	if (!child->born_inside || __atomic_load_n(&job->begun, __ATOMIC_SEQ_CST))
		return false;
	child->pid = (pid_t)pid;
	(void)launch_wait(child, &status);
	launch_child_done(child);
	return true;
}

static long clone_child(const struct launch_plan *plan, struct job *job, struct launch_child *child)
{
	char stack[STACK_SIZE] __attribute__((aligned(64)));
	sigset_t all, old;
	long pid;

	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	job->word = JOB_RUNS;
	pid = clone_inside(plan, job, stack, &child->pidfd);
	child->born_inside = plan->clone_fd >= 0 && pid > 0;
	if (is_missing_clone3(pid)) {
		child->pidfd = -1;
		pid = clone_plain(plan, job, stack, &child->pidfd);
	}
	if (pid > 0 && job_needs_parent(job))
		attend(job, (pid_t)pid);
	if (was_stillborn(job, child, pid)) {
		job->word = JOB_RUNS;
		child->born_inside = false;
		pid = clone_plain(plan, job, stack, &child->pidfd);
		if (pid > 0 && job_maps_need_parent(job->maps))
			attend(job, (pid_t)pid);
	}
	if (pid > 0 && job->init)
		job_init_wait(job);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	ASAN_UNPOISON_MEMORY_REGION(stack, sizeof(stack));
	return pid;
}

/* ---- namespaces that only the parent can join for its child ---- */

struct joined {
	int flags, saved_fd;
};

/* Those of processes, always; the others when the child begins in a user namespace of its own,
 * from which it may not join them. */
int job_parent_joins(const struct job *job, const struct launch_join *join)
{
	bool late = job->plan->namespaces->unshare & CLONE_NEWUSER;

	return join->flags &
	       (late ? CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS : CLONE_NEWPID);
}

static void leave_joined(const struct job *job, struct joined *joined)
{
	for (size_t i = job->parent_joins; i-- > 0;) {
		(void)setns(joined[i].saved_fd, joined[i].flags);
		close(joined[i].saved_fd);
	}
}

static int join_one(struct job *job, const struct launch_join *join, int flag,
		    struct joined joined[static PARENT_JOINS_MAX])
{
	char path[64];
	int saved;

	if (job->parent_joins == PARENT_JOINS_MAX)
		return -E2BIG;
	snprintf(path, sizeof(path), "/proc/thread-self/ns/%s", space_name(flag));
	saved = open(path, O_RDONLY | O_CLOEXEC);
	if (saved < 0)
		return -errno;
	if (setns(join->fd, flag) < 0) {
		int r = -errno;

		close(saved);
		return r;
	}
	joined[job->parent_joins++] = (struct joined){ .flags = flag, .saved_fd = saved };
	return 0;
}

static int join_for_child(struct job *job, struct joined joined[static PARENT_JOINS_MAX])
{
	const struct launch_namespaces *namespaces = job->plan->namespaces;
	int r = 0;

	for (size_t i = 0; namespaces && r == 0 && i < namespaces->join_count; i++) {
		const struct launch_join *join = &namespaces->joins[i];
		int flags = job_parent_joins(job, join);

		for (int rest = flags; rest && r == 0; rest &= rest - 1)
			r = join_one(job, join, rest & -rest, joined);
	}
	if (r < 0)
		leave_joined(job, joined);
	return r;
}

/* Whose fault it is, where a file of the kernel says so. */
static int explain_spaces(int code, uint64_t unshare, struct error *err)
{
	char limit[32] = "";

	(void)file_read_into(AT_FDCWD, "/proc/sys/user/max_user_namespaces", limit, sizeof(limit));
	if ((unshare & CLONE_NEWUSER) && code == -ENOSPC)
		return error_set(err, code, "cannot make a user namespace: %s",
				 strtoul(limit, NULL, 10) == 0
					 ? "this host has them switched off (sysctl "
					   "user.max_user_namespaces=0)"
					 : "they are nested too deeply, or there are too many");
	if ((unshare & CLONE_NEWUSER) && code == -EPERM)
		return error_set(err, code,
				 "cannot make a user namespace: this host lets users have none "
				 "(sysctl kernel.unprivileged_userns_clone, "
				 "kernel.apparmor_restrict_unprivileged_userns), or this process "
				 "is in a chroot");
	if (code == -EPERM)
		return error_set(err, code,
				 "cannot make namespaces: that takes CAP_SYS_ADMIN, or a user "
				 "namespace (--unshare user)");
	return error_set_errno(err, code, "cannot start a process in namespaces of its own");
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
	if (plan->namespaces && plan->namespaces->unshare)
		return explain_spaces(code, plan->namespaces->unshare, err);
	return error_set_errno(err, code, "cannot start a process%s",
			       plan->clone_fd >= 0 ? " in its group" : "");
}

static int start_job(struct job *job, struct launch_child *ret_child,
		     struct launch_failure *ret_failure, struct error *err)
{
	struct launch_child child = { .pidfd = -1, .started = clock_by_call() };
	struct joined joined[PARENT_JOINS_MAX];
	long pid;
	int r = join_for_child(job, joined);

	if (r < 0)
		return failed(ret_failure, LAUNCH_JOIN,
			      error_set_errno(err, r, "cannot join a namespace"));
	pid = clone_child(job->plan, job, &child);
	leave_joined(job, joined);
	if (pid < 0)
		return failed(ret_failure, LAUNCH_CLONE, explain_clone((int)pid, job->plan, err));
	child.pid = (pid_t)pid;
	child.in_base = job->has_base;
	if (job->failure.code < 0) {
		struct launch_status status;

		(void)launch_wait(&child, &status);
		launch_child_done(&child);
		return failed(ret_failure, job->failure.step, job_explain(job, err));
	}
	*ret_child = child;
	return 0;
}

static int start_once(const struct launch_plan *plan, struct launch_child *ret_child,
		      struct launch_failure *ret_failure, struct error *err)
{
	_cleanup_(job_done) struct job job;
	int r = job_init(plan, 0, &job, ret_failure, err);

	return r < 0 ? r : start_job(&job, ret_child, ret_failure, err);
}

/*
 * A base is the faster way, and not one with failures of its own: what does not go there fails
 * once more without it, or does not.
 */
int launch_start(const struct launch_plan *plan, struct launch_child *ret_child,
		 struct launch_failure *ret_failure, struct error *err)
{
	_cleanup_(error_done) struct error unread = ERROR_INIT;
	struct launch_failure failure;
	struct launch_file_system system;
	struct launch_plan other = *plan;
	int r;

	if (!plan->file_system || !plan->file_system->base_fd)
		return start_once(plan, ret_child, ret_failure, err);
	r = start_once(plan, ret_child, &failure, &unread);
	if (r == 0)
		return 0;
	system = *plan->file_system;
	system.base_fd = NULL;
	other.file_system = &system;
	return start_once(&other, ret_child, ret_failure, err);
}

int launch_base_open(int *ret_fd, struct error *err)
{
	const struct launch_namespaces namespaces = { .unshare = CLONE_NEWNS };
	const struct launch_file_system empty = { .root = LAUNCH_ROOT_EMPTY, .read_only = true };
	const struct launch_plan plan = { .clone_fd = -1,
					  .namespaces = &namespaces,
					  .file_system = &empty };

	return launch_keep(&plan, CLONE_NEWNS, ret_fd, NULL, err);
}

int launch_keep(const struct launch_plan *plan, int flag, int *ret_fd,
		struct launch_failure *ret_failure, struct error *err)
{
	static char nobody[] = "(none)";
	char *argv[] = { nobody, NULL };
	struct launch_plan kept = *plan;
	_cleanup_(job_done) struct job job;
	struct launch_status status;
	struct launch_child child;
	int r;

	kept.argv = argv;
	r = job_init(&kept, flag, &job, ret_failure, err);
	if (r >= 0)
		r = start_job(&job, &child, ret_failure, err);
	if (r < 0)
		return r;
	(void)launch_wait(&child, &status);
	launch_child_done(&child);
	*ret_fd = TAKE_FD(job.kept_fd);
	return 0;
}

void launch_signals_save(struct launch_signals *ret_signals)
{
	ret_signals->inherit = false;
	sigemptyset(&ret_signals->ignored);
	(void)pthread_sigmask(SIG_BLOCK, NULL, &ret_signals->mask);
	for (int number = 1; number < NSIG; number++) {
		struct sigaction now;

		if (sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
			sigaddset(&ret_signals->ignored, number);
	}
}

void launch_signals_inherit(struct launch_signals *ret_signals)
{
	struct sigaction now;

	ret_signals->inherit = true;
	sigemptyset(&ret_signals->ignored);
	(void)pthread_sigmask(SIG_BLOCK, NULL, &ret_signals->mask);
	/* launch_run() has to have its default action. */
	if (sigaction(SIGCHLD, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
		sigaddset(&ret_signals->ignored, SIGCHLD);
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
		.wall = clock_by_call() - child->started,
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
