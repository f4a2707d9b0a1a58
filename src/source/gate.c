// SPDX-License-Identifier: MIT
/*
 * The gate owns one fanotify group a channel and the threads that read it.
 *
 * Whole file systems are marked, so that a file is seen whatever happened to its name a moment
 * ago; a file that no rule names gets an ignore mark and costs nothing afterwards. In the two
 * channels for executions the kernel drops an ignore mark when the file is written (no
 * FAN_MARK_IGNORED_SURV_MODIFY), and with FAN_MARK_EVICTABLE (5.19) in all three when it needs the
 * inode's memory. What a rename means for it: gate-forget.c.
 *
 * Threads: fanotify wakes every reader of a group. With one thread pinned to each processor, the
 * one on the waiting process's own processor runs as soon as that process sleeps and takes the
 * event (4 µs); the others find nothing. A single thread is mostly woken on another processor
 * (50 µs in a virtual machine). Above four processors waking all of them costs more than it gains.
 */
#include "source/gate-internal.h"

#include "util/fd.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* In <linux/fanotify.h> since 5.19; Debian 12's libc header has not got it. */
enum {
	THREADS_MAX = 64,
	PINNED_MAX = 4, /* processors up to which each gets its own thread */
	FLOATING = 4,	/* threads where there are more */
};

/* ---- one event ---- */

/* Where the open file is, as seen from our root; the kernel's answer cannot be out of date. */
static void read_path(struct worker *worker, int fd, bool deleted)
{
	static const char mark[] = " (deleted)";
	const size_t suffix = sizeof(mark) - 1;
	struct name_buffer *names = &worker->names;
	char name[16];
	ssize_t n;

	snprintf(name, sizeof(name), "%d", fd);
	n = readlinkat(worker->gate->self_fd_dir, name, names->path, PATH_MAX);
	if (n < 0 || n == PATH_MAX)
		n = 0;
	if (deleted && (size_t)n > suffix && memcmp(names->path + n - suffix, mark, suffix) == 0)
		n -= (ssize_t)suffix;
	names->path[n] = '\0';
	names->length = (size_t)n;
}

static enum host_name find_name(struct worker *worker, const struct seen_file *file,
				struct name_buffer *names)
{
	struct gate *gate = worker->gate;
	const struct mount_table *table;
	enum host_name found;

	/* A hazard pointer, as for snapshots: say which one is used, and look again. */
	do {
		table = atomic_load(&gate->mounts);
		atomic_store(&worker->mounts, table);
	} while (table != atomic_load(&gate->mounts));
	found = host_name_find(gate->host, table, file, names);
	atomic_store(&worker->mounts, NULL);
	return found;
}

enum host_name gate_name_of(const struct gate_event *event, const struct seen_file *file,
			    struct name_buffer *names)
{
	return find_name(&event->gate->workers[event->thread], file, names);
}

static bool describe(struct worker *worker, const struct fanotify_event_metadata *metadata,
		     int64_t *hold, struct gate_event *event)
{
	struct seen_file file = { .pid = metadata->pid };
	struct statx st;

	if (statx(metadata->fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, &st) < 0)
		return false;
	file.mount = st.stx_mask & STATX_MNT_ID ? st.stx_mnt_id : 0;
	file.dev = makedev(st.stx_dev_major, st.stx_dev_minor);
	file.ino = st.stx_ino;
	*event = (struct gate_event){
		.reads = metadata->mask & FAN_ACCESS_PERM,
		.gate = worker->gate,
		.channel = worker->channel,
		.thread = worker->index,
		.pid = metadata->pid,
		.fd = metadata->fd,
		.hold = hold,
		.dev = file.dev,
		.ino = file.ino,
		.links = st.stx_nlink,
		.changed_ns = st.stx_ctime.tv_sec * INT64_C(1000000000) + st.stx_ctime.tv_nsec,
	};
	read_path(worker, metadata->fd, st.stx_nlink == 0);
	event->name = find_name(worker, &file, &worker->names);
	if (event->name == HOST_NAME_NONE)
		gate_count(&worker->gate->counters.nameless);
	event->path = worker->names.path;
	event->path_length = worker->names.length;
	return true;
}

static void answer(struct gate *gate, int channel_fd, int fd, bool allow)
{
	struct fanotify_response response = {
		.fd = fd,
		.response = allow ? FAN_ALLOW : FAN_DENY,
	};

	gate_count(allow ? &gate->counters.allowed : &gate->counters.denied);
	/* ENOENT: the guard answered while we were stopped, or the process was killed. */
	if (write(channel_fd, &response, sizeof(response)) < 0)
		gate_count(&gate->counters.answered_elsewhere);
}

static bool passes(struct worker *worker, pid_t pid)
{
	const struct gate_options *options = &worker->gate->options;

	return worker->channel != GATE_OPEN && options->passes &&
	       options->passes(pid, worker->index, options->userdata);
}

static void handle(struct worker *worker, const struct fanotify_event_metadata *metadata)
{
	struct gate *gate = worker->gate;
	int channel_fd = gate->channels[worker->channel].fd;
	struct gate_event event;
	unsigned verdict = GATE_ALLOW;
	uint32_t epoch = atomic_load(&gate->epoch);
	int64_t hold = 0;

	if (metadata->mask & FAN_Q_OVERFLOW)
		gate_count(&gate->counters.overflows);
	if (metadata->fd < 0)
		return;
	gate_count(&gate->counters.events);
	if (passes(worker, metadata->pid)) {
		answer(gate, channel_fd, metadata->fd, true);
		close(metadata->fd);
		gate_note_turn(worker);
		return;
	}
	if (describe(worker, metadata, &hold, &event))
		verdict = gate->options.decide(&event, gate->options.userdata);
	if (hold > 0) {
		/* Which cannot be forgotten: a rule has named it. */
		(void)gate_holds_end(gate->holds, hold, verdict & GATE_HOLD,
				     !(verdict & GATE_DENY));
		return;
	}
	answer(gate, channel_fd, metadata->fd, !(verdict & GATE_DENY));
	/* After the answer: the process need not wait for it. */
	if (verdict & GATE_FORGET)
		gate_forget(gate, &event, epoch, verdict & GATE_BY_NAME);
	close(metadata->fd);
}

int64_t gate_hold(const struct gate_event *event, const struct gate_hold_options *options)
{
	const struct gate *gate = event->gate;
	int64_t hold = gate_holds_begin(gate->holds, event->fd, gate->channels[event->channel].fd,
					options);

	if (hold > 0)
		*event->hold = hold;
	return hold;
}

int gate_release(const struct gate *gate, int64_t hold, bool allow)
{
	return gate_holds_release(gate->holds, hold, allow);
}

bool gate_hold_is_late(const struct gate *gate, int64_t hold)
{
	return gate_holds_is_late(gate->holds, hold);
}

/* ---- threads ---- */

static void set_scheduling(struct worker *worker)
{
	struct sched_param param = { .sched_priority = 1 };
	cpu_set_t set;

	if (worker->processor >= 0) {
		CPU_ZERO(&set);
		CPU_SET((unsigned)worker->processor, &set);
		(void)sched_setaffinity(0, sizeof(set), &set);
	}
	if (worker->gate->options.realtime && sched_setscheduler(0, SCHED_FIFO, &param) == 0)
		worker->gate->realtime = true;
}

/* The event could not be taken, and the kernel denied what waited. */
static void note_failure(struct worker *worker, int error)
{
	struct gate *gate = worker->gate;

	gate_count(&gate->counters.read_errors);
	if (worker->channel == GATE_EXEC || (error != EACCES && error != EPERM))
		return;
	gate_count(&gate->counters.refused);
	atomic_fetch_or(&gate->refused, 1U << worker->channel);
	if (gate->options.trouble_fd >= 0)
		(void)eventfd_write(gate->options.trouble_fd, 1);
}

/* Takes events until there is none. One at a time: the others stay for the other threads. */
static void take_events(struct worker *worker, int fd)
{
	struct fanotify_event_metadata metadata;

	for (;;) {
		ssize_t n = read(fd, &metadata, sizeof(metadata));

		if (n == (ssize_t)sizeof(metadata) && metadata.vers == FANOTIFY_METADATA_VERSION) {
			handle(worker, &metadata);
		} else if (n < 0 && errno == EAGAIN) {
			return;
		} else if (n >= 0 || errno != EINTR) {
			note_failure(worker, n < 0 ? errno : EIO);
			return;
		}
	}
}

static int stop_fd_of(const struct gate *gate, enum gate_channel_kind kind)
{
	return kind == GATE_EXEC_REMOTE ? gate->stop_remote_fd : gate->stop_fd;
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	int fd = worker->gate->channels[worker->channel].fd;
	struct pollfd polls[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = stop_fd_of(worker->gate, worker->channel), .events = POLLIN },
		{ .fd = worker->away_fd, .events = POLLIN },
	};
	eventfd_t ignored;

	pthread_setname_np(pthread_self(), worker->channel == GATE_EXEC ? "gate" : "gate-slow");
	set_scheduling(worker);
	while (!polls[1].revents) {
		if (poll(polls, ARRAY_SIZE(polls), -1) <= 0)
			continue;
		if (polls[2].revents && eventfd_read(worker->away_fd, &ignored) == 0)
			(void)poll(&polls[1], 1, GATE_AWAY_MS);
		else if (polls[0].revents)
			take_events(worker, fd);
	}
	return NULL;
}

void gate_set_functions(struct gate *gate, const struct gate_functions *functions, void *userdata)
{
	gate->options.decide = functions->decide;
	gate->options.passes = functions->passes;
	gate->options.reaches = functions->reaches;
	gate->options.userdata = userdata;
}

int gate_start(struct gate *gate, struct error *err)
{
	sigset_t all, old;
	int r = 0;

	/* Who had the descriptors before us forgot by its own rules, and watched names itself. */
	gate_forget_all(gate);
	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (unsigned i = 0; i < gate->worker_count && r == 0; i++) {
		struct worker *worker = &gate->workers[i];

		if (worker->started)
			continue;
		r = pthread_create(&worker->thread, NULL, work, worker);
		worker->started = r == 0;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	/* Above the workers: it answers in place of one that does not let others run. */
	if (r == 0)
		r = -gate_holds_start(gate->holds, gate->options.realtime ? 2 : 0);
	return r == 0 ? 0 : error_set_errno(err, -r, "cannot start a gate thread");
}

/* Lets those go whose events no thread has taken. */
static void allow_rest(struct gate *gate, int fd)
{
	struct fanotify_event_metadata metadata;

	while (read(fd, &metadata, sizeof(metadata)) == (ssize_t)sizeof(metadata)) {
		if (metadata.fd < 0)
			continue;
		answer(gate, fd, metadata.fd, true);
		close(metadata.fd);
	}
}

static void join_channel(struct gate *gate, enum gate_channel_kind kind)
{
	for (unsigned i = 0; gate->workers && i < gate->worker_count; i++) {
		struct worker *worker = &gate->workers[i];

		if (worker->started && worker->channel == kind)
			pthread_join(worker->thread, NULL);
		worker->started &= worker->channel != kind;
	}
}

/* No thread reads it any more. */
static void close_channel(struct gate *gate, enum gate_channel_kind kind)
{
	join_channel(gate, kind);
	if (gate->channels[kind].fd >= 0 && !gate->given)
		allow_rest(gate, gate->channels[kind].fd);
}

static void stop_workers(struct gate *gate)
{
	(void)eventfd_write(gate->stop_fd, 1);
	(void)eventfd_write(gate->stop_remote_fd, 1);
	close_channel(gate, GATE_EXEC);
	close_channel(gate, GATE_OPEN);
	/* Last: it may not end for long. */
	close_channel(gate, GATE_EXEC_REMOTE);
}

/* ---- a successor ---- */

void gate_pause(struct gate *gate)
{
	eventfd_t ignored;

	(void)eventfd_write(gate->stop_fd, 1);
	join_channel(gate, GATE_EXEC);
	join_channel(gate, GATE_OPEN);
	(void)eventfd_read(gate->stop_fd, &ignored);
}

void gate_give_away(struct gate *gate)
{
	gate->given = true;
	/* It is not waited for before the end. */
	(void)eventfd_write(gate->stop_remote_fd, 1);
}

unsigned gate_held(const struct gate *gate)
{
	return gate_holds_count(gate->holds);
}

static void take_channels(struct gate *gate, const int *fds)
{
	for (int kind = 0; fds && kind < GATE_CHANNELS; kind++)
		gate->channels[kind].fd = fds[kind];
}

/* ---- life ---- */

/* An ignore mark asks the kernel whether it knows the event, and stops nobody. */
static int probe_events(int fd, struct error *err)
{
	const unsigned flags = FAN_MARK_IGNORED_MASK;

	if (fanotify_mark(fd, FAN_MARK_ADD | flags, FAN_OPEN_EXEC_PERM, AT_FDCWD, "/") < 0)
		return error_set_errno(err, -errno, "the kernel refuses execution events");
	(void)fanotify_mark(fd, FAN_MARK_REMOVE | flags, FAN_OPEN_EXEC_PERM, AT_FDCWD, "/");
	return 0;
}

/* FAN_MARK_EVICTABLE is known since 5.19; older kernels say EINVAL. */
static bool probe_evictable(int fd)
{
	unsigned flags = FAN_MARK_IGNORED_MASK | FAN_MARK_EVICTABLE;

	if (fanotify_mark(fd, FAN_MARK_ADD | flags, FAN_OPEN_EXEC_PERM, AT_FDCWD, "/") < 0)
		return false;
	(void)fanotify_mark(fd, FAN_MARK_REMOVE | FAN_MARK_IGNORED_MASK, FAN_OPEN_EXEC_PERM,
			    AT_FDCWD, "/");
	return true;
}

/* One worker a processor (pinned) or a few floating ones; one more for each slow channel. */
/* Field by field: its buffers need no memory before they are used. */
static void prepare_worker(struct gate *gate, unsigned index, int channel)
{
	struct worker *worker = &gate->workers[index];

	worker->gate = gate;
	worker->index = index;
	worker->processor = worker->away_fd = -1;
	worker->channel = channel;
}

static int plan_workers(struct gate *gate, struct error *err)
{
	unsigned fast = gate->options.threads, at = 0;
	cpu_set_t allowed;
	int processor = -1;

	CPU_ZERO(&allowed);
	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		CPU_SET(0, &allowed);
	if (fast == 0)
		fast = CPU_COUNT(&allowed) <= PINNED_MAX ? (unsigned)CPU_COUNT(&allowed) : FLOATING;
	fast = MIN(fast, (unsigned)THREADS_MAX);
	gate->worker_count = fast + 2;
	gate->workers = calloc(gate->worker_count, sizeof(*gate->workers));
	if (!gate->workers)
		return error_oom(err);
	for (unsigned i = 0; i < gate->worker_count; i++)
		gate->workers[i].away_fd = -1;
	for (; at < fast; at++) {
		struct worker *worker = &gate->workers[at];

		prepare_worker(gate, at, GATE_EXEC);
		if (fast != (unsigned)CPU_COUNT(&allowed))
			continue;
		do
			processor++;
		while (!CPU_ISSET((unsigned)processor, &allowed));
		worker->processor = processor;
		worker->away_fd = fast > 1 ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
		if (fast > 1 && worker->away_fd < 0)
			return error_set_errno(err, -errno, "cannot make an eventfd");
	}
	for (int kind = GATE_EXEC_REMOTE; kind < GATE_CHANNELS; kind++, at++)
		prepare_worker(gate, at, kind);
	return 0;
}

/* Each keeps a descriptor open. Without a free one an event cannot be taken, and the kernel denies
 * what waits: most of them stay for that. */
static unsigned most_holds(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return 0;
	return (unsigned)MIN(files.rlim_cur / 4, (rlim_t)GATE_HOLDS_MOST);
}

int gate_new(const struct host *host, const struct gate_options *options, struct gate **ret_gate,
	     struct error *err)
{
	_cleanup_(gate_freep) struct gate *gate = calloc(1, sizeof(*gate));
	int r;

	if (!gate)
		return error_oom(err);
	gate->host = host;
	gate->options = *options;
	gate->self_fd_dir = gate->stop_fd = gate->stop_remote_fd = gate->names_fd = -1;
	for (int kind = 0; kind < GATE_CHANNELS; kind++)
		gate->channels[kind].fd = -1;
	take_channels(gate, options->channels);
	gate->self_fd_dir = openat(host->proc_fd, "self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (gate->self_fd_dir < 0)
		return error_set_errno(err, -errno, "cannot open %s/self/fd", host->proc_path);
	gate->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	gate->stop_remote_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (gate->stop_fd < 0 || gate->stop_remote_fd < 0)
		return error_set_errno(err, -errno, "cannot make an eventfd");
	/* All channels at once: the guard is handed their descriptors before anything waits. */
	for (int kind = 0; kind < GATE_CHANNELS; kind++) {
		r = gate_open_channel(gate, kind, err);
		if (r < 0)
			return r;
	}
	r = gate_holds_new(most_holds(), &gate->counters, &gate->holds);
	if (r < 0)
		return error_set_errno(err, r, "cannot make room for events that are held");
	r = probe_events(gate->channels[GATE_EXEC].fd, err);
	if (r >= 0)
		r = plan_workers(gate, err);
	if (r >= 0)
		r = gate_read_mounts(gate, err);
	if (r < 0)
		return r;
	gate->evictable = probe_evictable(gate->channels[GATE_EXEC].fd);
	gate->names_fd = gate_names_open();
	/* Not there before 5.9: what it tells is extra. */
	gate->changes_error = gate_changes_new(&gate->counters, &gate->changes);
	*ret_gate = TAKE_PTR(gate);
	return 0;
}

/*
 * Nobody new waits from here on, whatever the rest takes: closing alone does not see to that, for
 * the guard has the descriptors too until we end, and a thread may hang on a dead server.
 */
static void unwatch_all(struct gate *gate)
{
	for (int kind = 0; kind < GATE_CHANNELS; kind++) {
		int fd = gate->channels[kind].fd;

		if (fd < 0)
			continue;
		(void)fanotify_mark(fd, FAN_MARK_FLUSH | FAN_MARK_FILESYSTEM, 0, AT_FDCWD, NULL);
		(void)fanotify_mark(fd, FAN_MARK_FLUSH, 0, AT_FDCWD, NULL);
	}
}

void gate_free(struct gate *gate)
{
	if (!gate)
		return;
	if (!gate->given)
		unwatch_all(gate);
	stop_workers(gate);
	gate_holds_free(gate->holds);
	for (int kind = 0; kind < GATE_CHANNELS; kind++) {
		if (gate->channels[kind].fd >= 0)
			close(gate->channels[kind].fd);
		free(gate->channels[kind].marked);
	}
	gate_free_watched(gate);
	gate_changes_free(gate->changes);
	gate_free_mounts(gate);
	closep(&gate->self_fd_dir);
	closep(&gate->names_fd);
	closep(&gate->stop_fd);
	closep(&gate->stop_remote_fd);
	for (unsigned i = 0; gate->workers && i < gate->worker_count; i++)
		closep(&gate->workers[i].away_fd);
	free(gate->workers);
	free(gate->shunned);
	free(gate);
}

size_t gate_marked(const struct gate *gate, enum gate_channel_kind channel)
{
	return channel == GATE_OPEN ? gate->watched_count : gate->channels[channel].marked_count;
}

unsigned gate_thread_count(const struct gate *gate)
{
	return gate->worker_count;
}

const struct gate_counters *gate_counters(const struct gate *gate)
{
	return &gate->counters;
}

bool gate_is_realtime(const struct gate *gate)
{
	return gate->realtime;
}

int gate_fd(const struct gate *gate, enum gate_channel_kind channel)
{
	return gate->channels[channel].fd;
}

int gate_probe(struct error *err)
{
	_cleanup_(closep) int fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY);

	if (fd < 0)
		return error_set_errno(err, -errno, "fanotify permission events cannot be opened");
	return probe_events(fd, err);
}
