// SPDX-License-Identifier: MIT
/*
 * The new process becomes the first one of its namespace (init-program.c) and makes the program's
 * process beside it, which goes on with the steps: both are in the launcher's memory until they
 * execute, the second on a stack of its own. So the launcher waits for both, for the first one as
 * always, for the second by a word that the kernel clears.
 *
 * The second one goes on when the first says that nobody can look into it, and ends if that one is
 * gone without a word.
 */
#include "launch/job.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/memfd.h>
#include <sys/mman.h>

enum { STACK_SIZE = 32768, NUMBER_SIZE = 12 };

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U /* since Linux 6.3, where a host may want it */
#endif

static const unsigned char program[] = {
#include "init-program.inc"
};

struct job_init {
	int fd; /* the program, in memory */
	int ready[2];
	char *stack;
};

void job_init_free(struct job_init *init)
{
	if (!init)
		return;
	closep(&init->fd);
	free(init->stack);
	free(init);
}
DEFINE_CLEANUP(struct job_init *, job_init_free);

int job_init_new(const struct launch_plan *plan, struct job_init **ret_init, struct error *err)
{
	_cleanup_(job_init_freep) struct job_init *init = NULL;

	if (!plan->conditions || !plan->conditions->init)
		return 0;
	if (!plan->namespaces || !(plan->namespaces->unshare & CLONE_NEWPID))
		return error_set(err, -EINVAL,
				 "a first process beside the program takes a process namespace of "
				 "its own");
	init = calloc(1, sizeof(*init));
	if (!init)
		return error_oom(err);
	init->fd = memfd_create("reeve-init", MFD_CLOEXEC | MFD_EXEC);
	if (init->fd < 0 && errno == EINVAL)
		init->fd = memfd_create("reeve-init", MFD_CLOEXEC);
	init->stack = malloc(STACK_SIZE);
	if (!init->stack)
		return error_oom(err);
	/* Without the NUL that tools/embed adds. */
	if (init->fd < 0 || write(init->fd, program, sizeof(program) - 1) != sizeof(program) - 1)
		return error_set_errno(err, init->fd < 0 ? -errno : -EIO,
				       "cannot keep a first process ready");
	*ret_init = TAKE_PTR(init);
	return 0;
}

void job_init_wait(struct job *job)
{
	int running;

	while ((running = __atomic_load_n(&job->program_pid, __ATOMIC_SEQ_CST)) != 0)
		(void)raw(SYS_futex, &job->program_pid, FUTEX_WAIT, running, NULL);
}

/* ---- in the new processes ---- */

static int await_first(struct job *job)
{
	char byte;
	long n;

	(void)raw(SYS_close, job->init->ready[1]);
	n = raw(SYS_read, job->init->ready[0], &byte, 1);
	(void)raw(SYS_close, job->init->ready[0]);
	return n == 1 ? 0 : n < 0 ? (int)n : -EIO;
}

static int go_on(void *argument)
{
	struct job *job = argument;
	int r = await_first(job);

	if (r < 0 && job->failure.code == 0)
		job->failure = (struct launch_failure){ .step = LAUNCH_INIT, .code = r };
	return r < 0 ? LAUNCH_EXIT_FAILED : child_steps_after(job, LAUNCH_INIT);
}

int child_init(struct job *job)
{
	const int flags = CLONE_VM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD;
	char number[NUMBER_SIZE], ready[NUMBER_SIZE];
	static char name[] = "reeve-init";
	char *argv[] = { name, number, ready, NULL }, *envp[] = { NULL };
	long r;
	int pid;

	if (!job->init)
		return 0;
	r = raw(SYS_pipe2, job->init->ready, O_CLOEXEC);
	if (r == 0)
		r = raw(SYS_fcntl, job->init->ready[1], F_SETFD, 0);
	if (r < 0)
		return (int)r;
	pid = clone(go_on, job->init->stack + STACK_SIZE, flags, job, &job->program_pid, NULL,
		    &job->program_pid);
	if (pid < 0)
		return -errno;
	/* Its own, which the program's process is behind. */
	r = child_lower_rlimits(job);
	if (r < 0)
		return (int)r;
	(void)child_write_number(number, pid);
	(void)child_write_number(ready, job->init->ready[1]);
	return (int)raw(SYS_execveat, job->init->fd, "", argv, envp, AT_EMPTY_PATH);
}
