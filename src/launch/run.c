// SPDX-License-Identifier: MIT
/*
 * Both processes are in one process group, as a shell made it. What the terminal sends (^C, ^\,
 * ^Z, a new size) goes to the group: the program has it already, and a second one could make it
 * give up half-way through its clean-up. The kernel marks these (SI_KERNEL). What another process
 * sends to us is meant for the program.
 *
 * Job control: this process never stops by itself. The program decides what ^Z means to it; when
 * it has stopped, we stop, so that the shell takes the terminal back. SIGCONT reaches the whole
 * group from the shell, and the program again from us, which harms nobody.
 */
#include "launch/run.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

static const int forwarded[] = {
	SIGHUP,	 SIGINT,  SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2,
	SIGALRM, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH,
};

struct run {
	struct launch_child child;
	int signal_fd;
	sigset_t old_mask;
	struct sigaction old_chld;
	bool asked_to_stop; /* somebody sent this very process a stop signal */
};

static void collect_forwarded(sigset_t *ret_set)
{
	sigemptyset(ret_set);
	sigaddset(ret_set, SIGCHLD);
	for (size_t i = 0; i < ARRAY_SIZE(forwarded); i++)
		sigaddset(ret_set, forwarded[i]);
	for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
		sigaddset(ret_set, number);
}

/* From here on no signal is lost: those of before the start wait until there is a program. */
static int take_signals(struct run *run, struct error *err)
{
	const struct sigaction defaults = { .sa_handler = SIG_DFL };
	sigset_t set;

	collect_forwarded(&set);
	run->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (run->signal_fd < 0)
		return error_set_errno(err, -errno, "cannot watch for signals");
	(void)sigprocmask(SIG_BLOCK, &set, &run->old_mask);
	/* Whoever started us may have left it ignored; then the kernel would reap for us. */
	(void)sigaction(SIGCHLD, &defaults, &run->old_chld);
	return 0;
}

/* What came after the program's end was for the program: it must not hit us now. */
static void give_signals_back(const struct run *run, bool ended)
{
	struct signalfd_siginfo info;

	while (ended && read(run->signal_fd, &info, sizeof(info)) > 0)
		;
	(void)sigaction(SIGCHLD, &run->old_chld, NULL);
	(void)sigprocmask(SIG_SETMASK, &run->old_mask, NULL);
}

static bool is_stop(int number)
{
	return number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
}

static void forward(struct run *run, const struct signalfd_siginfo *info)
{
	int number = (int)info->ssi_signo;
	bool from_terminal = info->ssi_code == SI_KERNEL && getpgid(run->child.pid) == getpgrp();

	if (number == SIGCHLD)
		return;
	/* A hang-up goes to the session's leader too, which we may be and the program is not. */
	if (from_terminal && number != SIGHUP)
		return;
	if (is_stop(number))
		run->asked_to_stop = true;
	(void)launch_signal(&run->child, number);
}

static void forward_all(struct run *run)
{
	struct signalfd_siginfo info;

	while (read(run->signal_fd, &info, sizeof(info)) == sizeof(info))
		forward(run, &info);
}

/*
 * Somebody who stops the program alone, by its number and with no terminal, will continue it
 * alone: whoever then stopped with it would sleep for ever.
 */
static bool has_to_follow(const struct run *run, int number)
{
	_cleanup_(closep) int terminal = -1;

	if (run->asked_to_stop)
		return true;
	terminal = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (terminal < 0)
		return false;
	return is_stop(number) || tcgetpgrp(terminal) == getpgrp();
}

static void follow_stops(struct run *run)
{
	siginfo_t info = { 0 };

	if (waitid(P_PID, (id_t)run->child.pid, &info, WSTOPPED | WNOHANG) < 0 || info.si_pid == 0)
		return;
	if (!has_to_follow(run, info.si_status))
		return;
	run->asked_to_stop = false;
	(void)kill(getpid(), SIGSTOP);
	/* Continued. */
	(void)launch_signal(&run->child, SIGCONT);
}

static int supervise(struct run *run, struct launch_status *ret_status, struct error *err)
{
	for (;;) {
		struct pollfd waits[] = {
			{ .fd = run->signal_fd, .events = POLLIN },
			{ .fd = run->child.pidfd, .events = POLLIN },
		};
		int r;

		if (poll(waits, ARRAY_SIZE(waits), -1) < 0 && errno != EINTR)
			return error_set_errno(err, -errno, "cannot wait for the program");
		forward_all(run);
		follow_stops(run);
		r = launch_poll(&run->child, ret_status);
		if (r < 0)
			return error_set_errno(err, r, "cannot learn how the program ended");
		if (r > 0)
			return 0;
	}
}

int launch_run(const struct launch_plan *plan, struct launch_status *ret_status,
	       struct launch_failure *ret_failure, struct error *err)
{
	struct run run = { .child = { .pidfd = -1 }, .signal_fd = -1 };
	struct launch_failure failure = { .step = LAUNCH_CLONE };
	int r;

	r = take_signals(&run, err);
	if (r >= 0) {
		r = launch_start(plan, &run.child, &failure, err);
		if (r >= 0)
			r = supervise(&run, ret_status, err);
		give_signals_back(&run, r >= 0);
	}
	if (r < 0 && ret_failure) {
		failure.code = r;
		*ret_failure = failure;
	}
	launch_child_done(&run.child);
	closep(&run.signal_fd);
	return r;
}
