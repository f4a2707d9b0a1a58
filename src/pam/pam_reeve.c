// SPDX-License-Identifier: MIT
/*
 * Puts a session where the rules have its user, before anything of the user's runs. It is loaded
 * into login, sshd, cron and the like, so it is as little as can be: a helper does the work, in a
 * process of its own, for as long as the time limit. That looks the user up, too, for a directory
 * of users may hang.
 *
 * Between us and the helper is a child that ends without a signal (clone3 with none; an execve
 * would set it), and that only __WALL finds: the program's own handler of SIGCHLD, and its waits
 * for whatever child, do not see that anything was there.
 */
#include "util/macros.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>

#define PAM_SM_SESSION
#include <security/pam_ext.h>
#include <security/pam_modules.h>

enum { TIMEOUT_S = 3, TIMEOUT_MOST_S = 60, DYING_MS = 200, SAID = 1024 };

struct settings {
	bool debug, strict;
	int timeout; /* s */
	const char *helper;
};

struct helper {
	int pidfd, output;
	char said[SAID];
	size_t size;
};

/* ---- options ---- */

static bool take_option(const char *word, struct settings *settings)
{
	const char *value = strchr(word, '=');
	char *end;

	if (streq(word, "debug"))
		return settings->debug = true;
	if (streq(word, "strict"))
		return settings->strict = true;
	if (!value)
		return false;
	value++;
	if (strncmp(word, "helper=", strlen("helper=")) == 0 && *value == '/') {
		settings->helper = value;
		return true;
	}
	if (strncmp(word, "timeout=", strlen("timeout=")) == 0) {
		long seconds = strtol(value, &end, 10);

		if (*end != '\0' || seconds < 1 || seconds > TIMEOUT_MOST_S)
			return false;
		settings->timeout = (int)seconds;
		return true;
	}
	return false;
}

static struct settings read_options(pam_handle_t *pamh, int argc, const char **argv)
{
	struct settings settings = {
		.timeout = TIMEOUT_S,
		.helper = REEVE_LIBEXEC_DIR "/reeve-session",
	};

	for (int i = 0; i < argc; i++)
		if (!take_option(argv[i], &settings))
			pam_syslog(pamh, LOG_ERR,
				   "\"%s\" is no option: there are debug, strict, timeout=SECONDS "
				   "(1 to %d) and helper=/PATH",
				   argv[i], TIMEOUT_MOST_S);
	return settings;
}

/* ---- the helper ---- */

/* In the children only what is allowed after a fork of a program with threads. */
static pid_t start_child(int exit_signal, int *pidfd)
{
	struct clone_args args = {
		.flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
		.pidfd = (uintptr_t)pidfd,
		.exit_signal = (uint64_t)exit_signal,
	};

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static _noreturn_ void become_helper(const char *path, char *const words[], int output,
				     pid_t between)
{
	char *const environment[] = {
		(char[]){ "PATH=/usr/sbin:/usr/bin:/sbin:/bin" },
		(char[]){ "LC_ALL=C" },
		NULL,
	};
	static const char refused[] = "the helper cannot be executed\n";
	/* Where the program has none, this is standard input already. */
	int nothing = open("/dev/null", O_RDONLY);
	sigset_t none;

	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	/* The real ids may be those of the user who called su or sudo. */
	if (geteuid() == 0 && (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
		_exit(1);
	/* With the child between; not before, for other ids undo it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != between)
		_exit(1);
	umask(022);
	if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
	    dup2(output, STDERR_FILENO) < 0 || chdir("/") < 0)
		_exit(1);
	(void)close_range(STDERR_FILENO + 1, ~0U, 0);
	execve(path, words, environment);
	if (write(STDERR_FILENO, refused, sizeof(refused) - 1) < 0)
		_exit(1);
	_exit(1);
}

/* The child between: no handler of the program's may run in it. */
static _noreturn_ void stand_between(const char *path, char *const words[], int output)
{
	const struct sigaction plain = { .sa_handler = SIG_DFL };
	const pid_t between = getpid();
	siginfo_t info = { 0 };
	sigset_t all;
	int pidfd;
	pid_t pid;

	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	(void)sigaction(SIGCHLD, &plain, NULL);
	pid = start_child(SIGCHLD, &pidfd);
	if (pid == 0)
		become_helper(path, words, output, between);
	close(output);
	if (pid < 0 || waitid(P_PID, (id_t)pid, &info, WEXITED) < 0 || info.si_code != CLD_EXITED)
		_exit(1);
	_exit(info.si_status);
}

/* A pipe above the standard descriptors: the program may have none of these. */
static int make_pipe(int ends[static 2])
{
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	for (size_t i = 0; i < 2; i++) {
		int low = ends[i], r;

		if (low > STDERR_FILENO)
			continue;
		ends[i] = fcntl(low, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		r = ends[i] < 0 ? -errno : 0;
		close(low);
		if (r < 0) {
			close(ends[1 - i]);
			return r;
		}
	}
	return 0;
}

static int start(const struct settings *settings, const char *user, struct helper *helper)
{
	char name[] = "reeve-session", pid[16], whom[256];
	char *const words[] = { name, pid, whom, NULL };
	int ends[2], r;
	pid_t pid_between;

	if (snprintf(whom, sizeof(whom), "%s", user) >= (int)sizeof(whom))
		return -ENAMETOOLONG;
	snprintf(pid, sizeof(pid), "%d", getpid());
	r = make_pipe(ends);
	if (r < 0)
		return r;
	pid_between = start_child(0, &helper->pidfd);
	if (pid_between == 0)
		stand_between(settings->helper, words, ends[1]);
	r = pid_between < 0 ? -errno : 0;
	close(ends[1]);
	if (r < 0)
		close(ends[0]);
	else
		helper->output = ends[0];
	return r;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* True when there is something to read, or an end; false at the deadline. */
static bool wait_for(int fd, int64_t deadline)
{
	struct pollfd item = { .fd = fd, .events = POLLIN };
	int r;

	do {
		int64_t left = deadline - now_ms();

		r = poll(&item, 1, left > 0 ? (int)left : 0);
	} while (r < 0 && errno == EINTR);
	return r > 0;
}

/* What it has to say, whole or cut; false at the deadline. */
static bool listen_to(struct helper *helper, int64_t deadline)
{
	char rest[256];

	for (;;) {
		bool full = helper->size == sizeof(helper->said) - 1;
		ssize_t n;

		if (!wait_for(helper->output, deadline))
			return false;
		n = read(helper->output, full ? rest : helper->said + helper->size,
			 full ? sizeof(rest) : sizeof(helper->said) - 1 - helper->size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return true;
		helper->size += full ? 0 : (size_t)n;
	}
}

/* 0: it has done its work; -EREMOTEIO: it has failed, and said why; -ETIMEDOUT. */
static int finish(struct helper *helper, int timeout)
{
	int64_t deadline = now_ms() + (int64_t)timeout * 1000;
	siginfo_t info = { 0 };
	bool ended = listen_to(helper, deadline) && wait_for(helper->pidfd, deadline);

	if (!ended) {
		(void)syscall(SYS_pidfd_send_signal, helper->pidfd, SIGKILL, NULL, 0);
		/* One that cannot die yet is not waited for. */
		(void)wait_for(helper->pidfd, now_ms() + DYING_MS);
	}
	if (waitid(P_PIDFD, (id_t)helper->pidfd, &info, WEXITED | WNOHANG | __WALL) < 0)
		info.si_pid = 0;
	close(helper->output);
	close(helper->pidfd);
	if (!ended)
		return -ETIMEDOUT;
	return info.si_pid > 0 && info.si_code == CLD_EXITED && info.si_status == 0 ? 0
										    : -EREMOTEIO;
}

/* ---- the session ---- */

static void tell(pam_handle_t *pamh, int priority, const char *user, const char *what,
		 struct helper *helper)
{
	char *rest = helper->said, *line;

	helper->said[helper->size] = '\0';
	if (helper->size == 0)
		pam_syslog(pamh, priority, "session of %s: %s", user, what);
	while (rest && *rest && (line = strsep(&rest, "\n")))
		if (*line)
			pam_syslog(pamh, priority, "session of %s: %s: %s", user, what, line);
}

static int place(pam_handle_t *pamh, const struct settings *settings)
{
	struct helper helper = { .pidfd = -1, .output = -1 };
	const char *user = NULL;
	int r = pam_get_user(pamh, &user, NULL);

	if (r != PAM_SUCCESS || !user) {
		pam_syslog(pamh, LOG_ERR, "whose session it is cannot be told: %s",
			   pam_strerror(pamh, r));
		return -ESRCH;
	}
	r = start(settings, user, &helper);
	if (r >= 0)
		r = finish(&helper, settings->timeout);
	if (r == -ETIMEDOUT)
		pam_syslog(pamh, LOG_WARNING,
			   "session of %s: not placed: %s was not done within %d s", user,
			   settings->helper, settings->timeout);
	else if (r == -EREMOTEIO)
		tell(pamh, LOG_WARNING, user, "not placed", &helper);
	else if (r < 0)
		pam_syslog(pamh, LOG_WARNING, "session of %s: not placed: %s: %s", user,
			   settings->helper, strerror(-r));
	else if (settings->debug)
		tell(pamh, LOG_DEBUG, user, "done", &helper);
	return r;
}

int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct settings settings = read_options(pamh, argc, argv);

	return place(pamh, &settings) < 0 && settings.strict ? PAM_SESSION_ERR : PAM_SUCCESS;
}

/* What runs stays where it is, and ends by itself. */
int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return PAM_SUCCESS;
}
