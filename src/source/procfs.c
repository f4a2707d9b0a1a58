// SPDX-License-Identifier: MIT
/*
 * The list of processes is read at every round; it alone tells who came and who went, since the
 * inode number of /proc/PID is another when the id was given to another process. What a process
 * became (another program, another user) is seen by reading it: at every round while it is young,
 * as most execute right after they were made, and in turns afterwards.
 *
 * A new process that has its parent's addresses (proc-text.h: image) was forked and has executed
 * nothing; any other is told as an execution, too. When it happened is not known, but for the
 * start.
 */
#include "source/procfs.h"

#include "source/process-list.h"
#include "source/process-reader.h"

#include <time.h>

enum {
	INTERVAL_MS = 100,
	LEAST_INTERVAL_MS = 10,
	YOUNG_MS = 2000,
	TURNS = 10,	 /* rounds in which every old process is looked at once */
	REST_FACTOR = 9, /* a round is followed by so many times its own length of rest */
	MS = 1000000,
	TICK_NS = 1000000000 / PROC_STAT_USER_HZ,
};

struct ids {
	uint32_t real, effective, saved;
};

struct known_process {
	uint32_t pid;
	bool ended; /* told, and waits for its parent */
	bool has_ids;
	uint64_t inode;
	uint64_t start;
	uint64_t image;
	uint64_t changed; /* when it was last seen to be new or different, monotonic */
	struct ids user, group;
};

struct known_list {
	struct known_process *processes; /* in order of pid */
	size_t count, room;
};

struct procfs {
	struct source source;
	const struct host *host;
	struct event_sink sink;
	uint32_t types;
	pid_t quiet;
	uint64_t interval;
	uint64_t due;
	uint64_t round;
	uint64_t now;	/* of this round, monotonic */
	uint64_t spent; /* processor time of this round */
	uint64_t to_boottime;
	struct process_reader *reader;
	struct process_list list;
	struct known_list known, next;
	bool silent; /* nothing is told: a first look */
	int told;
};

static struct procfs *procfs_of(struct source *source)
{
	return (struct procfs *)(void *)source;
}

/* ---- what is known ---- */

static struct known_process *known_add(struct known_list *list, const struct known_process *process)
{
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 1024;
		struct known_process *larger = realloc(list->processes, room * sizeof(*larger));

		if (!larger)
			return NULL;
		list->processes = larger;
		list->room = room;
	}
	list->processes[list->count] = *process;
	return &list->processes[list->count++];
}

static const struct known_process *known_find(const struct known_list *list, uint32_t pid)
{
	size_t low = 0, high = list->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list->processes[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < list->count && list->processes[low].pid == pid ? &list->processes[low] : NULL;
}

/* ---- telling ---- */

static bool wants(const struct procfs *p, enum event_type type, uint32_t pid)
{
	return !p->silent && (p->types & EVENT_BIT(type)) &&
	       (p->quiet == 0 || pid != (uint32_t)p->quiet);
}

static void tell(struct procfs *p, struct event *event)
{
	p->source.counters.seen++;
	p->told++;
	p->sink.event(event, p->sink.userdata);
}

static void set_time(struct event *event)
{
	event_set(event, TIME, time, clock_realtime());
	event_set(event, BOOTTIME, boottime, clock_boottime());
}

static void set_identity(const struct procfs *p, const struct known_process *process,
			 struct event *event)
{
	event_set(event, PID, pid, process->pid);
	event_set(event, TID, tid, process->pid);
	event_set(event, START, start, process->start * TICK_NS);
}

static void tell_exit(struct procfs *p, struct known_process *process)
{
	struct event event;

	if (process->ended || !wants(p, EVENT_EXIT, process->pid))
		return;
	event_init(&event, EVENT_EXIT, SOURCE_PROCFS);
	set_time(&event);
	set_identity(p, process, &event);
	event_flag(&event, FLAG_INFERRED);
	tell(p, &event);
}

/* `event` is what was read of it. */
static void tell_exec(struct procfs *p, struct event *event)
{
	if (!wants(p, EVENT_EXEC, event->pid))
		return;
	event->type = EVENT_EXEC;
	set_time(event);
	event->exec_id.exec = event->boottime / 1000;
	tell(p, event);
}

static void tell_fork(struct procfs *p, const struct known_process *process,
		      const struct event *seen, bool has_executed)
{
	struct event event = *seen;

	if (!wants(p, EVENT_FORK, process->pid))
		return;
	if (has_executed) {
		/* Of the program that it was forked from, nothing is known. */
		event_init(&event, EVENT_FORK, SOURCE_PROCFS);
		set_identity(p, process, &event);
		event_set(&event, PPID, ppid, seen->ppid);
		event_set(&event, EXEC_ID, exec_id, seen->exec_id);
	}
	event.type = EVENT_FORK;
	event_set(&event, TIME, time, clock_realtime() - (clock_boottime() - seen->start));
	event_set(&event, BOOTTIME, boottime, seen->start);
	tell(p, &event);
}

static bool ids_differ(const struct ids *a, const struct ids *b)
{
	return a->real != b->real || a->effective != b->effective || a->saved != b->saved;
}

/* Takes the ids that were read; tells if they are others than before. */
static void take_ids(struct procfs *p, struct known_process *process, const struct event *seen)
{
	const struct ids user = { seen->uid, seen->euid, seen->suid };
	const struct ids group = { seen->gid, seen->egid, seen->sgid };
	bool had = process->has_ids;
	struct event event = *seen;

	if (!event_knows(seen, FIELD_UID) || !event_knows(seen, FIELD_GID))
		return;
	set_time(&event);
	set_identity(p, process, &event);
	if (had && ids_differ(&user, &process->user) && wants(p, EVENT_SETUID, process->pid)) {
		event.type = EVENT_SETUID;
		tell(p, &event);
	}
	if (had && ids_differ(&group, &process->group) && wants(p, EVENT_SETGID, process->pid)) {
		event.type = EVENT_SETGID;
		tell(p, &event);
	}
	process->user = user;
	process->group = group;
	process->has_ids = true;
}

/* ---- looking ---- */

/* True if ids are to be compared. */
static bool wants_ids(const struct procfs *p)
{
	return p->types & (EVENT_BIT(EVENT_SETUID) | EVENT_BIT(EVENT_SETGID));
}

static void take_stat(const struct procfs *p, struct known_process *process)
{
	const struct proc_stat *stat = process_reader_stat(p->reader);

	process->start = stat->start;
	if (process->changed == 0)
		process->changed = stat->start * TICK_NS - p->to_boottime;
	/* A leader that has ended before its threads has no addresses any more. */
	if (stat->image)
		process->image = stat->image;
}

/* True if it runs what its parent ran when it was forked. */
static bool is_mere_fork(const struct procfs *p, const struct known_process *process, uint32_t ppid)
{
	const struct known_process *parent = known_find(&p->next, ppid);

	if (!parent)
		parent = known_find(&p->known, ppid);
	return parent && parent->image && parent->image == process->image;
}

/* A process that was not there before. */
static int meet(struct procfs *p, const struct listed_process *listed)
{
	struct known_process process = {
		.pid = listed->pid,
		.inode = listed->inode,
		/* At a first look, its start. */
		.changed = p->silent ? 0 : p->now,
	};
	struct event event;
	bool has_executed;
	int r;

	event_init(&event, EVENT_FORK, SOURCE_PROCFS);
	r = p->silent ? process_reader_read_stat(p->reader, (pid_t)listed->pid, &event)
		      : process_reader_read(p->reader, (pid_t)listed->pid, false, &event);
	/* Gone already, or never seen alive: as if it had not been. */
	if (r < 0)
		return 0;
	process.ended = r > 0;
	take_stat(p, &process);
	has_executed = process.image && !is_mere_fork(p, &process, event.ppid);
	if (p->silent && wants_ids(p))
		(void)process_reader_read_status(p->reader, (pid_t)listed->pid, &event);
	take_ids(p, &process, &event);
	if (!process.ended && !p->silent) {
		tell_fork(p, &process, &event, has_executed);
		if (has_executed)
			tell_exec(p, &event);
	}
	return known_add(&p->next, &process) ? 0 : -ENOMEM;
}

static bool has_turn(const struct procfs *p, const struct known_process *process)
{
	return p->now - process->changed < (uint64_t)YOUNG_MS * MS ||
	       process->pid % TURNS == p->round % TURNS;
}

/* Reads a process that is known. Returns false when it is another one, or gone. */
static bool look_at(struct procfs *p, struct known_process *process)
{
	struct known_process was = *process;
	struct event event;
	int r;

	event_init(&event, EVENT_SETUID, SOURCE_PROCFS);
	r = process_reader_read_stat(p->reader, (pid_t)process->pid, &event);
	if (r < 0 || process_reader_stat(p->reader)->start != process->start)
		return false;
	if (r > 0) {
		tell_exit(p, process);
		process->ended = true;
		return true;
	}
	take_stat(p, process);
	if (wants_ids(p) && process_reader_read_status(p->reader, (pid_t)process->pid, &event) == 0)
		take_ids(p, process, &event);
	if (!was.image || process->image == was.image)
		return true;
	process->changed = p->now;
	event_init(&event, EVENT_EXEC, SOURCE_PROCFS);
	if (wants(p, EVENT_EXEC, process->pid) &&
	    process_reader_read(p->reader, (pid_t)process->pid, false, &event) == 0)
		tell_exec(p, &event);
	return true;
}

/* A process that was there before, by its id at least. */
static int meet_again(struct procfs *p, struct known_process *process,
		      const struct listed_process *listed)
{
	/* The kernel may have dropped and remade the folder of one and the same. */
	bool doubtful = listed->inode != process->inode;

	process->inode = listed->inode;
	if (!doubtful && (process->ended || !has_turn(p, process)))
		return known_add(&p->next, process) ? 0 : -ENOMEM;
	if (look_at(p, process))
		return known_add(&p->next, process) ? 0 : -ENOMEM;
	tell_exit(p, process);
	return meet(p, listed);
}

/* Compares the list with what is known; both are in order of pid. */
static int compare(struct procfs *p)
{
	size_t i = 0, j = 0;
	int r = 0;

	p->next.count = 0;
	while (r == 0 && (i < p->known.count || j < p->list.count)) {
		struct known_process *process = i < p->known.count ? &p->known.processes[i] : NULL;
		const struct listed_process *listed =
			j < p->list.count ? &p->list.processes[j] : NULL;

		if (process && (!listed || process->pid < listed->pid)) {
			tell_exit(p, process);
			i++;
		} else if (process && process->pid == listed->pid) {
			r = meet_again(p, process, listed);
			i++;
			j++;
		} else {
			r = meet(p, listed);
			j++;
		}
	}
	return r;
}

static uint64_t processor_time(void)
{
	struct timespec spent;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
	return (uint64_t)spent.tv_sec * UINT64_C(1000000000) + (uint64_t)spent.tv_nsec;
}

static int look(struct procfs *p, struct error *err)
{
	uint64_t before = processor_time();
	struct known_list swap;
	int r = process_list_read(&p->list, p->host);

	if (r < 0)
		return error_set_errno(err, r, "cannot list %s", p->host->proc_path);
	p->now = clock_monotonic();
	p->to_boottime = clock_boottime() - p->now;
	process_reader_refresh(p->reader);
	r = compare(p);
	if (r < 0)
		return error_oom(err);
	swap = p->known;
	p->known = p->next;
	p->next = swap;
	p->round++;
	p->spent = processor_time() - before;
	return 0;
}

/* ---- the source ---- */

/* A look must not take more than a tenth of a processor; being kept waiting costs nothing. */
static uint64_t after(uint64_t begun, uint64_t interval, uint64_t spent)
{
	return MAX(begun + interval, clock_monotonic() + spent * REST_FACTOR);
}

static int procfs_set_types(struct source *source, uint32_t types, struct error *err)
{
	struct procfs *p = procfs_of(source);
	uint64_t begun = clock_monotonic();
	uint32_t before = p->types;
	int r;

	p->types = types;
	if (types == 0)
		p->due = UINT64_MAX;
	if (types == 0 || before != 0)
		return 0;
	/* What there is now is not told. */
	p->silent = true;
	r = look(p, err);
	p->silent = false;
	p->due = after(begun, p->interval, p->spent);
	return r;
}

static void procfs_free(struct source *source)
{
	struct procfs *p = procfs_of(source);

	process_reader_free(p->reader);
	process_list_done(&p->list);
	free(p->known.processes);
	free(p->next.processes);
	free(p);
}

static int procfs_open(const struct source_options *options, struct source **ret_source,
		       struct error *err)
{
	_cleanup_(source_freep) struct source *source = NULL;
	struct procfs *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return error_oom(err);
	source = &p->source;
	source->class = &procfs_source;
	p->host = options->host;
	p->sink = options->sink;
	p->quiet = options->quiet;
	p->due = UINT64_MAX;
	p->interval = options->latency_ns
			      ? MAX(options->latency_ns, (uint64_t)LEAST_INTERVAL_MS * MS)
			      : (uint64_t)INTERVAL_MS * MS;
	r = process_reader_new(options->host, options->environment, options->environment_count,
			       &p->reader, err);
	if (r < 0)
		return r;
	r = procfs_set_types(source, options->types, err);
	if (r < 0)
		return r;
	*ret_source = TAKE_PTR(source);
	return 0;
}

static int procfs_fd(const struct source *source)
{
	return -1;
}

static uint64_t procfs_due(const struct source *source)
{
	return ((const struct procfs *)(const void *)source)->due;
}

static int procfs_dispatch(struct source *source, struct error *err)
{
	struct procfs *p = procfs_of(source);
	uint64_t begun = clock_monotonic();
	int r;

	source->counters.wakeups++;
	if (begun < p->due)
		return 0;
	p->told = 0;
	r = look(p, err);
	p->due = after(begun, p->interval, p->spent);
	return r < 0 ? r : p->told;
}

static int procfs_probe(const struct host *host, hook_report_fn report, void *userdata,
			struct error *err)
{
	struct hook_report hook = { .name = "procfs/list", .state = HOOK_WORKS };
	struct process_list list = { 0 };
	int r = process_list_read(&list, host);

	if (r == 0 && list.count == 0)
		r = -ENOENT;
	if (r < 0) {
		error_set_errno(err, r, "cannot list processes in %s", host->proc_path);
		hook.state = HOOK_REFUSED;
		hook.error = -r;
		hook.reason = "/proc is not mounted, or hides processes";
	}
	process_list_done(&list);
	report(&hook, userdata);
	return r;
}

static const uint8_t knows[] = { FIELD_TIME, FIELD_BOOTTIME, PROCESS_READER_FIELDS };

const struct source_class procfs_source = {
	.id = SOURCE_PROCFS,
	.name = "procfs",
	.summary = "/proc, looked at ten times a second",
	.guarantee =
		"what lives while it is looked at; processes that live shorter than the time "
		"between two looks are missed and not counted, an execution is seen up to a "
		"second late in a process older than two, and how a process ended is not known",
	.knows = knows,
	.knows_count = ARRAY_SIZE(knows),
	.types = EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_FORK) | EVENT_BIT(EVENT_EXIT) |
		 EVENT_BIT(EVENT_SETUID) | EVENT_BIT(EVENT_SETGID),
	.probe = procfs_probe,
	.open = procfs_open,
	.free = procfs_free,
	.fd = procfs_fd,
	.due = procfs_due,
	.dispatch = procfs_dispatch,
	.set_types = procfs_set_types,
};
