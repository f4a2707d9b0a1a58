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

#include "launch/pty.h"
#include "util/fd.h"
#include "util/host.h"
#include "util/proc-text.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum {
	KILL_PAUSE_NS = 10 * 1000 * 1000,     /* between two rounds of killing */
	BUDGET_STEP_NS = 5 * 1000 * 1000,     /* processor time is looked at no more often */
	SWEEP_MAX_NS = 2 * 1000 * 1000 * 1000 /* how long we wait for the killed to be gone */
};

static const int forwarded[] = {
	SIGHUP,	 SIGINT,  SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2,
	SIGALRM, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH,
};

struct run {
	const struct launch_run *wanted;
	struct launch_child child;
	struct launch_end end;
	struct pty pty;
	int signal_fd;
	int parent_fd;			     /* pidfd of our parent, or -1 */
	uint64_t deadline, look_at;	     /* CLOCK_MONOTONIC ns, 0: never; and of the budget */
	uint64_t user_before, system_before; /* of children before this one */
	bool killing;
	int stood_for; /* a signal that the kernel would not deliver, and we killed for */
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

/* Those that end a process which neither handles nor ignores them. */
static bool is_deadly(int number)
{
	return number == SIGHUP || number == SIGINT || number == SIGQUIT || number == SIGTERM ||
	       number == SIGUSR1 || number == SIGUSR2 || number == SIGALRM || number >= SIGRTMIN;
}

static bool is_first(const struct launch_plan *plan)
{
	return plan->namespaces && (plan->namespaces->unshare & CLONE_NEWPID);
}

/* A mask of /proc/PID/status: "SigCgt:". */
static bool has_signal(const char *text, const char *key, int number)
{
	const char *value = proc_status_value(text, key);

	return value && (strtoull(value, NULL, 16) >> (number - 1) & 1);
}

/* With a first process beside it (--init), the program is the oldest child of that. */
static pid_t program_of(const struct run *run)
{
	const struct launch_conditions *conditions = run->wanted->plan->conditions;
	char path[64], text[64] = "";
	long pid;

	if (!conditions || !conditions->init)
		return run->child.pid;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)run->child.pid,
		 (int)run->child.pid);
	/* Of more children than fit, the first is the one, too. */
	(void)file_read_into(AT_FDCWD, path, text, sizeof(text));
	pid = strtol(text, NULL, 10);
	return pid > 0 ? (pid_t)pid : run->child.pid;
}

/* Whether a process leaves a signal to the kernel. */
static bool is_left_alone(pid_t pid, int number)
{
	char path[32], text[4096];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (file_read_into(AT_FDCWD, path, text, sizeof(text)) < 0)
		return false;
	return !has_signal(text, "SigCgt:", number) && !has_signal(text, "SigIgn:", number) &&
	       !has_signal(text, "SigBlk:", number);
}

/* For the first process of a namespace the kernel drops what it does not handle. */
static bool is_dropped(const struct run *run, int number)
{
	return is_first(run->wanted->plan) && is_deadly(number) &&
	       is_left_alone(run->child.pid, number);
}

static void remember_sender(struct run *run, const struct signalfd_siginfo *info)
{
	struct launch_sender *sender = &run->end.sender;
	char path[32];
	ssize_t size;

	*sender = (struct launch_sender){ .signal = (int)info->ssi_signo,
					  .pid = (pid_t)info->ssi_pid,
					  .user = info->ssi_uid };
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)sender->pid);
	size = sender->pid > 0 ? file_read_into(AT_FDCWD, path, sender->name, sizeof(sender->name))
			       : 0;
	if (size > 0 && sender->name[size - 1] == '\n')
		sender->name[size - 1] = '\0';
}

static void forward(struct run *run, const struct signalfd_siginfo *info)
{
	int number = (int)info->ssi_signo;
	bool from_terminal = info->ssi_code == SI_KERNEL && getpgid(run->child.pid) == getpgrp();

	if (number == SIGCHLD)
		return;
	if (number == SIGWINCH && run->pty.master >= 0) {
		pty_resize(&run->pty);
		return;
	}
	if (is_deadly(number))
		remember_sender(run, info);
	if (is_dropped(run, number)) {
		run->stood_for = number;
		(void)launch_signal(&run->child, SIGKILL);
		return;
	}
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

/* ^Z at a terminal of its own: nobody is above the program there, and the kernel lets no terminal
 * stop such a group. One that handles ^Z itself, as a shell does, is left to. */
static void suspend(struct run *run)
{
	run->pty.suspend = false;
	if (tcgetpgrp(run->pty.master) != run->child.pid ||
	    !is_left_alone(program_of(run), SIGTSTP))
		return;
	run->asked_to_stop = true;
	(void)kill(-run->child.pid, SIGSTOP);
}

static void follow_stops(struct run *run)
{
	bool own_terminal = run->pty.master >= 0;
	siginfo_t info = { 0 };

	if (waitid(P_PID, (id_t)run->child.pid, &info, WSTOPPED | WNOHANG) < 0 || info.si_pid == 0)
		return;
	if (!has_to_follow(run, info.si_status))
		return;
	run->asked_to_stop = false;
	if (own_terminal)
		pty_leave(&run->pty);
	(void)kill(getpid(), SIGSTOP);
	/* Continued. */
	if (own_terminal)
		pty_enter(&run->pty);
	(void)launch_signal(&run->child, SIGCONT);
	/* The program's group is not ours then, and has got nothing from the shell. */
	if (own_terminal && getpgid(run->child.pid) == run->child.pid)
		(void)kill(-run->child.pid, SIGCONT);
}

/* ---- limits of time ---- */

static void begin_limits(struct run *run)
{
	const struct launch_run *wanted = run->wanted;

	if (wanted->timeout)
		run->deadline = run->child.started + wanted->timeout;
	if (wanted->cpu_time)
		run->look_at = run->child.started;
}

static void end_tree(struct run *run, enum launch_reason reason)
{
	if (!run->killing)
		run->end.reason = reason;
	run->killing = true;
	/* One that is stopped dies of SIGKILL too. */
	(void)launch_signal(&run->child, SIGKILL);
	if (run->wanted->tree)
		(void)launch_tree_kill(run->wanted->tree);
}

/* Looks again when the budget could be used up, if all processors worked for it. */
static void check_budget(struct run *run, uint64_t now)
{
	uint64_t budget = run->wanted->cpu_time, used = 0;
	long processors = MAX(sysconf(_SC_NPROCESSORS_ONLN), 1);

	if (!run->look_at || now < run->look_at)
		return;
	if (launch_tree_cpu(run->wanted->tree, &used) == 0 && used >= budget) {
		end_tree(run, LAUNCH_CPU_TIME);
		return;
	}
	run->look_at = now + MAX((budget - used) / (uint64_t)processors, BUDGET_STEP_NS);
}

static void check_limits(struct run *run)
{
	uint64_t now = clock_monotonic();

	if (run->killing) {
		end_tree(run, run->end.reason);
		return;
	}
	if (run->deadline && now >= run->deadline)
		end_tree(run, LAUNCH_TIMEOUT);
	else
		check_budget(run, now);
}

/* How long poll(2) may wait. NULL: for ever. */
static struct timespec *next_look(const struct run *run, struct timespec *room)
{
	uint64_t now, at = UINT64_MAX;

	if (!run->killing && !run->deadline && !run->look_at)
		return NULL;
	now = clock_monotonic();
	if (run->killing)
		at = now + KILL_PAUSE_NS;
	else if (run->deadline)
		at = run->deadline;
	if (!run->killing && run->look_at)
		at = MIN(at, run->look_at);
	at = at > now ? at - now : 0;
	*room = (struct timespec){ .tv_sec = (time_t)(at / 1000000000),
				   .tv_nsec = (long)(at % 1000000000) };
	return room;
}

/* ---- the program's life ---- */

static int supervise(struct run *run, struct error *err)
{
	const struct launch_tree *tree = run->wanted->tree;

	for (;;) {
		struct pollfd waits[5] = {
			{ .fd = run->signal_fd, .events = POLLIN },
			{ .fd = run->child.pidfd, .events = POLLIN },
			{ .fd = run->killing ? -1 : run->parent_fd, .events = POLLIN },
			{ .fd = -1 },
			{ .fd = -1 },
		};
		struct timespec room;
		int r;

		if (run->pty.master >= 0)
			pty_poll(&run->pty, waits + 3);
		r = ppoll(waits, ARRAY_SIZE(waits), next_look(run, &room), NULL);
		if (r < 0 && errno != EINTR)
			return error_set_errno(err, -errno, "cannot wait for the program");
		if (r < 0)
			continue;
		forward_all(run);
		follow_stops(run);
		if (run->pty.master >= 0)
			pty_relay(&run->pty, waits + 3);
		if (run->pty.suspend)
			suspend(run);
		if (waits[2].revents)
			end_tree(run, LAUNCH_PARENT_ENDED);
		r = launch_poll(&run->child, &run->end.status);
		if (r < 0)
			return error_set_errno(err, r, "cannot learn how the program ended");
		if (r > 0)
			return 0;
		check_limits(run);
		if (tree)
			(void)launch_tree_reap(tree, run->child.pid);
	}
}

/* After the program: nobody of a tree that was ended is left, and what it used is known. */
static void end_run(struct run *run)
{
	const struct launch_tree *tree = run->wanted->tree;
	uint64_t until = run->killing ? clock_monotonic() + SWEEP_MAX_NS : 0;
	uint64_t user, system;

	while (tree && run->killing && launch_tree_reap(tree, 0) && clock_monotonic() < until) {
		(void)launch_tree_kill(tree);
		usleep(1000);
	}
	if (tree) {
		run->end.left_behind = launch_tree_reap(tree, 0);
		run->end.cpu_known = launch_tree_cpu(tree, &run->end.cpu_ns) == 0;
	}
	launch_children_time(&user, &system);
	run->end.user_ns = user - run->user_before;
	run->end.system_ns = system - run->system_before;
	if (run->stood_for && run->end.status.signal == SIGKILL && !run->killing) {
		run->end.status.signal = run->stood_for;
		run->end.status.exit_code = 128 + run->stood_for;
	}
}

/* The terminal in the place of the three descriptors, and of our session. */
static int start(struct run *run, struct launch_failure *ret_failure, struct error *err)
{
	struct launch_plan plan = *run->wanted->plan;
	struct launch_conditions conditions = { 0 };
	struct launch_descriptor pass[3];
	struct launch_descriptors descriptors = { .pass = pass, .pass_count = 3 };
	int r;

	if (!run->wanted->pty)
		return launch_start(&plan, &run->child, ret_failure, err);
	r = pty_open(&run->pty, err);
	if (r < 0)
		return r;
	if (plan.conditions)
		conditions = *plan.conditions;
	conditions.new_session = conditions.terminal = true;
	for (int i = 0; i < 3; i++)
		pass[i] = (struct launch_descriptor){ .fd = run->pty.slave, .as = i };
	plan.conditions = &conditions;
	plan.descriptors = &descriptors;
	r = launch_start(&plan, &run->child, ret_failure, err);
	pty_started(&run->pty);
	return r;
}

/* Our parent as it is now; if it has ended since we began, that is seen at once. */
static int watch_parent(struct run *run, struct error *err)
{
	pid_t parent = getppid();

	if (!run->wanted->die_with_parent)
		return 0;
	run->parent_fd = (int)syscall(SYS_pidfd_open, parent, 0);
	if (run->parent_fd < 0 || getppid() != parent)
		return error_set(err, -ESRCH, "not started: what started this process has ended");
	return 0;
}

int launch_run_whole(const struct launch_run *wanted, struct launch_end *ret_end,
		     struct launch_failure *ret_failure, struct error *err)
{
	struct run run = { .wanted = wanted,
			   .child = { .pidfd = -1 },
			   .pty = { .master = -1, .slave = -1 },
			   .signal_fd = -1,
			   .parent_fd = -1 };
	struct launch_failure failure = { .step = LAUNCH_CLONE };
	int r;

	launch_children_time(&run.user_before, &run.system_before);
	r = watch_parent(&run, err);
	if (r >= 0)
		r = take_signals(&run, err);
	if (r >= 0) {
		r = start(&run, &failure, err);
		if (r >= 0) {
			failure.step = LAUNCH_SUPERVISION;
			begin_limits(&run);
			r = supervise(&run, err);
			end_run(&run);
		}
		if (run.pty.master >= 0)
			pty_drain(&run.pty);
		pty_close(&run.pty);
		give_signals_back(&run, r >= 0);
	}
	if (r >= 0)
		*ret_end = run.end;
	if (r < 0 && ret_failure) {
		failure.code = r;
		*ret_failure = failure;
	}
	launch_child_done(&run.child);
	closep(&run.signal_fd);
	closep(&run.parent_fd);
	return r;
}

int launch_run(const struct launch_plan *plan, struct launch_status *ret_status,
	       struct launch_failure *ret_failure, struct error *err)
{
	const struct launch_run run = { .plan = plan };
	struct launch_end end;
	int r = launch_run_whole(&run, &end, ret_failure, err);

	if (r >= 0)
		*ret_status = end.status;
	return r;
}
