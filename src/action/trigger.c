// SPDX-License-Identifier: MIT
/*
 * A trigger's program is started by clone(CLONE_VM) on a stack of its own: a daemon must not copy
 * its page tables for a shell script, and not wait for it either (CLONE_VFORK), as the program may
 * lie on a disk that does not answer. So until its execve the child runs in our memory while we go
 * on: it makes raw system calls only, and above all not glibc's setresuid(), which would change the
 * ids of all our threads. What it uses belongs to its `struct run`, which stays until it has ended.
 */
#include "action/trigger.h"

#include "action/raw-call.h"
#include "util/host.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { OUTPUT_KEPT = 256, STACK_SIZE = 32 * 1024, STRINGS_MAX = 256, SESSIONS_KEPT = 256 };

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
	int null_fd, write_fd; /* of use to the child only */
	int code;	       /* the child's: negative errno of the step that failed */
	void *stack;
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
	pid_t sessions[SESSIONS_KEPT]; /* of those that ended, who may have left children in it */
	unsigned next_session;
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
	free(run->stack);
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
	run->pidfd = run->output_fd = run->null_fd = run->write_fd = -1;
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

static void default_signals(void)
{
	/* As the kernel has it: handler, flags, restorer, mask. All zero is the default. */
	const struct {
		unsigned long words[4];
	} action = { 0 };
	const uint64_t none = 0;

	for (int i = 1; i < _NSIG; i++)
		if (i != SIGKILL && i != SIGSTOP)
			(void)raw_call(SYS_rt_sigaction, i, (long)&action, 0, sizeof(none), 0);
	(void)raw_call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, sizeof(none), 0);
}

/* Runs in our memory until execve: raw system calls and plain stores only. */
static int child_main(void *argument)
{
	static const struct rlimit no_core = { 0 };
	struct run *run = argument;
	const long id[] = { run->uid, run->gid };
	long r;

	default_signals();
	r = raw_call(SYS_setsid, 0, 0, 0, 0, 0);
	if (r >= 0)
		r = raw_call(SYS_dup3, run->null_fd, 0, 0, 0, 0);
	if (r >= 0)
		r = raw_call(SYS_dup3, run->write_fd, 1, 0, 0, 0);
	if (r >= 0)
		r = raw_call(SYS_dup3, run->write_fd, 2, 0, 0, 0);
	if (r >= 0)
		r = raw_call(SYS_chdir, (long)"/", 0, 0, 0, 0);
	if (r >= 0)
		r = raw_call(SYS_prlimit64, 0, RLIMIT_CORE, (long)&no_core, 0, 0);
	/* The daemon's own priority is not for others; giving up a better one never fails. */
	if (r >= 0)
		(void)raw_call(SYS_setpriority, PRIO_PROCESS, 0, 0, 0, 0);
	/* Not root's helper groups, then the group, then the user: in this order only. */
	if (r >= 0 && raw_call(SYS_geteuid, 0, 0, 0, 0, 0) == 0)
		r = raw_call(SYS_setgroups, 0, 0, 0, 0, 0);
	if (r >= 0)
		r = raw_call(SYS_setresgid, id[1], id[1], id[1], 0, 0);
	if (r >= 0)
		r = raw_call(SYS_setresuid, id[0], id[0], id[0], 0, 0);
	if (r >= 0)
		r = raw_call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* What we hold is O_CLOEXEC; what a careless parent of ours left open is not. */
	if (r >= 0)
		(void)raw_call(SYS_close_range, 3, ~0U, 0, 0, 0);
	if (r >= 0)
		r = raw_call(SYS_execve, (long)run->argv[0], (long)run->argv, (long)run->envp, 0,
			     0);
	run->code = (int)r;
	raw_call(SYS_exit, 127, 0, 0, 0, 0);
	return 0;
}

/* ---- a run's end ---- */

static void start_waiting(struct trigger_runner *runner);

static void remember(struct trigger_runner *runner, pid_t pid)
{
	runner->sessions[runner->next_session] = pid;
	runner->next_session = (runner->next_session + 1) % SESSIONS_KEPT;
}

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
	remember(runner, run->pid);
	if (run->code < 0)
		snprintf(run->output_text, sizeof(run->output_text), "cannot execute %s: %s",
			 run->argv[0], strerror(-run->code));
	if (run->timed_out)
		runner->counters.timed_out++;
	else if (run->code < 0)
		runner->counters.could_not_start++;
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

static int open_ends(struct run *run)
{
	int ends[2];

	run->null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (run->null_fd < 0 || pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	run->output_fd = ends[0];
	run->write_fd = ends[1];
	/* Only our end must not block. */
	(void)fcntl(run->write_fd, F_SETFL, 0);
	run->stack = aligned_alloc(64, STACK_SIZE);
	return run->stack ? 0 : -ENOMEM;
}

static int start(struct run *run)
{
	struct trigger_runner *runner = run->runner;
	int r = open_ends(run);

	if (r >= 0) {
		run->pid =
			clone(child_main, (char *)run->stack + STACK_SIZE, CLONE_VM | SIGCHLD, run);
		r = run->pid < 0 ? -errno : 0;
	}
	/* The child has its own of these, but reads their numbers yet. */
	if (run->null_fd >= 0)
		close(run->null_fd);
	if (run->write_fd >= 0)
		close(run->write_fd);
	if (r < 0)
		return r;
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
	/* While somebody is left in a session, its number is not given out again. */
	for (unsigned i = 0; sid > 0 && i < SESSIONS_KEPT; i++)
		if (runner->sessions[i] == sid)
			return kill(sid, 0) < 0;
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
	free(runner);
}
