// SPDX-License-Identifier: MIT
/*
 * What the connector makes of messages, with a socket of the test's own (the linker takes the
 * functions below instead of connector-socket.c, which has a test of its own) and a made-up /proc.
 * All cases need that world, so it is one file, and long.
 * covers: connector-probe.c connector-queue.c pid-set.c
 */
#include "source/connector.h"
#include "source/connector-socket.h"
#include "source/test-events.h"

#include <sys/stat.h>

struct connector_socket {
	struct connector_message queue[20000];
	size_t head, tail;
	size_t late;	  /* of them, the last so many are there only... */
	unsigned empty;	  /* ... when it has been found empty so often */
	uint32_t dropped; /* until the next question */
	uint32_t mask;	  /* last chosen */
	bool can_choose, counts;
	int error; /* of the next receive */
};

static struct connector_socket fake;

int connector_socket_new(const struct host *host, size_t buffer,
			 struct connector_socket **ret_socket, struct error *err)
{
	if (fake.error)
		return error_set(err, fake.error, "no connector today");
	*ret_socket = &fake;
	return 0;
}

void connector_socket_free(struct connector_socket *s)
{
}

int connector_socket_fd(const struct connector_socket *s)
{
	return -1;
}

int connector_socket_choose(struct connector_socket *s, uint32_t mask)
{
	s->mask = mask;
	return s->can_choose && mask != UINT32_MAX;
}

bool connector_socket_can_choose(const struct connector_socket *s)
{
	return s->can_choose;
}

ssize_t connector_socket_receive(struct connector_socket *s, struct connector_message *messages,
				 size_t room)
{
	size_t n = MIN(MIN(room, (size_t)64), s->tail - s->head - (s->empty > 0 ? s->late : 0));
	int error = s->error;

	if (n == 0 && s->empty > 0)
		s->empty--;

	s->error = 0;
	if (error)
		return error;
	memcpy(messages, s->queue + s->head, n * sizeof(*messages));
	s->head += n;
	return (ssize_t)n;
}

uint32_t connector_socket_dropped(struct connector_socket *s)
{
	uint32_t dropped = s->dropped;

	s->dropped = 0;
	return dropped;
}

bool connector_socket_counts(const struct connector_socket *s)
{
	return s->counts;
}

/* ---- */

struct fixture {
	char *folder;
	struct host *host;
	struct source *source;
	struct kept_events kept;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	memset(&fake, 0, sizeof(fake));
	fake.can_choose = fake.counts = true;
	f->folder = unit_folder_new();
	unit_write(f->folder, "proc/sys/kernel/random/boot_id",
		   "3f2a9c10-89ab-cdef-0123-456789abcdef\n");
	assert_int_equal(host_new_at(f->folder, 1, &f->host, NULL), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	source_free(f->source);
	host_free(f->host);
	unit_folder_free(f->folder);
	free(f);
	return 0;
}

static void open_source(struct fixture *f, uint32_t types, pid_t quiet)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	const struct source_options options = {
		.host = f->host,
		.sink = { keep_event, &f->kept },
		.types = types,
		.quiet = quiet,
	};

	if (connector_source.open(&options, &f->source, &err) < 0)
		fail_msg("%s", error_text(&err));
}

/* A process; `start` in 1/100 s. */
static void put(const struct fixture *f, unsigned pid, const char *state, unsigned threads,
		uint64_t start)
{
	_cleanup_(freep) char *path = NULL;
	char name[64], text[256];

	snprintf(name, sizeof(name), "proc/%u/stat", pid);
	snprintf(text, sizeof(text),
		 "%u (seen) %s 77 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 %u 0 %lu 0 0 0 %u 200 300\n", pid,
		 state, threads, (unsigned long)start, state[0] == 'Z' ? 0U : 100U);
	unit_write(f->folder, name, text);
	snprintf(name, sizeof(name), "proc/%u/status", pid);
	unit_write(f->folder, name, "Uid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n");
	assert_true(asprintf(&path, "%s/proc/%u/exe", f->folder, pid) > 0);
	if (symlink("/some/prog", path) < 0 && errno != EEXIST)
		fail_msg("%s: %s", path, strerror(errno));
}

static struct connector_message *say(uint32_t what, uint32_t pid, uint32_t tid)
{
	static uint32_t sequence;
	struct connector_message *message = &fake.queue[fake.tail++];

	*message = (struct connector_message){
		.what = what,
		.pid = pid,
		.tid = tid,
		.sequence = sequence++,
		.time = clock_monotonic(),
	};
	return message;
}

static void dispatch(struct fixture *f)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;

	f->kept.count = 0;
	if (connector_source.dispatch(f->source, &err) < 0)
		fail_msg("%s", error_text(&err));
}

static void test_exec(void **state)
{
	struct fixture *f = *state;
	const struct event *event;

	open_source(f, EVENT_ALL, 0);
	put(f, 5, "S", 1, 9);
	say(PROC_EVENT_EXEC, 5, 5);
	dispatch(f);
	assert_int_equal(f->kept.count, 1);
	event = &kept_at(&f->kept, 0, EVENT_EXEC, 5)->event;
	assert_string_equal(f->kept.events[0].exe, "/some/prog");
	assert_string_equal(f->kept.events[0].comm, "seen");
	assert_int_equal(event->source, SOURCE_CONNECTOR);
	assert_int_equal(event->uid, 1);
	assert_int_equal(event->start, 90000000);
	assert_int_equal(event->exec_id.exec, event->boottime / 1000);
	assert_true(event->time <= clock_realtime());
	assert_true(event->boottime <= clock_boottime());
}

/* What /proc shows is of the later one. */
static void test_an_exec_that_is_followed_by_another(void **state)
{
	struct fixture *f = *state;
	const struct event *event;

	open_source(f, EVENT_ALL, 0);
	put(f, 5, "S", 1, 9);
	say(PROC_EVENT_EXEC, 5, 5);
	say(PROC_EVENT_EXEC, 6, 6);
	say(PROC_EVENT_EXEC, 5, 5);
	dispatch(f);
	assert_int_equal(f->kept.count, 3);
	event = &kept_at(&f->kept, 0, EVENT_EXEC, 5)->event;
	assert_false(event_knows(event, FIELD_EXE));
	assert_false(event_knows(event, FIELD_COMM));
	assert_int_equal(event->start, 90000000);
	assert_int_equal(event->exec_id.exec, event->boottime / 1000);
	assert_false(event_knows(&kept_at(&f->kept, 1, EVENT_EXEC, 6)->event, FIELD_START));
	(void)kept_at(&f->kept, 2, EVENT_EXEC, 5);
	assert_string_equal(f->kept.events[2].exe, "/some/prog");
}

static void test_an_id_that_is_used_again(void **state)
{
	struct fixture *f = *state;
	const uint64_t later = clock_boottime() / 10000000 + 100;

	open_source(f, EVENT_ALL, 0);
	/* A fork of the same id waits. */
	put(f, 5, "S", 1, 9);
	say(PROC_EVENT_EXEC, 5, 5);
	say(PROC_EVENT_EXIT, 5, 5);
	say(PROC_EVENT_FORK, 5, 5)->parent = 1;
	/* The process is younger than the message. */
	put(f, 6, "S", 1, later);
	say(PROC_EVENT_EXEC, 6, 6);
	say(PROC_EVENT_EXIT, 6, 6);
	dispatch(f);
	assert_int_equal(f->kept.count, 5);
	assert_false(event_knows(&kept_at(&f->kept, 0, EVENT_EXEC, 5)->event, FIELD_START));
	assert_false(event_knows(&kept_at(&f->kept, 1, EVENT_EXIT, 5)->event, FIELD_START));
	assert_true(event_knows(&kept_at(&f->kept, 2, EVENT_FORK, 5)->event, FIELD_START));
	assert_false(event_knows(&kept_at(&f->kept, 3, EVENT_EXEC, 6)->event, FIELD_START));
	assert_false(event_knows(&kept_at(&f->kept, 4, EVENT_EXIT, 6)->event, FIELD_START));
}

static void test_forks(void **state)
{
	struct fixture *f = *state;
	const struct event *event;

	open_source(f, EVENT_ALL, 0);
	put(f, 5, "S", 1, 9);
	say(PROC_EVENT_FORK, 5, 5)->parent = 4;
	say(PROC_EVENT_FORK, 5, 6)->parent = 4; /* a thread */
	dispatch(f);
	assert_int_equal(f->kept.count, 1);
	event = &kept_at(&f->kept, 0, EVENT_FORK, 5)->event;
	assert_int_equal(event->ppid, 4);
	assert_int_equal(event->tid, 5);
	assert_int_equal(event->start, 90000000);
	assert_int_equal(event->exec_id.exec, 0);
	/* They are the parent's, until it executes. */
	assert_false(event_knows(event, FIELD_COMM));
	assert_false(event_knows(event, FIELD_EXE));
}

static void test_exits(void **state)
{
	struct fixture *f = *state;
	const struct event *event;

	open_source(f, EVENT_ALL, 0);
	put(f, 6, "Z", 1, 9);
	say(PROC_EVENT_EXIT, 5, 5)->exit_code = 3 << 8;
	say(PROC_EVENT_EXIT, 6, 6)->exit_code = 0x8b;
	say(PROC_EVENT_EXIT, 7, 7)->parent = 4;
	dispatch(f);
	assert_int_equal(f->kept.count, 3);
	event = &kept_at(&f->kept, 0, EVENT_EXIT, 5)->event;
	assert_int_equal(event->exit_code, 3);
	assert_false(event_knows(event, FIELD_SIGNAL));
	assert_int_equal(event->flags, 0);
	event = &kept_at(&f->kept, 1, EVENT_EXIT, 6)->event;
	assert_int_equal(event->signal, 11);
	assert_int_equal(event->flags, FLAG_CORE);
	assert_false(event_knows(event, FIELD_EXIT_CODE));
	assert_int_equal(event->start, 90000000);
	event = &kept_at(&f->kept, 2, EVENT_EXIT, 7)->event;
	assert_int_equal(event->ppid, 4);
	assert_int_equal(event->exit_code, 0);
}

static void test_threads_that_exit(void **state)
{
	struct fixture *f = *state;

	open_source(f, EVENT_ALL, 0);
	put(f, 5, "S", 2, 9);
	say(PROC_EVENT_EXIT, 5, 6);
	dispatch(f);
	assert_int_equal(f->kept.count, 0);
}

static void test_a_leader_that_ends_first(void **state)
{
	struct fixture *f = *state;

	open_source(f, EVENT_ALL, 0);
	put(f, 5, "Z", 3, 9);
	say(PROC_EVENT_EXIT, 5, 5);
	dispatch(f);
	assert_int_equal(f->kept.count, 0);
	put(f, 5, "Z", 2, 9);
	say(PROC_EVENT_EXIT, 5, 6);
	dispatch(f);
	assert_int_equal(f->kept.count, 0);
	put(f, 5, "Z", 1, 9);
	say(PROC_EVENT_EXIT, 5, 7)->exit_code = 4 << 8;
	dispatch(f);
	assert_int_equal(f->kept.count, 1);
	assert_int_equal(kept_at(&f->kept, 0, EVENT_EXIT, 5)->event.exit_code, 4);
	/* It is over. */
	say(PROC_EVENT_EXIT, 5, 8);
	dispatch(f);
	assert_int_equal(f->kept.count, 0);
}

/* All of them wait in the queue, and /proc has nothing any more. */
static void test_a_group_that_ends(void **state)
{
	struct fixture *f = *state;

	open_source(f, EVENT_ALL, 0);
	say(PROC_EVENT_EXIT, 5, 5);
	say(PROC_EVENT_EXIT, 5, 6);
	say(PROC_EVENT_EXIT, 5, 7)->exit_code = 2 << 8;
	say(PROC_EVENT_FORK, 5, 5);
	dispatch(f);
	assert_int_equal(f->kept.count, 2);
	assert_int_equal(kept_at(&f->kept, 0, EVENT_EXIT, 5)->event.exit_code, 2);
	(void)kept_at(&f->kept, 1, EVENT_FORK, 5);
}

/* The old leader makes way for a thread that executes. */
static void test_a_thread_that_executes(void **state)
{
	struct fixture *f = *state;

	open_source(f, EVENT_ALL, 0);
	put(f, 5, "S", 1, 9);
	say(PROC_EVENT_EXIT, 5, 5);
	say(PROC_EVENT_EXEC, 5, 5);
	dispatch(f);
	assert_int_equal(f->kept.count, 1);
	(void)kept_at(&f->kept, 0, EVENT_EXEC, 5);
	/* The same, when the execution has been told already. */
	say(PROC_EVENT_EXIT, 5, 5);
	dispatch(f);
	assert_int_equal(f->kept.count, 0);
}

/* It executes and ends just before /proc is asked. */
static void test_a_thread_that_executes_and_ends(void **state)
{
	struct fixture *f = *state;

	open_source(f, EVENT_ALL, 0);
	say(PROC_EVENT_EXIT, 5, 5);
	say(PROC_EVENT_EXEC, 5, 5);
	say(PROC_EVENT_EXIT, 5, 5)->exit_code = 3 << 8;
	fake.late = 2;
	fake.empty = 2;
	dispatch(f);
	assert_int_equal(f->kept.count, 2);
	(void)kept_at(&f->kept, 0, EVENT_EXEC, 5);
	assert_int_equal(kept_at(&f->kept, 1, EVENT_EXIT, 5)->event.exit_code, 3);
}

/* It was overtaken by the execution: both ends wait in the queue, /proc has nothing any more. */
static void test_an_old_leader_that_comes_late(void **state)
{
	struct fixture *f = *state;
	uint64_t before = clock_monotonic() - 1000000;

	open_source(f, EVENT_ALL, 0);
	say(PROC_EVENT_EXEC, 5, 5);
	say(PROC_EVENT_EXIT, 5, 5)->time = before;
	say(PROC_EVENT_EXIT, 5, 5)->exit_code = 3 << 8;
	dispatch(f);
	assert_int_equal(f->kept.count, 2);
	(void)kept_at(&f->kept, 0, EVENT_EXEC, 5);
	assert_int_equal(kept_at(&f->kept, 1, EVENT_EXIT, 5)->event.exit_code, 3);
}

static void test_ids(void **state)
{
	struct fixture *f = *state;
	struct connector_message *message;
	const struct event *event;

	open_source(f, EVENT_ALL, 0);
	put(f, 5, "S", 1, 9);
	message = say(PROC_EVENT_UID, 5, 6);
	message->real = 1000;
	message->effective = 1001;
	message = say(PROC_EVENT_GID, 5, 5);
	message->real = 100;
	message->effective = 101;
	say(PROC_EVENT_SID, 5, 5);
	say(PROC_EVENT_COMM, 5, 5);
	say(PROC_EVENT_COREDUMP, 5, 5)->parent = 4;
	say(PROC_EVENT_NONE, 0, 0);
	say(0x400, 5, 5);
	dispatch(f);
	assert_int_equal(f->kept.count, 3);
	event = &kept_at(&f->kept, 0, EVENT_SETUID, 5)->event;
	assert_int_equal(event->tid, 6);
	assert_int_equal(event->uid, 1000);
	assert_int_equal(event->euid, 1001);
	assert_int_equal(event->start, 90000000);
	assert_false(event_knows(event, FIELD_GID));
	assert_false(event_knows(event, FIELD_EXEC_ID));
	event = &kept_at(&f->kept, 1, EVENT_SETGID, 5)->event;
	assert_int_equal(event->gid, 100);
	assert_int_equal(event->egid, 101);
	assert_int_equal(kept_at(&f->kept, 2, EVENT_COREDUMP, 5)->event.ppid, 4);
}

static void test_what_is_asked_of_the_kernel(void **state)
{
	struct fixture *f = *state;

	open_source(f, EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_SETUID), 0);
	assert_int_equal(fake.mask, PROC_EVENT_EXEC | PROC_EVENT_UID);
	assert_string_equal(connector_source.variant(f->source), "event filter, losses counted");
	say(PROC_EVENT_FORK, 5, 5);
	say(PROC_EVENT_EXEC, 5, 5);
	dispatch(f);
	assert_int_equal(f->kept.count, 1);
	assert_int_equal(connector_source.set_types(f->source, EVENT_ALL, NULL), 0);
	assert_true(fake.mask == UINT32_MAX);
	assert_string_equal(connector_source.variant(f->source), "every message, losses counted");
	assert_int_equal(connector_source.set_types(f->source, 0, NULL), 0);
	assert_int_equal(fake.mask, 0);
}

static void test_quiet(void **state)
{
	struct fixture *f = *state;

	open_source(f, EVENT_ALL, 5);
	say(PROC_EVENT_EXEC, 5, 5);
	say(PROC_EVENT_EXIT, 5, 5);
	say(PROC_EVENT_EXEC, 6, 6);
	dispatch(f);
	assert_int_equal(f->kept.count, 1);
}

static void test_drops(void **state)
{
	struct fixture *f = *state;
	const struct event *event;
	uint64_t before;

	open_source(f, EVENT_ALL, 0);
	before = clock_boottime();
	say(PROC_EVENT_EXEC, 5, 5);
	fake.dropped = 7;
	dispatch(f);
	assert_int_equal(f->kept.count, 2);
	event = &kept_at(&f->kept, 1, EVENT_GAP, 0)->event;
	assert_int_equal(event->source, SOURCE_REEVE);
	assert_int_equal(event->lost, 7);
	assert_true(event->from >= before && event->from <= event->to);
	assert_true(event->to <= clock_boottime());
	assert_string_equal(f->kept.events[1].reason, "socket buffer full");
	assert_int_equal(f->source->counters.lost, 7);
	assert_int_equal(f->source->counters.gaps, 1);
	assert_int_equal(f->source->counters.causes[0].count, 7);
	dispatch(f);
	assert_int_equal(f->kept.count, 0);
}

/* Numbers that are missing, and that no drop explains. */
static void test_holes(void **state)
{
	struct fixture *f = *state;
	struct connector_message *first, *second;
	uint64_t to_boottime;
	const struct event *event;

	open_source(f, EVENT_ALL, 0);
	first = say(PROC_EVENT_EXEC, 5, 5);
	second = say(PROC_EVENT_EXEC, 6, 6);
	first->sequence = UINT32_MAX;
	second->sequence = 3;
	say(PROC_EVENT_EXEC, 7, 7)->sequence = 4;
	dispatch(f);
	to_boottime = clock_boottime() - clock_monotonic();
	assert_int_equal(f->kept.count, 4);
	event = &kept_at(&f->kept, 3, EVENT_GAP, 0)->event;
	assert_int_equal(event->lost, 3);
	assert_true(event->from < first->time + to_boottime + 1000000 &&
		    event->from > first->time + to_boottime - 1000000);
	assert_string_equal(f->kept.events[3].reason, "no memory in the kernel");

	/* Holes that were made by drops are no loss of their own. */
	say(PROC_EVENT_EXEC, 7, 7)->sequence = 10;
	fake.dropped = 5;
	dispatch(f);
	assert_int_equal(f->kept.count, 2);
	assert_int_equal(kept_at(&f->kept, 1, EVENT_GAP, 0)->event.lost, 5);
	assert_int_equal(f->source->counters.lost, 8);
}

/* A filter makes holes. */
static void test_no_holes_behind_a_filter(void **state)
{
	struct fixture *f = *state;

	open_source(f, EVENT_BIT(EVENT_EXEC), 0);
	say(PROC_EVENT_EXEC, 5, 5)->sequence = 10;
	say(PROC_EVENT_EXEC, 5, 5)->sequence = 20;
	dispatch(f);
	assert_int_equal(f->kept.count, 2);
}

static void test_a_loss_that_nobody_counts(void **state)
{
	struct fixture *f = *state;

	open_source(f, EVENT_ALL, 0);
	fake.error = -ENOBUFS;
	dispatch(f);
	assert_int_equal(f->kept.count, 1);
	assert_false(event_knows(&kept_at(&f->kept, 0, EVENT_GAP, 0)->event, FIELD_LOST));
}

/* After a loss, a process whose end was among it is no longer waited for. */
static void test_a_leaderless_process_in_a_gap(void **state)
{
	struct fixture *f = *state;

	open_source(f, EVENT_ALL, 0);
	put(f, 5, "Z", 2, 9);
	put(f, 6, "Z", 2, 9);
	say(PROC_EVENT_EXIT, 5, 5);
	say(PROC_EVENT_EXIT, 6, 6);
	dispatch(f);
	assert_int_equal(f->kept.count, 0);
	put(f, 5, "Z", 1, 9);
	fake.dropped = 1;
	dispatch(f);
	assert_int_equal(f->kept.count, 1);
	put(f, 6, "Z", 1, 9);
	say(PROC_EVENT_EXIT, 5, 9);
	say(PROC_EVENT_EXIT, 6, 9);
	dispatch(f);
	assert_int_equal(f->kept.count, 1);
	(void)kept_at(&f->kept, 0, EVENT_EXIT, 6);
}

/* More waits than the queue holds: an execution may be among what is not seen yet. */
static void test_a_long_queue(void **state)
{
	struct fixture *f = *state;
	uint64_t told = 0;

	open_source(f, EVENT_ALL, 0);
	put(f, 5, "S", 1, 9);
	for (int i = 0; i < 19000; i++)
		say(PROC_EVENT_EXEC, i % 10 ? 6 : 5, i % 10 ? 6 : 5);
	dispatch(f);
	assert_true(f->kept.count > 0);
	for (size_t i = 0; i < f->kept.count; i++)
		assert_string_equal(f->kept.events[i].exe, "");
	told = f->kept.all;
	while (connector_source.due(f->source) == 0) {
		dispatch(f);
		assert_true(f->kept.all > told);
		told = f->kept.all;
	}
	assert_int_equal(told, 19000);
	assert_int_equal(f->source->counters.seen, 19000);
	assert_int_equal(connector_source.due(f->source), UINT64_MAX);
}

static void test_failures(void **state)
{
	struct fixture *f = *state;
	_cleanup_(error_done) struct error err = ERROR_INIT;

	open_source(f, EVENT_ALL, 0);
	fake.error = -EBADF;
	assert_int_equal(connector_source.dispatch(f->source, &err), -EBADF);
	assert_non_null(err.message);
}

static void take_report(const struct hook_report *report, void *userdata)
{
	snprintf(userdata, KEPT_TEXT, "%s %d %s", report->name, report->state,
		 report->reason ? report->reason : "");
}

static void test_probe(void **state)
{
	struct fixture *f = *state;
	_cleanup_(error_done) struct error err = ERROR_INIT;
	char last[KEPT_TEXT];

	assert_int_equal(connector_source.probe(f->host, take_report, last, &err), 0);
	assert_string_equal(last, "connector/drops 0 ");
	fake.counts = false;
	assert_int_equal(connector_source.probe(f->host, take_report, last, &err), 0);
	assert_non_null(strstr(last, "connector/drops 1"));
	fake.error = -EXDEV;
	assert_int_equal(connector_source.probe(f->host, take_report, last, &err), -EXDEV);
	assert_string_equal(last, "connector/proc 1 no connector today");
	assert_string_equal(error_text(&err), "no connector today");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_exec),
		CASE(test_an_exec_that_is_followed_by_another),
		CASE(test_an_id_that_is_used_again),
		CASE(test_forks),
		CASE(test_exits),
		CASE(test_threads_that_exit),
		CASE(test_a_leader_that_ends_first),
		CASE(test_a_group_that_ends),
		CASE(test_a_thread_that_executes),
		CASE(test_a_thread_that_executes_and_ends),
		CASE(test_an_old_leader_that_comes_late),
		CASE(test_ids),
		CASE(test_what_is_asked_of_the_kernel),
		CASE(test_quiet),
		CASE(test_drops),
		CASE(test_holes),
		CASE(test_no_holes_behind_a_filter),
		CASE(test_a_loss_that_nobody_counts),
		CASE(test_a_leaderless_process_in_a_gap),
		CASE(test_a_long_queue),
		CASE(test_failures),
		CASE(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
