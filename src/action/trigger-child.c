// SPDX-License-Identifier: MIT
/*
 * The child is made by clone(CLONE_VM) on a stack of its own: a daemon must not copy its page
 * tables for a shell script, and not wait for it either (CLONE_VFORK). So until its execve it runs
 * in our memory while we go on: it makes raw system calls only, and above all not glibc's
 * setresuid(), which would change the ids of all our threads. It begins with all signals blocked,
 * so that no handler of ours runs in it.
 */
#include "action/trigger-child.h"

#include "util/clone3.h"
#include "util/raw-call.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { STACK_SIZE = 32 * 1024 };

/* ---- the child's steps ---- */

static long enter(const struct trigger_child *child)
{
	long r = 0;

	if (child->clone_fd >= 0 && !child->was_born_inside)
		r = raw(SYS_write, child->clone_procs_fd, "0", 1);
	for (size_t i = 0; r >= 0 && i < child->entrance_count; i++)
		r = raw(SYS_write, child->entrances[i], "0", 1);
	return r;
}

/* Leads a session and a process group: no terminal, and one number for all that stay in it. */
static long begin_session(const struct trigger_child *child)
{
	return raw(SYS_setsid);
}

static long set_streams(const struct trigger_child *child)
{
	long r = raw(SYS_dup3, child->input_fd, 0, 0);

	if (r >= 0)
		r = raw(SYS_dup3, child->output_fd, 1, 0);
	if (r >= 0)
		r = raw(SYS_dup3, child->output_fd, 2, 0);
	/* What we hold is O_CLOEXEC; what a careless parent of ours left open is not. */
	return r < 0 ? r : raw(SYS_close_range, 3, ~0U, 0);
}

static long set_limits(const struct trigger_child *child)
{
	static const struct rlimit no_core = { 0 };

	(void)raw(SYS_umask, 022);
	/* The daemon's own priority is not for others; giving up a better one never fails. */
	(void)raw(SYS_setpriority, PRIO_PROCESS, 0, 0);
	return raw(SYS_prlimit64, 0, RLIMIT_CORE, &no_core, 0);
}

/* The groups, then the group, then the user: in this order only. */
static long become_user(const struct trigger_child *child)
{
	const long uid = child->uid, gid = child->gid;
	long r = 0;

	if (raw(SYS_geteuid) == 0)
		r = raw(SYS_setgroups, child->group_count, child->groups);
	if (r >= 0)
		r = raw(SYS_setresgid, gid, gid, gid);
	return r < 0 ? r : raw(SYS_setresuid, uid, uid, uid);
}

/* Root keeps what makes it root: who names it wants that. */
static long drop_privileges(const struct trigger_child *child)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };
	long r = raw(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);

	if (r >= 0 && child->uid != 0)
		r = raw(SYS_capset, &header, none);
	return r < 0 ? r : raw(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* As the user, who may not be allowed to be there. */
static long change_folder(const struct trigger_child *child)
{
	return raw(SYS_chdir, child->folder);
}

/* It may have changed since the policy was read; asked here, as its disk may not answer. */
static long check_program(const struct trigger_child *child)
{
	struct statx info = { 0 };
	long r = raw(SYS_statx, AT_FDCWD, child->argv[0], 0, STATX_MODE, &info);

	return r >= 0 && info.stx_mode & S_IWOTH ? -EPERM : r;
}

static long execute(const struct trigger_child *child)
{
	return raw(SYS_execve, child->argv[0], child->argv, child->envp);
}

static const struct {
	enum trigger_step step;
	long (*take)(const struct trigger_child *child);
} steps[] = {
	{ TRIGGER_STEP_ENTER, enter },		{ TRIGGER_STEP_SESSION, begin_session },
	{ TRIGGER_STEP_STREAMS, set_streams },	{ TRIGGER_STEP_LIMITS, set_limits },
	{ TRIGGER_STEP_USER, become_user },	{ TRIGGER_STEP_PRIVILEGES, drop_privileges },
	{ TRIGGER_STEP_FOLDER, change_folder }, { TRIGGER_STEP_PROGRAM, check_program },
	{ TRIGGER_STEP_EXECUTE, execute },
};

static void default_signals(void)
{
	/* As the kernel has it: handler, flags, restorer, mask. All zero is the default. */
	const struct {
		unsigned long words[4];
	} action = { 0 };
	const uint64_t none = 0;

	for (int i = 1; i < _NSIG; i++)
		if (i != SIGKILL && i != SIGSTOP)
			(void)raw(SYS_rt_sigaction, i, &action, 0, sizeof(none));
	(void)raw(SYS_rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof(none));
}

static int child_main(void *argument)
{
	struct trigger_child *child = argument;

	default_signals();
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		long r = steps[i].take(child);

		if (r >= 0)
			continue;
		child->step = steps[i].step;
		child->code = (int)r;
		break;
	}
	raw(SYS_exit, 127);
	return 127;
}

/* ---- the parent ---- */

static pid_t clone_child(struct trigger_child *child)
{
	struct clone_args arguments = {
		.flags = CLONE_VM,
		.exit_signal = SIGCHLD,
		.stack = (uintptr_t)child->stack,
		.stack_size = STACK_SIZE,
	};
	pid_t pid;

	if (child->clone_fd >= 0) {
		arguments.flags |= CLONE_INTO_CGROUP;
		arguments.cgroup = (uint64_t)child->clone_fd;
		child->was_born_inside = true;
		pid = (pid_t)clone3_call(&arguments, child_main, child);
		/* No such call, in a sandbox perhaps; else the way in by itself may work. */
		if (pid > 0 || pid == -EAGAIN || pid == -ENOMEM)
			return pid;
	}
	child->was_born_inside = false;
	pid = clone(child_main, (char *)child->stack + STACK_SIZE, CLONE_VM | SIGCHLD, child);
	return pid < 0 ? -errno : pid;
}

pid_t trigger_child_start(struct trigger_child *child)
{
	sigset_t all, old;
	pid_t pid;

	child->step = TRIGGER_STEP_NONE;
	child->code = 0;
	child->stack = aligned_alloc(64, STACK_SIZE);
	if (!child->stack)
		return -ENOMEM;
	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	pid = clone_child(child);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (pid < 0)
		trigger_child_done(child);
	return pid;
}

void trigger_child_done(struct trigger_child *child)
{
	free(child->stack);
	child->stack = NULL;
}

void trigger_child_explain(const struct trigger_child *child, char *buffer, size_t size)
{
	static const char *const texts[] = {
		[TRIGGER_STEP_NONE] = "start",
		[TRIGGER_STEP_ENTER] = "enter its group",
		[TRIGGER_STEP_SESSION] = "begin a session",
		[TRIGGER_STEP_STREAMS] = "set its descriptors",
		[TRIGGER_STEP_LIMITS] = "set its limits",
		[TRIGGER_STEP_USER] = "become its user",
		[TRIGGER_STEP_PRIVILEGES] = "give up privileges",
		[TRIGGER_STEP_FOLDER] = "work in",
		[TRIGGER_STEP_PROGRAM] = "execute",
		[TRIGGER_STEP_EXECUTE] = "execute",
	};
	const char *object = child->step == TRIGGER_STEP_FOLDER	   ? child->folder
			     : child->step >= TRIGGER_STEP_PROGRAM ? child->argv[0]
								   : NULL;

	if (child->step == TRIGGER_STEP_PROGRAM && child->code == -EPERM) {
		snprintf(buffer, size, "cannot execute %s: every user may change it (chmod o-w)",
			 object);
		return;
	}
	snprintf(buffer, size, "cannot %s%s%s: %s", texts[child->step], object ? " " : "",
		 object ? object : "", strerror(-child->code));
}
