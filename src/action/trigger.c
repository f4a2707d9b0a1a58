// SPDX-License-Identifier: MIT
/*
 * A trigger's program is started by clone(CLONE_VM | CLONE_VFORK) on a stack of its own: a daemon
 * must not copy its page tables for a shell script. The child therefore only makes raw system
 * calls; above all not glibc's setresuid(), which would change the ids of all our threads.
 */
#include "action/trigger.h"

#include "util/host.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { OUTPUT_KEPT = 256, STACK_SIZE = 64 * 1024, STRINGS_MAX = 256 };

/* A request, copied: its strings follow in one block. */
struct run {
	struct trigger_runner *runner;
	struct run *next;
	char *name;
	char *argv[STRINGS_MAX];
	char *envp[STRINGS_MAX];
	uid_t uid;
	gid_t gid;
	pid_t pid;
	int pidfd, output_fd;
	bool timed_out;
	sd_event_source *child, *output, *timer;
	size_t output_size;
	char output_text[OUTPUT_KEPT + 1];
};

struct trigger_runner {
	sd_event *event;
	struct trigger_limits limits;
	trigger_ended_fn ended;
	void *userdata;
	struct run *running;
	struct run *waiting, **waiting_end;
	sd_event_source *turn; /* armed while something waits for the next second */
	uint64_t second_began;
	unsigned second_starts;
	void *stack;
	struct trigger_counters counters;
};

static void run_free(struct run *run)
{
	if (!run)
		return;
	sd_event_source_disable_unref(run->child);
	sd_event_source_disable_unref(run->output);
	sd_event_source_disable_unref(run->timer);
	if (run->pidfd >= 0)
		close(run->pidfd);
	if (run->output_fd >= 0)
		close(run->output_fd);
	for (char **p = run->argv; *p; p++)
		free(*p);
	for (char **p = run->envp; *p; p++)
		free(*p);
	free(run->name);
	free(run);
}
DEFINE_CLEANUP(struct run *, run_free);

static bool push(char **list, size_t *count, char *string)
{
	if (!string || *count + 1 >= STRINGS_MAX) {
		free(string);
		return false;
	}
	list[(*count)++] = string;
	return true;
}

static bool push_variable(char **list, size_t *count, const char *name, const char *value)
{
	char *string;

	if (asprintf(&string, "%s=%s", name, value) < 0)
		string = NULL;
	return push(list, count, string);
}

static struct run *run_new(struct trigger_runner *runner, const struct trigger_request *request)
{
	_cleanup_(run_freep) struct run *run = calloc(1, sizeof(*run));
	size_t argc = 0, envc = 0;
	bool ok;

	if (!run)
		return NULL;
	run->runner = runner;
	run->pidfd = run->output_fd = -1;
	run->uid = request->uid;
	run->gid = request->gid;
	run->name = strdup(request->name);
	ok = run->name && push(run->argv, &argc, strdup(request->program));
	for (const char *const *p = request->arguments; ok && p && *p; p++)
		ok = push(run->argv, &argc, strdup(*p));
	ok = ok && push_variable(run->envp, &envc, "PATH", "/usr/local/bin:/usr/bin:/bin") &&
	     push_variable(run->envp, &envc, "HOME", request->home) &&
	     push_variable(run->envp, &envc, "USER", request->user) &&
	     push_variable(run->envp, &envc, "LOGNAME", request->user);
	for (const char *const *p = request->environment; ok && p && *p; p++)
		ok = push(run->envp, &envc, strdup(*p));
	return ok ? TAKE_PTR(run) : NULL;
}

/* ---- the child ---- */

struct start {
	struct run *run;
	int null_fd, output_fd;
	int code; /* negative errno of the step that failed */
};

/* Runs in our memory until execve: raw system calls and plain stores only. */
static int child_main(void *argument)
{
	struct start *start = argument;
	const struct rlimit no_core = { 0 };
	struct sigaction action = { .sa_handler = SIG_DFL };
	struct run *run = start->run;
	sigset_t none;
	long r;

	for (int i = 1; i < _NSIG; i++)
		if (i != SIGKILL && i != SIGSTOP)
			(void)sigaction(i, &action, NULL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	r = syscall(SYS_setsid);
	if (r >= 0)
		r = syscall(SYS_dup3, start->null_fd, 0, 0);
	if (r >= 0)
		r = syscall(SYS_dup3, start->output_fd, 1, 0);
	if (r >= 0)
		r = syscall(SYS_dup3, start->output_fd, 2, 0);
	if (r >= 0)
		r = syscall(SYS_chdir, "/");
	if (r >= 0)
		r = syscall(SYS_prlimit64, 0, RLIMIT_CORE, &no_core, NULL);
	/* The daemon's own priority is not for others; giving up a better one never fails. */
	if (r >= 0)
		(void)syscall(SYS_setpriority, PRIO_PROCESS, 0, 0);
	/* Not root's helper groups, then the group, then the user: in this order only. */
	if (r >= 0 && syscall(SYS_geteuid) == 0)
		r = syscall(SYS_setgroups, 0, NULL);
	if (r >= 0)
		r = syscall(SYS_setresgid, run->gid, run->gid, run->gid);
	if (r >= 0)
		r = syscall(SYS_setresuid, run->uid, run->uid, run->uid);
	if (r >= 0)
		r = syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* What we hold is O_CLOEXEC; what a careless parent of ours left open is not. */
	if (r >= 0)
		(void)syscall(SYS_close_range, 3, ~0U, 0);
	if (r >= 0)
		r = syscall(SYS_execve, run->argv[0], run->argv, run->envp);
	start->code = r < 0 ? -errno : 0;
	syscall(SYS_exit, 127);
	return 0;
}

/* ---- a run's end ---- */

static void start_waiting(struct trigger_runner *runner);

static void finish(struct run *run, int status)
{
	struct trigger_runner *runner = run->runner;

	for (struct run **at = &runner->running; *at; at = &(*at)->next) {
		if (*at == run) {
			*at = run->next;
			break;
		}
	}
	runner->counters.running--;
	if (run->timed_out)
		runner->counters.timed_out++;
	else if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		runner->counters.succeeded++;
	else
		runner->counters.failed++;
	runner->ended(run->name, run->pid, status, run->timed_out, run->output_text,
		      runner->userdata);
	run_free(run);
	start_waiting(runner);
}

static int on_output(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct run *run = userdata;
	char buffer[4096];
	ssize_t n = read(fd, buffer, sizeof(buffer));

	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			sd_event_source_set_enabled(source, SD_EVENT_OFF);
		return 0;
	}
	/* Read all, so that it never blocks on us; keep the beginning. */
	n = MIN(n, (ssize_t)(OUTPUT_KEPT - run->output_size));
	memcpy(run->output_text + run->output_size, buffer, (size_t)n);
	run->output_size += (size_t)n;
	return 0;
}

static int on_exit_of_child(sd_event_source *source, const siginfo_t *info, void *userdata)
{
	struct run *run = userdata;
	int status = info->si_code == CLD_EXITED ? W_EXITCODE(info->si_status, 0)
						 : W_EXITCODE(0, info->si_status);

	if (run->output)
		(void)on_output(run->output, run->output_fd, EPOLLIN, run);
	finish(run, status);
	return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct run *run = userdata;

	run->timed_out = true;
	/* It is the leader of its session, and its own children mostly stay in its group. */
	(void)kill(-run->pid, SIGKILL);
	(void)kill(run->pid, SIGKILL);
	return 0;
}

/* ---- start ---- */

static int watch(struct run *run)
{
	sd_event *event = run->runner->event;
	int r;

	r = sd_event_add_child(event, &run->child, run->pid, WEXITED, on_exit_of_child, run);
	if (r >= 0)
		r = sd_event_add_io(event, &run->output, run->output_fd, EPOLLIN, on_output, run);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &run->timer, CLOCK_MONOTONIC,
					       run->runner->limits.timeout_ns / 1000, 100000,
					       on_timeout, run);
	return r;
}

static int start(struct run *run)
{
	struct trigger_runner *runner = run->runner;
	_cleanup_(closep) int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	_cleanup_(closep) int write_end = -1;
	struct start start = { .run = run };
	int ends[2], r;

	if (null_fd < 0 || pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	run->output_fd = ends[0];
	write_end = ends[1];
	/* Only our end must not block. */
	(void)fcntl(write_end, F_SETFL, 0);
	start.null_fd = null_fd;
	start.output_fd = write_end;
	run->pid = clone(child_main, (char *)runner->stack + STACK_SIZE,
			 CLONE_VM | CLONE_VFORK | SIGCHLD, &start);
	if (run->pid < 0)
		return -errno;
	if (start.code < 0) {
		(void)waitpid(run->pid, NULL, 0);
		return start.code;
	}
	run->next = runner->running;
	runner->running = run;
	runner->counters.running++;
	runner->counters.started++;
	r = watch(run);
	if (r < 0) {
		(void)kill(run->pid, SIGKILL);
		(void)waitpid(run->pid, NULL, 0);
		finish(run, W_EXITCODE(0, SIGKILL));
	}
	return 0;
}

static bool may_start(struct trigger_runner *runner)
{
	uint64_t now = clock_monotonic();

	if (runner->counters.running >= runner->limits.running)
		return false;
	if (now - runner->second_began >= UINT64_C(1000000000)) {
		runner->second_began = now;
		runner->second_starts = 0;
	}
	if (runner->second_starts >= runner->limits.per_second)
		return false;
	runner->second_starts++;
	return true;
}

static int on_turn(sd_event_source *source, uint64_t usec, void *userdata)
{
	start_waiting(userdata);
	return 0;
}

static void start_waiting(struct trigger_runner *runner)
{
	while (runner->waiting && may_start(runner)) {
		struct run *run = runner->waiting;

		runner->waiting = run->next;
		if (!runner->waiting)
			runner->waiting_end = &runner->waiting;
		runner->counters.waiting--;
		if (start(run) < 0) {
			runner->counters.could_not_start++;
			run_free(run);
		}
	}
	sd_event_source_disable_unref(runner->turn);
	runner->turn = NULL;
	if (runner->waiting)
		(void)sd_event_add_time_relative(runner->event, &runner->turn, CLOCK_MONOTONIC,
						 1000000, 10000, on_turn, runner);
}

int trigger_run(struct trigger_runner *runner, const struct trigger_request *request)
{
	_cleanup_(run_freep) struct run *run = NULL;
	int r;

	if (runner->counters.waiting >= runner->limits.waiting) {
		runner->counters.dropped++;
		return -EAGAIN;
	}
	run = run_new(runner, request);
	if (!run)
		return -ENOMEM;
	if (!runner->waiting && may_start(runner)) {
		r = start(run);
		if (r < 0) {
			runner->counters.could_not_start++;
			return r;
		}
		run = NULL; /* the list of running ones owns it, or it is over already */
		return 0;
	}
	run->next = NULL;
	*runner->waiting_end = run;
	runner->waiting_end = &TAKE_PTR(run)->next;
	runner->counters.waiting++;
	if (!runner->turn)
		start_waiting(runner);
	return 1;
}

bool trigger_is_session(const struct trigger_runner *runner, pid_t sid)
{
	for (const struct run *run = runner->running; run; run = run->next)
		if (run->pid == sid)
			return true;
	return false;
}

const struct trigger_counters *trigger_counters(const struct trigger_runner *runner)
{
	return &runner->counters;
}

int trigger_runner_new(sd_event *event, const struct trigger_limits *limits, trigger_ended_fn ended,
		       void *userdata, struct trigger_runner **ret_runner)
{
	static const struct trigger_limits defaults = {
		.running = 32,
		.waiting = 256,
		.timeout_ns = UINT64_C(30000000000),
		.per_second = 50,
	};
	struct trigger_runner *runner = calloc(1, sizeof(*runner));

	if (!runner)
		return -ENOMEM;
	runner->event = event;
	runner->limits = limits ? *limits : defaults;
	runner->ended = ended;
	runner->userdata = userdata;
	runner->waiting_end = &runner->waiting;
	runner->stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (runner->stack == MAP_FAILED) {
		free(runner);
		return -ENOMEM;
	}
	*ret_runner = runner;
	return 0;
}

void trigger_runner_free(struct trigger_runner *runner)
{
	if (!runner)
		return;
	sd_event_source_disable_unref(runner->turn);
	while (runner->running) {
		struct run *run = runner->running;

		runner->running = run->next;
		(void)kill(-run->pid, SIGKILL);
		(void)kill(run->pid, SIGKILL);
		sd_event_source_disable_unref(run->child);
		run->child = NULL;
		(void)waitpid(run->pid, NULL, 0);
		run_free(run);
	}
	while (runner->waiting) {
		struct run *run = runner->waiting;

		runner->waiting = run->next;
		run_free(run);
	}
	munmap(runner->stack, STACK_SIZE);
	free(runner);
}
