// SPDX-License-Identifier: MIT
/*
 * A run has two ends: that of its program, which is told, and that of what the program has left
 * behind in its cell. Its time goes for both. When it is up, all in the cell get SIGTERM, and
 * SIGKILL two seconds later, and again until nobody is there; where there is no cell, the process
 * group does, while its leader is there and the number is certain.
 *
 * What it prints is always read, so that it never blocks on us, but no faster than is good for the
 * daemon's loop.
 */
#include "action/trigger-run.h"

#include "util/fd.h"
#include "util/host.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum {
	READ_SIZE = 64 * 1024,
	PAUSE_AFTER = 1 << 20, /* bytes printed: then it has to wait for 10 ms */
	PAUSE_USEC = 10000,
	GRACE_USEC = 2000000, /* from SIGTERM to SIGKILL */
	AGAIN_USEC = 500000,
	SHIELD_USEC = 1000,
	SHIELD_MOST_USEC = 1000000,
};

/* ---- the copy of a request ---- */

/* Strings and pointers to them, counted first and then put down. */
struct copy {
	char *bytes;
	char **pointers;
	size_t size, count;
	bool measure;
};

static char *put(struct copy *copy, const char *a, const char *b)
{
	size_t first = strlen(a), second = strlen(b);
	char *at = NULL;

	if (!copy->measure) {
		at = copy->bytes + copy->size;
		memcpy(at, a, first);
		memcpy(at + first, b, second + 1);
	}
	copy->size += first + second + 1;
	return at;
}

static void put_pointer(struct copy *copy, char *string)
{
	if (!copy->measure)
		copy->pointers[copy->count] = string;
	copy->count++;
}

static bool has_variable(const char *const *environment, const char *name)
{
	size_t size = strlen(name);

	for (; environment && *environment; environment++)
		if (strncmp(*environment, name, size) == 0)
			return true;
	return false;
}

static void put_environment(struct copy *copy, const struct trigger_request *request)
{
	const char *const *given = request->environment;
	const struct {
		const char *name, *value;
	} usual[] = {
		{ "PATH=", "/usr/local/bin:/usr/bin:/bin" },
		{ "HOME=", request->home },
		{ "USER=", request->user },
		{ "LOGNAME=", request->user },
		{ "SHELL=", request->shell && *request->shell ? request->shell : "/bin/sh" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		if (!has_variable(given, usual[i].name))
			put_pointer(copy, put(copy, usual[i].name, usual[i].value));
	for (const char *const *at = given; at && *at; at++) {
		bool again = false;
		size_t size = strcspn(*at, "=");

		for (const char *const *before = given; before < at && !again; before++)
			again = strcspn(*before, "=") == size && strncmp(*before, *at, size) == 0;
		if (!again)
			put_pointer(copy, put(copy, *at, ""));
	}
	put_pointer(copy, NULL);
}

static void put_request(struct copy *copy, const struct trigger_request *request,
			struct trigger_run *run)
{
	char *string;

	put_pointer(copy, put(copy, request->program, ""));
	for (const char *const *at = request->arguments; at && *at; at++)
		put_pointer(copy, put(copy, *at, ""));
	put_pointer(copy, NULL);
	run->child.envp = copy->pointers + copy->count;
	put_environment(copy, request);
	string = put(copy, request->folder ? request->folder : "/", "");
	run->child.folder = string;
	string = put(copy, request->group ? request->group : "", "");
	run->group = request->group ? string : NULL;
}

static int copy_request(struct trigger_run *run, const struct trigger_request *request)
{
	struct copy copy = { .measure = true };

	put_request(&copy, request, run);
	run->memory = copy.bytes = malloc(copy.size);
	run->pointers = copy.pointers = calloc(copy.count, sizeof(*copy.pointers));
	if (!run->memory || !run->pointers)
		return -ENOMEM;
	copy.measure = false;
	copy.size = copy.count = 0;
	put_request(&copy, request, run);
	run->child.argv = run->pointers;
	return 0;
}

/* A copy, or NULL where there is nothing, or (then `*ok` is made false) no memory. */
static void *copy_bytes(const void *from, size_t size, bool *ok)
{
	void *copy;

	if (!from || size == 0)
		return NULL;
	copy = malloc(size);
	if (copy)
		memcpy(copy, from, size);
	*ok = *ok && copy;
	return copy;
}

int trigger_run_new(const struct trigger_request *request, uint64_t timeout_ns,
		    struct trigger_run **ret_run)
{
	_cleanup_(trigger_run_freep) struct trigger_run *run = calloc(1, sizeof(*run));
	bool ok = true;

	if (!run)
		return -ENOMEM;
	run->output_fd = run->child.input_fd = run->child.output_fd = -1;
	run->child.clone_fd = run->child.clone_procs_fd = -1;
	run->child.uid = request->uid;
	run->child.gid = request->gid;
	run->timeout_ns = timeout_ns;
	run->input = copy_bytes(request->input, request->input_size, &ok);
	run->groups = copy_bytes(request->groups, request->group_count * sizeof(gid_t), &ok);
	if (!ok || copy_request(run, request) < 0)
		return -ENOMEM;
	run->child.groups = run->groups;
	run->child.group_count = run->groups ? request->group_count : 0;
	run->input_size = run->input ? request->input_size : 0;
	*ret_run = TAKE_PTR(run);
	return 0;
}

/* ---- what it prints ---- */

/* One piece; false when there is nothing to read now, or no more at all. */
static bool read_output(struct trigger_run *run)
{
	char buffer[READ_SIZE];
	ssize_t n = read(run->output_fd, buffer, sizeof(buffer));
	size_t room = TRIGGER_OUTPUT_KEPT - run->kept.size;

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		run->output = sd_event_source_disable_unref(run->output);
	if (n <= 0)
		return false;
	run->output_total += (uint64_t)n;
	run->output_since += (uint64_t)n;
	if (!run->is_over)
		text_add_bytes(&run->kept, buffer, MIN((size_t)n, room));
	return true;
}

static int on_pause(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct trigger_run *run = userdata;

	run->output_since = 0;
	if (run->output)
		(void)sd_event_source_set_enabled(run->output, SD_EVENT_ON);
	return 0;
}

static int on_output(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct trigger_run *run = userdata;

	if (!read_output(run) || run->output_since < PAUSE_AFTER)
		return 0;
	run->pause = sd_event_source_disable_unref(run->pause);
	/* Without a timer it is read on: better a busy loop than a program that hangs. */
	if (sd_event_add_time_relative(run->place->event, &run->pause, CLOCK_MONOTONIC, PAUSE_USEC,
				       1000, on_pause, run) >= 0)
		(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return 0;
}

/* ---- its end ---- */

static void signal_all(struct trigger_run *run, int number)
{
	/* Until it is reaped, the number is its own, and that of the group that it leads. */
	if (!run->is_over) {
		(void)kill(-run->pid, number);
		(void)kill(run->pid, number);
	}
	if (!run->cell)
		return;
	if (number == SIGKILL)
		(void)cell_kill(run->cell);
	else
		(void)cell_signal(run->cell, number);
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct trigger_run *run = userdata;

	run->timed_out = true;
	signal_all(run, run->killed == 0 ? SIGTERM : SIGKILL);
	(void)sd_event_source_set_time_relative(source, run->killed == 0 ? GRACE_USEC : AGAIN_USEC);
	(void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	run->killed++;
	return 0;
}

static int on_exit_of_child(sd_event_source *source, const siginfo_t *info, void *userdata)
{
	struct trigger_run *run = userdata;
	int status = info->si_code == CLD_EXITED ? W_EXITCODE(info->si_status, 0)
						 : W_EXITCODE(0, info->si_status);

	/* What it wrote last; not what somebody else goes on to write. */
	for (int i = 0; run->output && i < TRIGGER_OUTPUT_KEPT / 4096 && read_output(run); i++)
		;
	run->is_over = true;
	if (run->child.code < 0)
		trigger_child_explain(&run->child, run->failure, sizeof(run->failure));
	trigger_child_done(&run->child);
	run->place->over(run, status);
	return 0;
}

bool trigger_run_is_gone(struct trigger_run *run)
{
	return run->is_over && (!run->cell || cell_remove(run->cell) == 0);
}

void trigger_run_kill(struct trigger_run *run)
{
	if (run->pid <= 0)
		return;
	signal_all(run, SIGKILL);
	if (run->is_over)
		return;
	/* Before the C library reaps it for somebody else. */
	run->exit = sd_event_source_disable_unref(run->exit);
	while (waitpid(run->pid, NULL, 0) < 0 && errno == EINTR)
		;
	run->is_over = true;
}

void trigger_run_free(struct trigger_run *run)
{
	if (!run)
		return;
	trigger_run_kill(run);
	sd_event_source_disable_unref(run->exit);
	sd_event_source_disable_unref(run->output);
	sd_event_source_disable_unref(run->timer);
	sd_event_source_disable_unref(run->pause);
	sd_event_source_disable_unref(run->shield);
	closep(&run->output_fd);
	cell_free(run->cell);
	trigger_child_done(&run->child);
	text_done(&run->kept);
	free(run->memory);
	free(run->pointers);
	free(run->groups);
	free(run->input);
	free(run);
}

/* ---- its start ---- */

static int fail(struct trigger_run *run, int code, const char *what)
{
	snprintf(run->failure, sizeof(run->failure), "cannot %s: %s", what, strerror(-code));
	return code;
}

/* A file in memory that nobody can change any more. */
static int open_input(struct trigger_run *run)
{
	_cleanup_(closep) int fd = -1;

	if (!run->input) {
		run->child.input_fd = run->place->null_fd;
		return 0;
	}
	fd = memfd_create("reeve-event", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || write_all(fd, run->input, run->input_size) < 0 ||
	    lseek(fd, 0, SEEK_SET) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return fail(run, -errno, "make its standard input");
	run->child.input_fd = TAKE_FD(fd);
	return 0;
}

static int open_output(struct trigger_run *run)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return fail(run, -errno, "make a pipe for its output");
	run->output_fd = ends[0];
	run->child.output_fd = ends[1];
	/* Only our end must not block. */
	(void)fcntl(ends[1], F_SETFL, 0);
	return 0;
}

/* The group's v1 hierarchies, and its cell. */
static int open_place(struct trigger_run *run)
{
	struct error err = ERROR_INIT;
	struct trigger_child *child = &run->child;
	struct groups *groups = run->place->groups;
	const struct group *group = run->group && groups ? groups_find(groups, run->group) : NULL;
	int r;

	if (!run->group || !groups)
		return 0;
	if (!group) {
		snprintf(run->failure, sizeof(run->failure), "there is no group %s", run->group);
		return -ENOENT;
	}
	r = cell_new(group, &run->cell, &err);
	if (r < 0) {
		snprintf(run->failure, sizeof(run->failure), "%s", error_text(&err));
		error_done(&err);
		return r;
	}
	child->entrance_count = group_tasks_fds(group, child->entrances, TRIGGER_ENTRANCES - 1);
	child->clone_fd = cell_clone_fd(run->cell);
	if (child->clone_fd >= 0)
		child->clone_procs_fd = cell_entrance(run->cell);
	else
		child->entrances[child->entrance_count++] = cell_entrance(run->cell);
	return 0;
}

/* ---- the daemon's shield ---- */

static bool same_program(pid_t pid)
{
	char name[40], ours[512], its[512];
	ssize_t n, m;

	snprintf(name, sizeof(name), "/proc/%d/exe", pid);
	n = readlink("/proc/self/exe", ours, sizeof(ours));
	m = readlink(name, its, sizeof(its));
	return n < 0 || (n == m && memcmp(ours, its, (size_t)n) == 0);
}

/*
 * What the kernel's OOM killer thinks of the daemon, which it is to spare, is not handed on. The
 * kernel sets the score of all processes that share memory: so not before the child has executed
 * its program.
 */
static int on_shield(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct trigger_run *run = userdata;
	char name[40];

	if (run->is_over)
		return 0;
	if (!same_program(run->pid)) {
		snprintf(name, sizeof(name), "/proc/%d/oom_score_adj", run->pid);
		(void)file_write_at(AT_FDCWD, name, "0");
		return 0;
	}
	run->shield_usec = MIN(run->shield_usec * 2, (uint64_t)SHIELD_MOST_USEC);
	(void)sd_event_source_set_time_relative(source, run->shield_usec);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int watch_shield(struct trigger_run *run)
{
	if (!run->place->shielded)
		return 0;
	run->shield_usec = SHIELD_USEC;
	return sd_event_add_time_relative(run->place->event, &run->shield, CLOCK_MONOTONIC,
					  SHIELD_USEC, 100, on_shield, run);
}

static int watch(struct trigger_run *run)
{
	sd_event *event = run->place->event;
	int r;

	r = sd_event_add_child(event, &run->exit, run->pid, WEXITED, on_exit_of_child, run);
	if (r >= 0)
		r = sd_event_add_io(event, &run->output, run->output_fd, EPOLLIN, on_output, run);
	/* What it prints is the least of what the loop has to do. */
	if (r >= 0)
		r = sd_event_source_set_priority(run->output, SD_EVENT_PRIORITY_IDLE);
	if (r >= 0 && run->timeout_ns != UINT64_MAX)
		r = sd_event_add_time_relative(event, &run->timer, CLOCK_MONOTONIC,
					       run->timeout_ns / 1000, 100000, on_timeout, run);
	if (r >= 0)
		r = watch_shield(run);
	return r < 0 ? fail(run, r, "watch it") : 0;
}

int trigger_run_start(struct trigger_run *run, const struct trigger_place *place)
{
	int r;

	run->place = place;
	run->started_ns = clock_monotonic();
	r = open_input(run);
	if (r >= 0)
		r = open_output(run);
	if (r >= 0)
		r = open_place(run);
	if (r >= 0) {
		pid_t pid = trigger_child_start(&run->child);

		if (pid > 0)
			run->pid = pid;
		else
			r = fail(run, pid, "make a process");
	}
	/* The child has its own of these. */
	if (run->child.input_fd >= 0 && run->child.input_fd != place->null_fd)
		close(run->child.input_fd);
	if (run->child.output_fd >= 0)
		close(run->child.output_fd);
	if (r >= 0)
		r = watch(run);
	if (r < 0)
		trigger_run_kill(run);
	return r;
}
