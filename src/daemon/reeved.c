// SPDX-License-Identifier: MIT
/*
 * reeved: the daemon. Three processes at most: with --daemon the one that was called waits until
 * the others are up and goes; the guard is the parent that stays (core/guard.h); its child is the
 * daemon proper, which has one loop and the gate's threads.
 */
#include "core/guard.h"
#include "core/handover.h"
#include "daemon/arguments.h"
#include "util/fd.h"
#include "util/heap.h"
#include "util/places.h"

#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

/* ---- the loop's sources ---- */

static int on_terminate(sd_event_source *source, const struct signalfd_siginfo *info,
			void *userdata)
{
	return sd_event_exit(sd_event_source_get_event(source), EXIT_DONE);
}

static void notify_status(const struct engine *engine, const char *state)
{
	_cleanup_(freep) char *line = engine_status_line(engine);

	sd_notifyf(false, "%sSTATUS=%s", state, line ? line : "");
}

static void on_reloaded(const struct engine *engine)
{
	notify_status(engine, "");
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct engine *engine = userdata;

	sd_notifyf(false, "RELOADING=1\nMONOTONIC_USEC=%llu",
		   (unsigned long long)(clock_monotonic() / 1000));
	(void)log_reopen(engine_log(engine));
	if (engine_reload(engine, &diagnostics, &err) < 0) {
		for (size_t i = 0; i < diagnostics.count; i++) {
			const struct diagnostic *d = &diagnostics.items[i];

			if (d->severity != SEVERITY_ERROR)
				continue;
			if (d->line == 0)
				log_error(engine_log(engine), "%s: %s",
					  d->file ? d->file : "policy", d->message);
			else
				log_error(engine_log(engine), "%s:%u:%u: %s",
					  d->file ? d->file : "policy", d->line, d->column,
					  d->message);
		}
		log_error(engine_log(engine), "reload failed, the old policy stays: %s",
			  error_text(&err));
	}
	notify_status(engine, "READY=1\n");
	return 0;
}

static int on_reopen(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	(void)log_reopen(engine_log(userdata));
	return 0;
}

static int add_signals(sd_event *event, struct engine *engine, const struct compat *compat)
{
	bool reads = compat && compat->reads_at_usr1;

	int r = sd_event_add_signal(event, NULL, SIGTERM, on_terminate, engine);

	if (r >= 0)
		r = sd_event_add_signal(event, NULL, SIGINT, on_terminate, engine);
	if (r >= 0)
		r = sd_event_add_signal(event, NULL, SIGHUP, on_reload, engine);
	if (r >= 0)
		r = sd_event_add_signal(event, NULL, SIGUSR1, reads ? on_reload : on_reopen,
					engine);
	if (r >= 0)
		r = sd_event_add_signal(event, NULL, SIGUSR2, on_reload, engine);
	return r;
}

/* ---- the daemon proper ---- */

struct succession {
	int socket;
	struct handover_in *inheritance;
};

static void prepare_process(void)
{
	const struct {
		int number;
	} ignored[] = { { SIGPIPE }, { SIGTSTP }, { SIGTTIN }, { SIGTTOU } };
	struct rlimit files;
	sigset_t set;

	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i].number, SIG_IGN);
	/* sd-event takes these by signalfd, and children by SIGCHLD. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_SETMASK, &set, NULL);
	/* Without a free descriptor the kernel cannot hand over an event and denies the execution.
	 */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	umask(0022);
	/* A loop that gets no processor time cannot keep up with what the gate decides. */
	(void)setpriority(PRIO_PROCESS, 0, -10);
	/* glibc raises this when the first large block is freed, and then large ones, as the
	 * kernel's types that are read at the start, leave holes among what stays. */
	(void)mallopt(M_MMAP_THRESHOLD, 128 << 10);
}

static void print_failure(const struct diagnostics *diagnostics, const struct error *err)
{
	diagnostics_print(diagnostics, isatty(STDERR_FILENO), stderr);
	fprintf(stderr, "reeved: %s\n", error_text(err));
}

/* The watchdog's variable names the main process; the one that pings is this one. */
static void adopt_watchdog(sd_event *event)
{
	char pid[16];

	if (!getenv("WATCHDOG_USEC"))
		return;
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("WATCHDOG_PID", pid, true);
	(void)sd_event_set_watchdog(event, true);
}

static int tell_ready(int ready_fd, const struct engine *engine, bool detach)
{
	int null_fd;

	notify_status(engine, "READY=1\n");
	if (ready_fd < 0)
		return 0;
	if (detach) {
		null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		for (int fd = 0; null_fd >= 0 && fd <= 2; fd++)
			(void)dup2(null_fd, fd);
		closep(&null_fd);
	}
	return write_all(ready_fd, "1", 1);
}

/*
 * The file of the process that was started and takes signals: the guard, our parent. The lock tells
 * a file that was left behind from one that is in use; it is ours, and goes with us.
 */
static int take_pid_file(const char *path, int *ret_fd, struct error *err)
{
	_cleanup_(closep) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	char text[16];
	int n;

	if (fd < 0)
		return error_set_errno(err, -errno, "cannot write %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return error_set(err, -EBUSY, "%s is locked: a daemon runs already", path);
	n = snprintf(text, sizeof(text), "%d\n", getppid());
	if (ftruncate(fd, 0) < 0 || write(fd, text, (size_t)n) != n)
		return error_set_errno(err, -errno, "cannot write %s", path);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* Scripts tell mistakes in the files from what else can go wrong. */
static int exit_code(const struct arguments *arguments, const struct diagnostics *diagnostics)
{
	if (!arguments->compat)
		return EXIT_FAILED;
	for (size_t i = 0; i < diagnostics->count; i++) {
		const struct diagnostic *item = &diagnostics->items[i];

		if (item->severity == SEVERITY_ERROR)
			return item->file && strstr(item->file, "/cgconfig.")
				       ? arguments->compat->templates
				       : arguments->compat->invalid;
	}
	return arguments->compat->failed;
}

/* `succession`: of one that takes the place of a daemon that runs; else NULL. */
static int run_daemon(const struct arguments *arguments, int guard_fd, int ready_fd,
		      const struct succession *succession)
{
	_cleanup_(host_freep) struct host *host = NULL;
	_cleanup_(engine_freep) struct engine *engine = NULL;
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct engine_options options = arguments->engine;
	_cleanup_(sd_event_unrefp) sd_event *event = NULL;
	_cleanup_(closep) int pid_fd = -1;
	int r;

	options.guard_fd = guard_fd;
	options.reloaded = on_reloaded;
	prepare_process();
	if (succession) {
		options.predecessor = succession->socket;
		options.inheritance = succession->inheritance;
		pid_fd = handover_take(succession->inheritance, "pid-file");
	}
	r = arguments->pid_file && pid_fd < 0 ? take_pid_file(arguments->pid_file, &pid_fd, &err)
					      : 0;
	options.pid_fd = pid_fd;
	if (r >= 0)
		r = sd_event_new(&event);
	if (r >= 0)
		r = host_new(&host, &err);
	if (r >= 0)
		r = engine_new(host, event, &options, &engine, &diagnostics, &err);
	if (r >= 0)
		r = add_signals(event, engine, arguments->compat);
	if (r < 0) {
		error_set_errno(&err, r, "cannot start");
		print_failure(&diagnostics, &err);
		if (pid_fd >= 0 && !succession)
			(void)unlink(arguments->pid_file);
		if (succession)
			engine_succession_refuse(succession->socket, r, &diagnostics, &err);
		return exit_code(arguments, &diagnostics);
	}
	heap_lock();
	/* Warnings do not stop it, but they must be seen. */
	diagnostics_print(&diagnostics, isatty(STDERR_FILENO), stderr);
	adopt_watchdog(event);
	r = tell_ready(ready_fd, engine, arguments->daemon);
	closep(&ready_fd);
	if (r >= 0)
		r = engine_run(engine);
	if (engine_was_handed_over(engine))
		return EXIT_DONE;
	log_notice(engine_log(engine), "stopping");
	sd_notify(false, "STOPPING=1");
	/* While it is locked: the next one's must not be removed. */
	if (pid_fd >= 0)
		(void)unlink(arguments->pid_file);
	return r < 0 ? EXIT_FAILED : r;
}

/* ---- processes ---- */

static _noreturn_ void become_guard(int socket, pid_t daemon)
{
	char beside[PLACE_SIZE], fd[16], pid[16];
	const char *places[] = { beside, REEVE_LIBEXEC_DIR "/reeve-guard" };

	snprintf(fd, sizeof(fd), "%d", socket);
	snprintf(pid, sizeof(pid), "%d", daemon);
	place_beside("reeve-guard", beside);
	(void)fcntl(socket, F_SETFD, 0);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		execl(places[i], "reeve-guard", fd, pid, (char *)NULL);
	/* Not installed: the same work is done here, under our own name. */
	exit(guard_run(socket, daemon));
}

/* Splits into guard (the parent, which keeps the pid that was started) and daemon. */
static int start(const struct arguments *arguments, int ready_fd)
{
	int sockets[2];
	pid_t guard = getpid(), daemon;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0) {
		fprintf(stderr, "reeved: cannot make a socket for the guard: %s\n",
			strerror(errno));
		return EXIT_FAILED;
	}
	daemon = fork();
	if (daemon < 0) {
		fprintf(stderr, "reeved: cannot fork: %s\n", strerror(errno));
		return EXIT_FAILED;
	}
	if (daemon > 0) {
		close(sockets[1]);
		closep(&ready_fd);
		become_guard(sockets[0], daemon);
	}
	close(sockets[0]);
	/* A session of its own: a stop from the terminal reaches the guard only, which ignores it.
	 */
	(void)setsid();
	/* Whoever kills the guard means the daemon. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != guard)
		_exit(EXIT_FAILED);
	return run_daemon(arguments, sockets[1], ready_fd, NULL);
}

/*
 * Started by a daemon whose place this one is to take (core/engine-handover.c): the guard is there,
 * and is our parent, for the process between has ended.
 */
static int succeed(const struct arguments *arguments, int socket)
{
	struct handover_in in;
	struct succession succession = { .socket = socket, .inheritance = &in };
	struct handover_out out;
	int guard_fd, r = handover_begin(&out, "begun");

	unsetenv(ENGINE_HANDOVER_VARIABLE);
	(void)fcntl(socket, F_SETFD, FD_CLOEXEC);
	if (r >= 0)
		r = json_object_set_new(out.object, "pid", json_integer(getpid()));
	if (r >= 0)
		r = handover_send(socket, &out);
	if (r >= 0)
		r = handover_receive(socket, -1, &in);
	if (r < 0) {
		fprintf(stderr, "reeved: the daemon that runs does not hand over: %s\n",
			strerror(-r));
		return EXIT_FAILED;
	}
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != json_integer_value(json_object_get(in.object, "guard"))) {
		fputs("reeved: the guard has gone\n", stderr);
		handover_in_done(&in);
		return EXIT_FAILED;
	}
	guard_fd = handover_take(&in, "guard");
	r = run_daemon(arguments, guard_fd, -1, &succession);
	handover_in_done(&in);
	return r;
}

/* Waits for the daemon's word; without it, the guard's exit code is the answer. */
static int wait_until_up(int ready_fd, pid_t child)
{
	char word;
	ssize_t n;
	int status;

	do
		n = read(ready_fd, &word, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1)
		return EXIT_DONE;
	if (waitpid(child, &status, 0) < 0 || !WIFEXITED(status))
		return EXIT_FAILED;
	return WEXITSTATUS(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

static int detach(const struct arguments *arguments)
{
	int ready[2];
	pid_t child;

	if (pipe2(ready, O_CLOEXEC) < 0 || (child = fork()) < 0) {
		fprintf(stderr, "reeved: cannot detach: %s\n", strerror(errno));
		return EXIT_FAILED;
	}
	if (child > 0) {
		close(ready[1]);
		return wait_until_up(ready[0], child);
	}
	close(ready[0]);
	(void)setsid();
	return start(arguments, ready[1]);
}

/* Else a descriptor of ours could become what others take for standard output. */
static void fill_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	closep(&fd);
}

int main(int argc, char **argv)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct arguments arguments;
	const char *handover;

	fill_standard();
	/* Whoever started us may ignore it: then no child could be waited for. */
	(void)signal(SIGCHLD, SIG_DFL);
	if (arguments_parse(argc, argv, &arguments, &err) < 0) {
		fprintf(stderr, "reeved: %s\nTry: reeved --help\n", error_text(&err));
		return EXIT_USAGE;
	}
	if (arguments.help) {
		arguments_print_help(stdout);
		return EXIT_DONE;
	}
	if (arguments.version) {
		puts("reeved " REEVE_VERSION);
		return EXIT_DONE;
	}
	if (geteuid() != 0) {
		fputs("reeved: must be run as root (to check a policy: reeve check)\n", stderr);
		return EXIT_FAILED;
	}
	arguments.engine.argv = argv;
	arguments.engine.pid_fd = -1;
	handover = getenv(ENGINE_HANDOVER_VARIABLE);
	if (handover)
		return succeed(&arguments, (int)strtol(handover, NULL, 10));
	return arguments.daemon ? detach(&arguments) : start(&arguments, -1);
}
