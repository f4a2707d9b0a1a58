// SPDX-License-Identifier: MIT
/*
 * The first process of a process namespace, beside the program (child-init.c makes both): it waits
 * for whoever is left to it, passes signals on to the program, and ends as the program ends, with
 * which the kernel ends everybody else. A program without a C library, for it lives as long as the
 * sandbox does.
 *
 * usage: init PROGRAM'S-NUMBER DESCRIPTOR
 *
 * The program is not confined by what confines nobody but itself (seccomp, Landlock), so its
 * first process, which is not, must be out of its reach before it begins: nobody without
 * CAP_SYS_PTRACE can look into a process that is not dumpable. A byte to the descriptor says so.
 */
#include "util/bare.h"

#include <asm/unistd.h>
#include <linux/prctl.h>
#include <linux/signal.h>
#include <linux/signalfd.h>
#include <linux/wait.h>

enum { SIGNAL_SET_SIZE = 8, FROM_KERNEL = 0x80 /* SI_KERNEL */, FAILED = 125 };

static int read_number(const char *text)
{
	int number = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		number = number * 10 + (*text - '0');
	return number;
}

/* Reaps all that have ended; -1, or the program's exit code if it is among them. */
static int reap(int program)
{
	int status, code = -1;
	long pid;

	while ((pid = bare_call(__NR_wait4, -1, (long)&status, WNOHANG, 0)) > 0)
		if (pid == program)
			code = status & 0x7f ? 128 + (status & 0x7f) : status >> 8 & 0xff;
	return code;
}

/* What the terminal sends reaches the program without us, but for a hang-up. */
static void pass_on(int program, const struct signalfd_siginfo *info)
{
	if (info->ssi_code != FROM_KERNEL || info->ssi_signo == SIGHUP)
		(void)bare_call(__NR_kill, program, info->ssi_signo, 0, 0);
}

int start(int argc, char **argv)
{
	const unsigned long all = ~0UL;
	struct signalfd_siginfo info;
	int program, code = -1;
	long fd;

	if (argc != 3)
		return FAILED;
	program = read_number(argv[1]);
	(void)bare_call(__NR_rt_sigprocmask, SIG_SETMASK, (long)&all, 0, SIGNAL_SET_SIZE);
	(void)bare_call(__NR_prctl, PR_SET_NAME, (long)"reeve-init", 0, 0);
	if (bare_call(__NR_prctl, PR_SET_DUMPABLE, 0, 0, 0) < 0 ||
	    bare_call(__NR_write, read_number(argv[2]), (long)"", 1, 0) != 1)
		return FAILED;
	/* Who reads from the program must see it close its end. */
	(void)bare_call(__NR_close_range, 0, ~0U, 0, 0);
	/* Read, not taken by sigtimedwait(2), while which /proc shows them as not blocked. */
	fd = bare_call(__NR_signalfd4, -1, (long)&all, SIGNAL_SET_SIZE, 0);
	if (fd < 0)
		return FAILED;
	do {
		if (bare_call(__NR_read, fd, (long)&info, sizeof(info), 0) != sizeof(info))
			continue;
		if (info.ssi_signo == SIGCHLD)
			code = reap(program);
		else
			pass_on(program, &info);
	} while (code < 0);
	return code;
}
