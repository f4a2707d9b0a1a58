// SPDX-License-Identifier: MIT
/*
 * The gate's threads write records into rings, one a thread, and arm a timer; the loop reads all
 * rings in the order of time, so one wake-up serves many executions.
 */
#include "source/gate-source.h"

#include "source/gate-event.h"
#include "source/gate-executions.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

enum {
	RING_SIZE = 1 << 20, /* of one thread; some 2,000 executions */
	ROUND = 4096,	     /* records in one dispatch */
};

static const uint64_t wake_ns = UINT64_C(2000000);

struct gate_reader {
	struct source source;
	struct source_options options;
	struct gate *gate;
	struct confirm *confirm;
	struct execve_files files;
	struct ring *rings;
	unsigned ring_count;
	struct gate_translator *translator;
	int epoll_fd, timer_fd, mounts_fd;
	_Atomic bool armed;
	struct gate_executions executions;
	uint64_t next_look; /* CLOCK_MONOTONIC; UINT64_MAX: not */
	uint64_t lost, overflows, last_boottime;
	bool has_binfmt;
	int told;
};

static struct gate_reader *reader_of(struct source *source)
{
	return (struct gate_reader *)(void *)source;
}

static const struct gate_reader *reader_of_const(const struct source *source)
{
	return (const struct gate_reader *)(const void *)source;
}

/* ---- the gate's threads ---- */

static void wake(struct gate_reader *reader)
{
	struct itimerspec soon = { .it_value.tv_nsec = (long)wake_ns };

	if (!atomic_exchange(&reader->armed, true))
		(void)timerfd_settime(reader->timer_fd, 0, &soon, NULL);
}

static unsigned on_open(const struct gate_event *event, void *userdata)
{
	struct gate_reader *reader = userdata;
	uint64_t ticket = confirm_ticket(reader->confirm, event->pid);
	enum confirm_state previous = confirm_previous(reader->confirm, event->pid, ticket);
	bool same = previous == CONFIRM_NOT_YET;
	bool next = same && execve_files_is_next(&reader->files, event);

	/* A loader says nothing that its program has not said, nor does a layer of an overlay. */
	if ((next && interpreter_is_loader(event->path)) ||
	    (same && execve_files_is_below(&reader->files, event)))
		return GATE_ALLOW;
	if (!next)
		confirm_arm(reader->confirm, event->pid, ticket);
	execve_files_expect(&reader->files, reader->options.host, event);
	(void)gate_record_write(&reader->rings[event->thread], reader->options.host, event, ticket,
				next, previous);
	wake(reader);
	return GATE_ALLOW;
}

/* ---- telling ---- */

static void tell_gap(struct gate_reader *reader, const char *cause, uint64_t lost,
		     const char *reason)
{
	struct event event;

	source_count_loss(&reader->source, cause, lost);
	reader->source.counters.gaps++;
	event_init(&event, EVENT_GAP, SOURCE_REEVE);
	event_set(&event, TIME, time, clock_realtime());
	event_set(&event, BOOTTIME, boottime, clock_boottime());
	event_set(&event, FROM, from, reader->last_boottime);
	event_set(&event, TO, to, event.boottime);
	event_set(&event, LOST, lost, lost);
	event_set(&event, REASON, reason, slice_of(reason));
	reader->last_boottime = event.boottime;
	reader->told++;
	reader->options.sink.event(&event, reader->options.sink.userdata);
}

static void check_losses(struct gate_reader *reader)
{
	const struct gate_counters *counters = gate_counters(reader->gate);
	uint64_t lost = 0, overflows = atomic_load(&counters->overflows);

	for (unsigned i = 0; i < reader->ring_count; i++)
		lost += atomic_load(&reader->rings[i].lost);
	if (lost > reader->lost)
		tell_gap(reader, "queue full", lost - reader->lost,
			 "more was executed than could be written down");
	if (overflows > reader->overflows)
		tell_gap(reader, "fanotify queue", overflows - reader->overflows,
			 "the kernel's queue of permission events overflowed");
	if (reader->executions.dropped > 0)
		tell_gap(reader, "no memory", reader->executions.dropped,
			 "there was no memory for an execution");
	reader->executions.dropped = 0;
	reader->lost = lost;
	reader->overflows = overflows;
}

/* Is the name of the first file the second argument, as binfmt_misc makes it? */
static bool is_argument(const struct gate_record *first, const struct event *event)
{
	struct slice path = gate_record_text(first, GATE_TEXT_PATH), argument = event->argv;
	const char *slash = path.size ? memrchr(path.data, '/', path.size) : NULL;
	size_t skip = strnlen(argument.data, argument.size) + 1, name;

	if (!slash || skip >= argument.size)
		return false;
	name = path.size - (size_t)(slash - path.data) - 1;
	argument.data += skip;
	argument.size = strnlen(argument.data, argument.size - skip);
	return argument.size >= name &&
	       memcmp(argument.data + argument.size - name, slash + 1, name) == 0;
}

static void tell_one(struct gate_reader *reader, const struct gate_execution *execution,
		     enum event_type type, bool sure)
{
	struct event event;
	bool asked;

	reader->source.counters.seen++;
	reader->last_boottime = execution->first->boottime;
	if (!(reader->options.types & EVENT_BIT(type)))
		return;
	asked = gate_event_make(reader->translator, type, execution->first, execution->through,
				execution->program, &event);
	if (execution->guessed &&
	    !(asked && event_knows(&event, FIELD_ARGV) ? is_argument(execution->first, &event)
						       : reader->has_binfmt)) {
		/* It was an execution that failed, and then another one; of a process that is gone
		 * that is only the likelier of the two. */
		bool known = asked && event_knows(&event, FIELD_ARGV);
		const struct gate_execution second = { .first = execution->program,
						       .through = execution->program,
						       .program = execution->program };
		const struct gate_execution failed = { .first = execution->first,
						       .through = execution->first,
						       .program = execution->first };

		tell_one(reader, &failed, EVENT_FAILED, known);
		tell_one(reader, &second, type, sure);
		return;
	}
	/* binfmt_misc puts the interpreter's registered name first. */
	if (execution->guessed && event_knows(&event, FIELD_ARGV))
		event_set(&event, INTERPRETER, interpreter, slice_of(event.argv.data));
	/* Without BPF a process that has ended cannot be told from one that has executed. */
	if (!sure || (!asked && !confirm_is_fast(reader->confirm)))
		event_flag(&event, FLAG_INFERRED);
	reader->told++;
	reader->options.sink.event(&event, reader->options.sink.userdata);
}

static void tell(const struct gate_execution *execution, enum event_type type, bool sure,
		 void *userdata)
{
	struct gate_reader *reader = userdata;

	if ((pid_t)execution->first->pid != reader->options.quiet)
		tell_one(reader, execution, type, sure);
}

/* ---- records ---- */

/* The oldest record of all rings. */
static struct ring *next_ring(struct gate_reader *reader, const struct gate_record **ret_record)
{
	struct ring *found = NULL;

	*ret_record = NULL;
	for (unsigned i = 0; i < reader->ring_count; i++) {
		size_t size;
		const struct gate_record *record = ring_peek(&reader->rings[i], &size);

		if (!record || (*ret_record && (*ret_record)->boottime <= record->boottime))
			continue;
		found = &reader->rings[i];
		*ret_record = record;
	}
	return found;
}

static bool take_records(struct gate_reader *reader)
{
	const struct gate_record *record;

	for (int i = 0; i < ROUND; i++) {
		struct ring *ring = next_ring(reader, &record);

		if (!ring)
			return false;
		gate_executions_take(&reader->executions, record);
		ring_drop(ring);
	}
	return true;
}

/* ---- the loop ---- */

static int watch_mounts(struct gate_reader *reader, struct error *err)
{
	struct epoll_event events[4];
	int n = epoll_wait(reader->epoll_fd, events, ARRAY_SIZE(events), 0);
	uint64_t ticks;

	for (int i = 0; i < n; i++) {
		if (events[i].data.fd == reader->timer_fd)
			(void)!read(reader->timer_fd, &ticks, sizeof(ticks));
		else if (reader->gate && gate_mark_mounts(reader->gate, err) < 0)
			return err && err->code < 0 ? err->code : -EIO;
	}
	return 0;
}

static int gate_source_dispatch(struct source *source, struct error *err)
{
	struct gate_reader *reader = reader_of(source);
	bool more;
	int r = watch_mounts(reader, err);

	source->counters.wakeups++;
	reader->told = 0;
	if (r < 0 || !reader->gate)
		return r;
	/* Before the rings are read: what comes from here on arms the timer again. */
	atomic_store(&reader->armed, false);
	gate_translator_refresh(reader->translator);
	more = take_records(reader);
	gate_executions_look(&reader->executions, clock_boottime());
	check_losses(reader);
	reader->next_look = UINT64_MAX;
	if (more)
		reader->next_look = 0;
	else if (reader->executions.oldest)
		reader->next_look = clock_monotonic() + GATE_LOOK_NS;
	return reader->told;
}

static uint64_t gate_source_due(const struct source *source)
{
	return reader_of_const(source)->next_look;
}

static int gate_source_fd(const struct source *source)
{
	return reader_of_const(source)->epoll_fd;
}

/* ---- life ---- */

static void close_gate(struct gate_reader *reader)
{
	gate_free(reader->gate);
	reader->gate = NULL;
	gate_executions_done(&reader->executions);
	for (unsigned i = 0; i < reader->ring_count; i++)
		ring_done(&reader->rings[i]);
	free(reader->rings);
	reader->rings = NULL;
	reader->ring_count = 0;
	reader->lost = reader->overflows = 0;
	reader->next_look = UINT64_MAX;
}

static int make_rings(struct gate_reader *reader)
{
	unsigned count = gate_thread_count(reader->gate);
	size_t room = RING_SIZE;

	while (room < reader->options.buffer / count && room < (size_t)1 << 30)
		room *= 2;
	reader->rings = aligned_alloc(64, count * sizeof(*reader->rings));
	for (; reader->rings && reader->ring_count < count; reader->ring_count++)
		if (ring_init(&reader->rings[reader->ring_count], room) < 0)
			break;
	return reader->ring_count == count ? 0 : -ENOMEM;
}

static int open_gate(struct gate_reader *reader, struct error *err)
{
	const struct gate_options options = {
		.realtime = true,
		.trouble_fd = -1,
		.decide = on_open,
		.userdata = reader,
	};
	int r = gate_new(reader->options.host, &options, &reader->gate, err);

	if (r >= 0 && make_rings(reader) < 0)
		r = error_oom(err);
	if (r >= 0)
		r = gate_start(reader->gate, err);
	if (r >= 0)
		r = gate_mark_mounts(reader->gate, err);
	if (r < 0)
		close_gate(reader);
	return MIN(r, 0);
}

static int gate_source_set_types(struct source *source, uint32_t types, struct error *err)
{
	struct gate_reader *reader = reader_of(source);
	bool wanted = types & (EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_FAILED));

	if (wanted && !reader->gate) {
		reader->options.types = types;
		return open_gate(reader, err);
	}
	if (!wanted && reader->gate) {
		close_gate(reader);
		reader->options.types = types;
		return 0;
	}
	reader->options.types = types;
	return 0;
}

/* Is anything registered but the two files that are always there? */
static bool find_binfmt(const struct host *host)
{
	int fd = openat(host->proc_fd, "sys/fs/binfmt_misc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	bool found = false;

	if (!dir) {
		closep(&fd);
		return false;
	}
	while (!found && (entry = readdir(dir)))
		found = entry->d_name[0] != '.' && !streq(entry->d_name, "register") &&
			!streq(entry->d_name, "status");
	closedir(dir);
	return found;
}

static int poll_fd(const struct gate_reader *reader, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	return epoll_ctl(reader->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int open_parts(struct gate_reader *reader, struct error *err)
{
	const struct source_options *options = &reader->options;
	int r = gate_translator_new(options->host, options->environment, options->environment_count,
				    &reader->translator, err);

	if (r < 0)
		return r;
	if (confirm_new(options->host, &reader->confirm) < 0)
		return error_oom(err);
	reader->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	reader->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	reader->mounts_fd = openat(options->host->proc_fd, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (reader->epoll_fd < 0 || reader->timer_fd < 0 || reader->mounts_fd < 0)
		return error_set_errno(err, -errno, "cannot open the gate's timer");
	r = poll_fd(reader, reader->timer_fd, EPOLLIN);
	if (r >= 0)
		r = poll_fd(reader, reader->mounts_fd, EPOLLPRI);
	return r < 0 ? error_set_errno(err, r, "cannot poll the gate's timer") : 0;
}

static void gate_source_free(struct source *source)
{
	struct gate_reader *reader = reader_of(source);

	/* What is under way is nobody's business any more. */
	reader->options.types = 0;
	close_gate(reader);
	gate_translator_free(reader->translator);
	confirm_free(reader->confirm);
	closep(&reader->mounts_fd);
	closep(&reader->timer_fd);
	closep(&reader->epoll_fd);
	free(reader);
}

static int gate_source_open(const struct source_options *options, struct source **ret_source,
			    struct error *err)
{
	struct gate_reader *reader = calloc(1, sizeof(*reader));
	int r;

	if (!reader)
		return error_oom(err);
	reader->source.class = &gate_source;
	reader->options = *options;
	reader->epoll_fd = reader->timer_fd = reader->mounts_fd = -1;
	reader->next_look = UINT64_MAX;
	reader->last_boottime = clock_boottime();
	reader->has_binfmt = find_binfmt(options->host);
	r = open_parts(reader, err);
	if (r >= 0)
		gate_executions_init(&reader->executions, options->host, reader->confirm, tell,
				     reader);
	if (r >= 0)
		r = gate_source_set_types(&reader->source, options->types, err);
	if (r < 0) {
		gate_source_free(&reader->source);
		return r;
	}
	*ret_source = &reader->source;
	return 0;
}

struct gate *gate_source_gate(const struct source *source)
{
	return reader_of_const(source)->gate;
}

static int gate_source_probe(const struct host *host, hook_report_fn report, void *userdata,
			     struct error *err)
{
	_cleanup_(confirm_freep) struct confirm *confirm = NULL;
	_cleanup_(error_done) struct error own = ERROR_INIT;
	struct hook_report hook = { .name = "FAN_OPEN_EXEC_PERM", .state = HOOK_WORKS };
	int r = gate_probe(&own);

	if (r < 0) {
		hook = (struct hook_report){
			.name = hook.name,
			.state = HOOK_REFUSED,
			.error = -r,
			.reason = error_text(&own),
			.advice = r == -EPERM ? "run it as root on the host" : NULL,
		};
		report(&hook, userdata);
		error_move(err, &own);
		return r;
	}
	report(&hook, userdata);
	if (confirm_new(host, &confirm) < 0)
		return error_oom(err);
	hook.name = "outcome of an execution";
	hook.reason = confirm_is_fast(confirm) ? NULL : confirm_reason(confirm);
	hook.advice = confirm_is_fast(confirm)
			      ? NULL
			      : "without BPF it is told by /proc, and only guessed for a process "
				"that is gone";
	report(&hook, userdata);
	return 0;
}

static const char *gate_source_variant(const struct source *source)
{
	return confirm_is_fast(reader_of_const(source)->confirm) ? "outcomes by BPF"
								 : "outcomes by /proc";
}

/* Not filename: the gate sees files. */
static const uint8_t knows[] = {
	FIELD_TIME,    FIELD_BOOTTIME,	  FIELD_PID,	   FIELD_TID,	  FIELD_PPID,
	FIELD_NS_PID,  FIELD_EXEC_ID,	  FIELD_START,	   FIELD_EXE,	  FIELD_EXE_IN_ROOT,
	FIELD_SCRIPT,  FIELD_INTERPRETER, FIELD_COMM,	   FIELD_ARGV,	  FIELD_CWD,
	FIELD_ENV,     FIELD_UID,	  FIELD_GID,	   FIELD_EUID,	  FIELD_EGID,
	FIELD_SUID,    FIELD_SGID,	  FIELD_LOGINUID,  FIELD_SESSION, FIELD_TTY,
	FIELD_INODE,   FIELD_DEV,	  FIELD_NLINK,	   FIELD_MODE,	  FIELD_FLAGS,
	FIELD_CGROUP,  FIELD_CGROUP_ID,	  FIELD_CGROUP_V1, FIELD_MNT_NS,  FIELD_PID_NS,
	FIELD_NET_NS,  FIELD_USER_NS,	  FIELD_UTS_NS,	   FIELD_IPC_NS,  FIELD_CGROUP_NS,
	FIELD_TIME_NS,
};

const struct source_class gate_source = {
	.id = SOURCE_GATE,
	.name = "gate",
	.summary = "fanotify permission events: the process waits while it is written down",
	.guarantee =
		"Every execution from a local file system of the host's mount namespace, with "
		"file, "
		"parent, user, groups and folder as they were while the process waited, and told "
		"when it "
		"has succeeded. Nothing from network and FUSE file systems, from memory (memfd), "
		"from "
		"file systems that only another namespace has mounted; a new mount is watched some "
		"milliseconds late. Arguments, login and other namespaces are read from /proc "
		"afterwards. "
		"No forks, no ends.",
	.knows = knows,
	.knows_count = ARRAY_SIZE(knows),
	.types = EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_FAILED) | EVENT_BIT(EVENT_GAP),
	.probe = gate_source_probe,
	.open = gate_source_open,
	.free = gate_source_free,
	.fd = gate_source_fd,
	.due = gate_source_due,
	.dispatch = gate_source_dispatch,
	.set_types = gate_source_set_types,
	.variant = gate_source_variant,
};
