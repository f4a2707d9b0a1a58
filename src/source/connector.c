// SPDX-License-Identifier: MIT
/*
 * The connector tells only ids, after the fact; what else an event says is read from /proc at once
 * and may be gone by then, so messages are taken as they come and not gathered.
 *
 * What /proc shows may be of a later time than the message. Three things say that it is not of
 * what the message tells, and then it is dropped: the process was made after the message; the next
 * execution of that process is already in the queue; so is a fork that was given the same id. The
 * queue is filled up again after every look at /proc for that. (While the socket holds more than
 * the queue can take, /proc says nothing certain, and is left alone.)
 *
 * A process has ended with its last thread. The kernel tells of every thread, mostly the leader
 * last; a leader that ends before its threads is remembered until the last of them goes. The exit
 * of a "leader" is no end at all when another thread executes and takes its place; it may even be
 * sent after that execution (do_exit() lets the executing thread go on before it tells), but its
 * time is the earlier one.
 *
 * Losses: the kernel counts what did not fit into the socket's buffer. What it had no memory to
 * make shows as a hole in the numbers of a processor's messages, as long as we are sent all of
 * them; that is so whenever forks and exits are both wanted.
 */
#include "source/connector.h"

#include "source/connector-probe.h"
#include "source/connector-queue.h"
#include "source/connector-socket.h"
#include "source/pid-set.h"
#include "source/process-reader.h"

#include <linux/cn_proc.h>

enum {
	DEFAULT_BUFFER = 64 << 20, /* some 80,000 messages: more than a second of a storm */
	ROUND = 512,		   /* messages that one dispatch hands out */
	PROCESSORS_MAX = 8192,
	EXECUTIONS = 1024, /* remembered by process; what is overtaken is some microseconds old */
	TICK_NS = 1000000000 / PROC_STAT_USER_HZ,
};

static const char full[] = "socket buffer full";
static const char no_memory[] = "no memory in the kernel";

struct gap {
	uint64_t lost;
	bool uncounted; /* the kernel did not say how many */
	uint64_t from;	/* of the last message before it, monotonic; 0: not known yet */
	uint64_t noticed;
	const char *reason;
};

struct connector {
	struct source source;
	struct event_sink sink;
	uint32_t types;
	pid_t quiet;
	struct connector_socket *socket;
	struct process_reader *reader;
	bool complete; /* every message is sent to us: their numbers have no holes */

	struct connector_queue queue;
	bool drained; /* the socket had no more when it was last asked */

	uint64_t last; /* time of the last message handed out */
	/* From monotonic to time since boot, and to the wall clock. */
	uint64_t to_boottime, to_wall;
	struct gap gap;
	uint64_t holes, dropped; /* messages, in all */

	struct {
		uint32_t next;
		bool known;
	} processors[PROCESSORS_MAX];

	/* Processes whose leader has ended before other threads. */
	struct pid_set headless;
	/* The last executions, at the place of their process id. */
	struct {
		uint32_t pid;
		uint64_t time;
	} executions[EXECUTIONS];
};

static struct connector *connector_of(struct source *source)
{
	return (struct connector *)(void *)source;
}

/* ---- what is lost ---- */

static void note_loss(struct connector *c, const char *cause, uint64_t count)
{
	if (c->gap.lost == 0 && !c->gap.uncounted) {
		c->gap.noticed = clock_monotonic();
		c->gap.reason = cause;
		/* Without numbers in order, only since the last look is it certain. */
		if (!c->complete)
			c->gap.from = c->last;
	}
	c->gap.lost += count;
	c->gap.uncounted |= count == 0;
	source_count_loss(&c->source, cause, count);
}

static void look_for_drops(struct connector *c)
{
	uint32_t dropped = connector_socket_dropped(c->socket);

	if (dropped == 0)
		return;
	c->dropped += dropped;
	note_loss(c, full, dropped);
}

/* Every message of a processor has the next number. */
static void check_number(struct connector *c, const struct connector_message *message)
{
	uint32_t missing;

	if (!c->complete || message->cpu >= PROCESSORS_MAX)
		return;
	missing = message->sequence - c->processors[message->cpu].next;
	if (c->processors[message->cpu].known && missing > 0 && missing < INT32_MAX) {
		if (c->gap.from == 0)
			c->gap.from = c->last;
		c->holes += missing;
	}
	c->processors[message->cpu].known = true;
	c->processors[message->cpu].next = message->sequence + 1;
}

/* Holes that the drops do not explain. */
static void look_for_holes(struct connector *c)
{
	if (c->holes <= c->dropped)
		return;
	note_loss(c, no_memory, c->holes - c->dropped);
	c->dropped = c->holes;
}

static void forget_dead_leaders(struct connector *c);

static void tell_gap(struct connector *c, uint64_t to)
{
	struct event event;
	uint64_t from = c->gap.from ? c->gap.from : c->last;

	event_init(&event, EVENT_GAP, SOURCE_REEVE);
	event_set(&event, TIME, time, to + c->to_wall);
	event_set(&event, BOOTTIME, boottime, to + c->to_boottime);
	event_set(&event, FROM, from, MIN(from, to) + c->to_boottime);
	event_set(&event, TO, to, to + c->to_boottime);
	if (!c->gap.uncounted)
		event_set(&event, LOST, lost, c->gap.lost);
	event_set(&event, REASON, reason, slice_of(c->gap.reason));
	c->gap = (struct gap){ 0 };
	c->source.counters.gaps++;
	forget_dead_leaders(c);
	c->sink.event(&event, c->sink.userdata);
}

/* ---- the queue ---- */

/* Takes what the socket has, as long as there is room. */
static int fill(struct connector *c)
{
	struct connector_message *place;
	size_t room;
	ssize_t n;

	c->drained = false;
	while ((room = connector_queue_room(&c->queue, &place)) > 0) {
		n = connector_socket_receive(c->socket, place, room);
		if (n == 0) {
			c->drained = true;
			return 0;
		}
		if (n == -ENOBUFS)
			note_loss(c, full, 0);
		else if (n < 0)
			return (int)n;
		else
			connector_queue_add(&c->queue, (size_t)n);
	}
	return 0;
}

/* After a loss, whoever is not seen to live without a leader is no longer waited for. */
static void forget_dead_leaders(struct connector *c)
{
	struct event event;

	for (size_t i = c->headless.count; i-- > 0;) {
		uint32_t pid = c->headless.pids[i];

		event_init(&event, EVENT_EXIT, SOURCE_CONNECTOR);
		if (process_reader_read_stat(c->reader, (pid_t)pid, &event) != 0 ||
		    process_reader_stat(c->reader)->state != 'Z')
			pid_set_remove(&c->headless, pid);
	}
}

/* ---- events ---- */

static void start_event(const struct connector *c, const struct connector_message *message,
			enum event_type type, struct event *event)
{
	event_init(event, type, SOURCE_CONNECTOR);
	event_set(event, TIME, time, message->time + c->to_wall);
	event_set(event, BOOTTIME, boottime, message->time + c->to_boottime);
	event_set(event, PID, pid, message->pid);
	event_set(event, TID, tid, message->tid);
}

static void tell(struct connector *c, struct event *event)
{
	c->source.counters.seen++;
	c->sink.event(event, c->sink.userdata);
}

static bool wants(const struct connector *c, enum event_type type, uint32_t pid)
{
	return (c->types & EVENT_BIT(type)) && (c->quiet == 0 || pid != (uint32_t)c->quiet);
}

/* True if what was just read is of a process that there was when the message was sent. */
static bool is_old_enough(const struct connector *c, const struct connector_message *message)
{
	uint64_t start = process_reader_stat(c->reader)->start * TICK_NS;

	return start <= message->time + c->to_boottime;
}

/*
 * Reads from /proc which process it is. Returns 0; 1: it has ended; -ESRCH: it is gone, or its id
 * is another's now.
 */
static int identify(struct connector *c, const struct connector_message *message,
		    struct event *event)
{
	struct event more = *event;
	int r = process_reader_read_stat(c->reader, (pid_t)message->pid, &more);

	if (r < 0 || !is_old_enough(c, message) ||
	    connector_queue_has(&c->queue, message->pid, PROC_EVENT_FORK))
		return -ESRCH;
	/* Its name and parent may be later ones. */
	event_set(event, START, start, more.start);
	event_set(event, EXEC_ID, exec_id, more.exec_id);
	event_set(event, TTY, tty, more.tty);
	return r;
}

/*
 * Reads all that /proc has, if that is what the message is about: neither a later program nor a
 * later process. While more waits than the queue can hold, nobody knows. Results as above.
 */
static int describe(struct connector *c, const struct connector_message *message,
		    struct event *event)
{
	const uint32_t renewals = PROC_EVENT_EXEC | PROC_EVENT_FORK;
	struct event more = *event;
	int r;

	if (!c->drained)
		(void)fill(c);
	if (!c->drained || connector_queue_has(&c->queue, message->pid, renewals))
		return -ESRCH;
	r = process_reader_read(c->reader, (pid_t)message->pid, false, &more);
	if (r < 0)
		return r;
	(void)fill(c);
	if (!c->drained || !is_old_enough(c, message) ||
	    connector_queue_has(&c->queue, message->pid, renewals))
		return -ESRCH;
	event_set(&more, TID, tid, message->tid);
	*event = more;
	return r;
}

static void on_exec(struct connector *c, const struct connector_message *message)
{
	struct event event;

	pid_set_remove(&c->headless, message->pid);
	c->executions[message->pid % EXECUTIONS].pid = message->pid;
	c->executions[message->pid % EXECUTIONS].time = message->time;
	if (!wants(c, EVENT_EXEC, message->pid))
		return;
	start_event(c, message, EVENT_EXEC, &event);
	if (describe(c, message, &event) >= 0 || identify(c, message, &event) >= 0)
		event.exec_id.exec = event.boottime / 1000;
	tell(c, &event);
}

static void on_fork(struct connector *c, const struct connector_message *message)
{
	struct event event;

	if (message->pid != message->tid)
		return;
	pid_set_remove(&c->headless, message->pid);
	if (!wants(c, EVENT_FORK, message->pid))
		return;
	start_event(c, message, EVENT_FORK, &event);
	(void)identify(c, message, &event);
	event_set(&event, PPID, ppid, message->parent);
	tell(c, &event);
}

static void set_status(struct event *event, uint32_t status)
{
	if ((status & 0x7f) == 0)
		event_set(event, EXIT_CODE, exit_code, (int32_t)(status >> 8 & 0xff));
	else
		event_set(event, SIGNAL, signal, status & 0x7f);
	event_flag(event, status & 0x80 ? FLAG_CORE : 0);
}

/* From /proc: there it lives, or waits for its parent, or is gone. */
static bool looks_ended(struct connector *c, const struct connector_message *message,
			struct event *event)
{
	if (identify(c, message, event) != 0)
		return true;
	if (process_reader_stat(c->reader)->state == 'Z')
		(void)pid_set_add(&c->headless, message->pid);
	else
		pid_set_remove(&c->headless, message->pid);
	return false;
}

/* Whether the process has ended, now that its leader has, or a thread after its leader. */
static bool has_ended(struct connector *c, const struct connector_message *message,
		      struct event *event)
{
	uint32_t next;

	(void)fill(c);
	next = connector_queue_next(&c->queue, message->pid);
	if (next == PROC_EVENT_NONE) {
		if (!looks_ended(c, message, event))
			return false;
		/* It may have executed and ended since: what it sent before that is here by now. */
		(void)fill(c);
		next = connector_queue_next(&c->queue, message->pid);
	}
	switch (next) {
	case PROC_EVENT_EXEC:
		/* By another thread, which has taken the leader's place. */
		pid_set_remove(&c->headless, message->pid);
		return false;
	case PROC_EVENT_EXIT:
		/* Whoever ends last says how the process ended. */
		(void)pid_set_add(&c->headless, message->pid);
		return false;
	default:
		return true;
	}
}

/* True for the exit of a leader whose place a thread had taken, by executing, when it came. */
static bool is_overtaken(const struct connector *c, const struct connector_message *message)
{
	const uint32_t place = message->pid % EXECUTIONS;

	return c->executions[place].pid == message->pid &&
	       message->time < c->executions[place].time;
}

static void on_exit_of(struct connector *c, const struct connector_message *message)
{
	struct event event;

	if (!wants(c, EVENT_EXIT, message->pid) || is_overtaken(c, message) ||
	    (message->pid != message->tid && !pid_set_has(&c->headless, message->pid)))
		return;
	start_event(c, message, EVENT_EXIT, &event);
	if (!has_ended(c, message, &event))
		return;
	pid_set_remove(&c->headless, message->pid);
	/* How often it has executed is not known here. */
	event_forget(&event, FIELD_EXEC_ID);
	if (message->parent)
		event_set(&event, PPID, ppid, message->parent);
	set_status(&event, message->exit_code);
	tell(c, &event);
}

static void on_ids(struct connector *c, const struct connector_message *message)
{
	bool user = message->what == PROC_EVENT_UID;
	enum event_type type = user ? EVENT_SETUID : EVENT_SETGID;
	struct event event;

	if (!wants(c, type, message->pid))
		return;
	start_event(c, message, type, &event);
	(void)identify(c, message, &event);
	event_forget(&event, FIELD_EXEC_ID);
	if (user) {
		event_set(&event, UID, uid, message->real);
		event_set(&event, EUID, euid, message->effective);
	} else {
		event_set(&event, GID, gid, message->real);
		event_set(&event, EGID, egid, message->effective);
	}
	tell(c, &event);
}

static void on_coredump(struct connector *c, const struct connector_message *message)
{
	struct event event;

	if (!wants(c, EVENT_COREDUMP, message->pid))
		return;
	start_event(c, message, EVENT_COREDUMP, &event);
	(void)identify(c, message, &event);
	event_forget(&event, FIELD_EXEC_ID);
	if (message->parent)
		event_set(&event, PPID, ppid, message->parent);
	tell(c, &event);
}

/* Messages by kind; each is asked of the kernel only for the types that it serves. */
static const struct {
	uint32_t what;
	uint32_t types;
	void (*handle)(struct connector *c, const struct connector_message *message);
} kinds[] = {
	{ PROC_EVENT_FORK, EVENT_BIT(EVENT_FORK), on_fork },
	{ PROC_EVENT_EXEC, EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_EXIT), on_exec },
	{ PROC_EVENT_UID, EVENT_BIT(EVENT_SETUID), on_ids },
	{ PROC_EVENT_GID, EVENT_BIT(EVENT_SETGID), on_ids },
	{ PROC_EVENT_COREDUMP, EVENT_BIT(EVENT_COREDUMP), on_coredump },
	{ PROC_EVENT_EXIT, EVENT_BIT(EVENT_EXIT), on_exit_of },
};

static void handle(struct connector *c, const struct connector_message *message)
{
	check_number(c, message);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].what == message->what)
			kinds[i].handle(c, message);
	c->last = message->time;
}

/* ---- the source ---- */

static int connector_set_types(struct source *source, uint32_t types, struct error *err)
{
	const uint32_t whole = EVENT_BIT(EVENT_FORK) | EVENT_BIT(EVENT_EXIT);
	struct connector *c = connector_of(source);
	uint32_t mask = 0;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (types & kinds[i].types)
			mask |= kinds[i].what;
	if ((types & whole) == whole)
		mask = UINT32_MAX;
	r = connector_socket_choose(c->socket, mask);
	if (r < 0)
		return error_set_errno(err, r, "cannot ask the process connector");
	c->types = types;
	c->complete = r == 0 && mask != 0;
	/* What was not sent meanwhile is no loss. */
	memset(c->processors, 0, sizeof(c->processors));
	look_for_drops(c);
	c->holes = c->dropped = 0;
	return 0;
}

static void connector_free(struct source *source)
{
	struct connector *c = connector_of(source);

	connector_socket_free(c->socket);
	process_reader_free(c->reader);
	pid_set_done(&c->headless);
	free(c);
}

static int connector_open(const struct source_options *options, struct source **ret_source,
			  struct error *err)
{
	_cleanup_(source_freep) struct source *source = NULL;
	struct connector *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return error_oom(err);
	source = &c->source;
	source->class = &connector_source;
	c->sink = options->sink;
	c->quiet = options->quiet;
	r = process_reader_new(options->host, options->environment, options->environment_count,
			       &c->reader, err);
	if (r < 0)
		return r;
	r = connector_socket_new(options->host, options->buffer ? options->buffer : DEFAULT_BUFFER,
				 &c->socket, err);
	if (r < 0)
		return r;
	r = connector_set_types(source, options->types, err);
	if (r < 0)
		return r;
	c->last = clock_monotonic();
	*ret_source = TAKE_PTR(source);
	return 0;
}

static int connector_fd(const struct source *source)
{
	const struct connector *c = (const struct connector *)(const void *)source;

	return connector_socket_fd(c->socket);
}

static uint64_t connector_due(const struct source *source)
{
	const struct connector *c = (const struct connector *)(const void *)source;

	/* What is in our own queue does not make the socket readable. */
	return connector_queue_is_empty(&c->queue) ? UINT64_MAX : 0;
}

static int connector_dispatch(struct source *source, struct error *err)
{
	struct connector *c = connector_of(source);
	uint64_t now = clock_monotonic();
	int r = 0, handled = 0;

	source->counters.wakeups++;
	c->to_boottime = clock_boottime() - now;
	c->to_wall = clock_realtime() - now;
	process_reader_refresh(c->reader);
	while (handled < ROUND) {
		struct connector_message message;

		if (connector_queue_is_empty(&c->queue))
			r = fill(c);
		if (!connector_queue_take(&c->queue, &message))
			break;
		handle(c, &message);
		handled++;
	}
	if (r < 0)
		return error_set_errno(err, r, "cannot receive from the process connector");
	look_for_drops(c);
	look_for_holes(c);
	if ((c->gap.lost > 0 || c->gap.uncounted) &&
	    (connector_queue_is_empty(&c->queue) || c->last > c->gap.noticed))
		tell_gap(c, MAX(c->last, clock_monotonic()));
	return handled;
}

static const char *connector_variant(const struct source *source)
{
	const struct connector *c = (const struct connector *)(const void *)source;

	if (!connector_socket_counts(c->socket))
		return "without an event filter, losses not counted";
	if (!connector_socket_can_choose(c->socket))
		return "without an event filter (before 6.6), losses counted";
	return c->complete ? "every message, losses counted" : "event filter, losses counted";
}

static const uint8_t knows[] = { FIELD_TIME, FIELD_BOOTTIME, PROCESS_READER_FIELDS };

const struct source_class connector_source = {
	.id = SOURCE_CONNECTOR,
	.name = "connector",
	.summary = "the kernel's process connector (netlink)",
	.guarantee = "every fork, exec and exit is told, and every loss counted; what is read from "
		     "/proc afterwards (path, arguments, ...) is unknown of programs that are "
		     "already gone by then",
	.knows = knows,
	.knows_count = ARRAY_SIZE(knows),
	.types = EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_FORK) | EVENT_BIT(EVENT_EXIT) |
		 EVENT_BIT(EVENT_SETUID) | EVENT_BIT(EVENT_SETGID) | EVENT_BIT(EVENT_COREDUMP),
	.probe = connector_probe,
	.open = connector_open,
	.free = connector_free,
	.fd = connector_fd,
	.due = connector_due,
	.dispatch = connector_dispatch,
	.set_types = connector_set_types,
	.variant = connector_variant,
};
