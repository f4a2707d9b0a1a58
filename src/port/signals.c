// SPDX-License-Identifier: MIT
/*
 * The signal handler and its pipe. A handler has no argument of ours: the pipe's number is fixed,
 * and the counters below are the only variables of the program that are not in struct port. The
 * handler runs with all signals blocked, the loop is the only other that touches them.
 *
 * A signal that the processor raised (a fault of this program) ends it: the handler would return
 * to the same instruction for ever.
 */
#include "port/signals.h"

#include <fcntl.h>
#include <ucontext.h>

/* The pipe has room for 512; those that are being delivered need some. */
enum { PIPE_FULL = 448 };

static volatile sig_atomic_t written, taken, blocked, lost;

static bool is_fault(int number, const siginfo_t *info)
{
	return (number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL) &&
	       info->si_code > 0 && info->si_code != SI_KERNEL;
}

static void on_signal(int number, siginfo_t *info, void *context)
{
	int saved = errno;

	if (is_fault(number, info)) {
		(void)signal(number, SIG_DFL);
		return;
	}
	if (write(FD_SIGNALS_WRITE, info, sizeof(*info)) == (ssize_t)sizeof(*info))
		written++;
	else
		lost++;
	if (written - taken >= PIPE_FULL) {
		blocked = 1;
		(void)sigfillset(&((ucontext_t *)context)->uc_sigmask);
	}
	errno = saved;
}

static int set_up_pipe(int read_end, int write_end)
{
	if (dup3(read_end, FD_SIGNALS, O_CLOEXEC) < 0 ||
	    dup3(write_end, FD_SIGNALS_WRITE, O_CLOEXEC) < 0)
		return -errno;
	return 0;
}

int signals_open_pipe(void)
{
	int fds[2], high[2], r = 0;

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	/* Out of the way of the two numbers first: pipe2() may have given just these, crosswise. */
	for (int i = 0; i < 2; i++) {
		high[i] = fds[i] >= FD_FIRST_FREE ? fds[i]
						  : fcntl(fds[i], F_DUPFD_CLOEXEC, FD_FIRST_FREE);
		if (high[i] < 0)
			r = -errno;
		if (fds[i] < FD_FIRST_FREE)
			close(fds[i]);
	}
	if (r == 0)
		r = set_up_pipe(high[0], high[1]);
	for (int i = 0; i < 2; i++)
		if (high[i] >= 0)
			close(high[i]);
	return r;
}

int signals_adopt_pipe(void)
{
	for (int fd = FD_SIGNALS; fd <= FD_SIGNALS_WRITE; fd++) {
		int flags = fcntl(fd, F_GETFL);

		if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
		    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
			return -errno;
	}
	return 0;
}

void signals_forget(void)
{
	written = taken = blocked = lost = 0;
}

int signals_catch(int number)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };

	(void)sigfillset(&action.sa_mask);
	return sigaction(number, &action, NULL) < 0 ? -errno : 0;
}

void signals_catch_all(void)
{
	/* KILL, STOP and two of the C library's own are refused. */
	for (int number = 1; number <= SIGRTMAX; number++)
		(void)signals_catch(number);
}

bool signals_catches(const struct sigaction *action)
{
	return (action->sa_flags & SA_SIGINFO) && action->sa_sigaction == on_signal;
}

size_t signals_read(siginfo_t *ret_infos, size_t count)
{
	ssize_t got = read(FD_SIGNALS, ret_infos, count * sizeof(*ret_infos));
	sigset_t all;

	if (got <= 0)
		return 0;
	taken += (sig_atomic_t)((size_t)got / sizeof(*ret_infos));
	if (blocked && written - taken < PIPE_FULL / 2) {
		blocked = 0;
		(void)sigfillset(&all);
		(void)sigprocmask(SIG_UNBLOCK, &all, NULL);
	}
	return (size_t)got / sizeof(*ret_infos);
}

uint64_t signals_lost(void)
{
	return (uint64_t)lost;
}

void signals_block(sigset_t *ret_was)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, ret_was);
}

void signals_restore(const sigset_t *was)
{
	(void)sigprocmask(SIG_SETMASK, was, NULL);
}
