// SPDX-License-Identifier: MIT
/* `reeve run` towards the shell and the terminal: codes, signals, ^C, ^Z and back. */
#include "launch/run.h"

#include "util/fd.h"
#include "util/host.h"

#include <fcntl.h>
#include <pty.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/wait.h>

#include <cmocka.h>

#define ARGV(...)     ((char *[]){ __VA_ARGS__, NULL })
#define SHELL(script) ARGV((char[]){ "sh" }, (char[]){ "-c" }, (char[]){ script })

static int run(char *const *argv)
{
	struct launch_plan plan = { .clone_fd = -1, .argv = argv };
	struct launch_failure failure;
	struct launch_status status;
	int r = launch_run(&plan, &status, &failure, NULL);

	return r < 0 ? launch_exit_code(&failure) : status.exit_code;
}

static void test_codes(void **state)
{
	sigset_t before, after;

	(void)sigprocmask(SIG_BLOCK, NULL, &before);
	assert_int_equal(run(SHELL("exit 3")), 3);
	assert_int_equal(run(SHELL("kill -TERM $$")), 128 + SIGTERM);
	assert_int_equal(run(ARGV((char[]){ "/nonexistent/x" })), 127);
	assert_int_equal(run(ARGV((char[]){ "/tmp" })), 126);
	(void)sigprocmask(SIG_BLOCK, NULL, &after);
	for (int number = 1; number < NSIG; number++)
		assert_int_equal(sigismember(&before, number), sigismember(&after, number));
}

/* Whoever started us may ignore SIGCHLD. */
static void test_ignored_chld(void **state)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old, now;

	assert_int_equal(sigaction(SIGCHLD, &ignore, &old), 0);
	assert_int_equal(run(SHELL("exit 4")), 4);
	assert_int_equal(sigaction(SIGCHLD, &old, &now), 0);
	assert_ptr_equal(now.sa_handler, SIG_IGN);
}

/* What has come from a program so far. */
struct ear {
	int fd;
	char heard[8192];
	size_t size;
};

static void await(struct ear *ear, const char *text)
{
	uint64_t until = clock_monotonic() + UINT64_C(10000000000);

	while (!strstr(ear->heard, text)) {
		ssize_t n =
			read(ear->fd, ear->heard + ear->size, sizeof(ear->heard) - 1 - ear->size);

		assert_true(clock_monotonic() < until && ear->size < sizeof(ear->heard) - 1);
		if (n > 0)
			ear->size += (size_t)n;
		else
			(void)usleep(1000);
		ear->heard[ear->size] = '\0';
	}
}

static int reaped(pid_t pid, int options)
{
	int status;

	alarm(20); /* the test's own end, if nothing comes */
	assert_int_equal(waitpid(pid, &status, options), pid);
	alarm(0);
	return status;
}

/* In another process, whose standard output is heard. */
static pid_t run_aside(char *const *argv, struct ear *ret_ear)
{
	int pipes[2];
	pid_t pid;

	assert_int_equal(pipe2(pipes, O_CLOEXEC | O_NONBLOCK), 0);
	pid = fork();
	if (pid == 0) {
		(void)dup2(pipes[1], STDOUT_FILENO);
		(void)setsid();
		_exit(run(argv));
	}
	close(pipes[1]);
	*ret_ear = (struct ear){ .fd = pipes[0] };
	return pid;
}

static void test_forwarding(void **state)
{
	static const struct {
		int number;
		int code;
	} cases[] = {
		{ SIGTERM, 15 }, { SIGHUP, 1 },	  { SIGINT, 2 },
		{ SIGQUIT, 3 },	 { SIGUSR1, 10 }, { SIGUSR2, 12 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ear ear;
		int status;
		pid_t pid = run_aside(SHELL("for s in 1 2 3 10 12 15; do trap \"exit $s\" $s; done;"
					    "echo ready; while :; do sleep 0.01; done"),
				      &ear);

		await(&ear, "ready");
		assert_int_equal(kill(pid, cases[i].number), 0);
		status = reaped(pid, 0);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), cases[i].code);
		close(ear.fd);
	}
}

/* Stopped by request without a terminal, and continued. */
static void test_stop_by_request(void **state)
{
	struct ear ear;
	int status;
	pid_t pid = run_aside(SHELL("trap 'exit 9' TERM; echo ready; while :; do sleep 0.01; done"),
			      &ear);

	await(&ear, "ready");
	assert_int_equal(kill(pid, SIGTSTP), 0);
	/* In an orphaned group SIGTSTP does nothing, so nobody stops. */
	(void)usleep(100000);
	assert_int_equal(waitpid(pid, &status, WUNTRACED | WNOHANG), 0);
	assert_int_equal(kill(pid, SIGTERM), 0);
	status = reaped(pid, 0);
	assert_int_equal(WEXITSTATUS(status), 9);
	close(ear.fd);
}

/* ---- a terminal, and a shell that does no more than a shell must ---- */

/* Its own process group in the foreground, as a shell starts a job. */
static pid_t start_job(char *const *argv)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)setpgid(0, 0);
		(void)signal(SIGTTOU, SIG_IGN);
		(void)tcsetpgrp(STDIN_FILENO, getpid());
		(void)signal(SIGTTOU, SIG_DFL);
		_exit(run(argv));
	}
	return pid;
}

static void tell(const char *text)
{
	(void)!write(STDOUT_FILENO, text, strlen(text));
}

static int shell(char *const *argv)
{
	pid_t job = start_job(argv);
	int status;

	if (waitpid(job, &status, WUNTRACED) != job)
		return 90;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	if (!WIFSTOPPED(status))
		return 91;
	(void)signal(SIGTTOU, SIG_IGN);
	(void)tcsetpgrp(STDIN_FILENO, getpid());
	tell("job stopped\n");
	(void)usleep(50000);
	/* fg */
	(void)tcsetpgrp(STDIN_FILENO, job);
	(void)kill(-job, SIGCONT);
	tell("job continued\n");
	if (waitpid(job, &status, 0) != job)
		return 92;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 93;
}

static pid_t open_terminal(char *const *argv, struct ear *ret_ear)
{
	int fd;
	pid_t pid = forkpty(&fd, NULL, NULL, NULL);

	if (pid == 0)
		_exit(shell(argv));
	assert_true(pid > 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	*ret_ear = (struct ear){ .fd = fd };
	return pid;
}

static void press(int fd, char key)
{
	assert_int_equal(write(fd, &key, 1), 1);
}

static void test_interrupt_key(void **state)
{
	struct ear ear;
	int status;
	/* Counts how often it is interrupted: once, though two processes get the key. */
	pid_t pid = open_terminal(SHELL("n=0; trap 'n=$((n+1)); echo interrupted' INT; echo ready;"
					"while [ $n -eq 0 ]; do sleep 0.01; done;"
					"for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.01; done;"
					"exit $((40+n))"),
				  &ear);

	await(&ear, "ready");
	press(ear.fd, 3);
	await(&ear, "interrupted");
	status = reaped(pid, 0);
	assert_int_equal(WEXITSTATUS(status), 41);
	close(ear.fd);

	pid = open_terminal(SHELL("echo ready; exec sleep 60"), &ear);
	await(&ear, "ready");
	press(ear.fd, 3);
	status = reaped(pid, 0);
	assert_int_equal(WEXITSTATUS(status), 128 + SIGINT);
	close(ear.fd);
}

static void test_suspend_key(void **state)
{
	struct ear ear;
	int status;
	/* No fork in the loop: dash hangs when ^Z stops its child between vfork and exec. */
	pid_t pid = open_terminal(SHELL("trap 'echo awake; exit 55' CONT; echo ready;"
					"while :; do :; done"),
				  &ear);

	await(&ear, "ready");
	press(ear.fd, 26);
	await(&ear, "job stopped");
	await(&ear, "awake");
	status = reaped(pid, 0);
	assert_int_equal(WEXITSTATUS(status), 55);
	close(ear.fd);
}

/* Whoever ignores ^Z is not stopped by its launcher's stopping. */
static void test_ignored_suspend_key(void **state)
{
	struct ear ear;
	int status;
	pid_t pid = open_terminal(SHELL("trap '' TSTP; trap 'exit 56' INT; echo ready;"
					"while :; do :; done"),
				  &ear);

	await(&ear, "ready");
	press(ear.fd, 26);
	(void)usleep(100000);
	press(ear.fd, 3);
	status = reaped(pid, 0);
	assert_int_equal(WEXITSTATUS(status), 56);
	close(ear.fd);
}

/* The program stops itself, as an editor does at :stop. */
static void test_stops_itself(void **state)
{
	struct ear ear;
	int status;
	pid_t pid = open_terminal(SHELL("kill -STOP $$; exit 57"), &ear);

	await(&ear, "job stopped");
	status = reaped(pid, 0);
	assert_int_equal(WEXITSTATUS(status), 57);
	close(ear.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_ignored_chld),
		cmocka_unit_test(test_forwarding),
		cmocka_unit_test(test_stop_by_request),
		cmocka_unit_test(test_interrupt_key),
		cmocka_unit_test(test_suspend_key),
		cmocka_unit_test(test_ignored_suspend_key),
		cmocka_unit_test(test_stops_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
