// SPDX-License-Identifier: MIT
/*
 * covers: observer.c observer-heal.c observer-source.c enrich.c
 * Sources and scans are the test's own: they take the place of source/source.c and the scanner when
 * the test is linked. All cases need that world, so it is one file, and long.
 */
#include "core/observer.h"

#include "source/scan-processes.h"
#include "test/unit.h"

#include <sys/eventfd.h>

enum { PROCESSES = 16, PENDING = 16, SHOWN = 64 };

/* ---- the world: what runs, and what the sources will tell ---- */

struct running {
	uint32_t pid, ppid;
	uint64_t start; /* ns */
	const char *exe;
};

struct fake {
	struct source source;
	struct source_options options;
	int fd;
};

static struct {
	struct running running[PROCESSES];
	size_t running_count;
	struct event pending[PENDING]; /* what the next dispatch tells */
	size_t pending_count;
	int refuse[2]; /* result of open, a class each */
	int fail;      /* result of the next dispatch; 0: none */
	uint64_t due;  /* UINT64_MAX: none */
	int scan;      /* result of scans */
	unsigned scans, read, opened, dispatched;
	size_t listed;	/* of those that run, how many the source can list; 0: it cannot */
	uint32_t types; /* asked for last */
	struct fake *open;
} world;

static void runs(uint32_t pid, uint32_t ppid, const char *exe)
{
	world.running[world.running_count++] = (struct running){
		.pid = pid,
		.ppid = ppid,
		.start = UINT64_C(10000000000) * pid,
		.exe = exe,
	};
}

static void runs_no_more(uint32_t pid)
{
	for (size_t i = 0; i < world.running_count; i++)
		if (world.running[i].pid == pid)
			world.running[i] = world.running[--world.running_count];
}

static struct event *happens(enum event_type type, uint32_t pid)
{
	struct event *event = &world.pending[world.pending_count++];
	uint64_t one = 1;

	assert_true(world.pending_count <= PENDING);
	event_init(event, type, SOURCE_BPF);
	event_set(event, BOOTTIME, boottime, clock_boottime());
	if (pid > 0)
		event_set(event, PID, pid, pid);
	if (world.open)
		assert_int_equal(write(world.open->fd, &one, sizeof(one)), sizeof(one));
	return event;
}

static void forks(uint32_t pid, uint32_t ppid)
{
	struct event *event = happens(EVENT_FORK, pid);

	event_set(event, PPID, ppid, ppid);
	event_set(event, START, start, UINT64_C(10000000000) * pid);
}

/* ---- source/source.h and source/scan-processes.h ---- */

static int fake_open(const struct source_class *class, const struct source_options *options,
		     struct source **ret_source, struct error *err)
{
	int refuse = world.refuse[class->id == SOURCE_CONNECTOR];
	struct fake *fake;

	if (refuse < 0)
		return error_set(err, refuse, "the kernel says no");
	fake = calloc(1, sizeof(*fake));
	assert_non_null(fake);
	fake->source.class = class;
	fake->options = *options;
	fake->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	world.open = fake;
	world.opened++;
	world.types = options->types;
	*ret_source = &fake->source;
	return 0;
}

static void fake_free(struct source *source)
{
	struct fake *fake = (struct fake *)source;

	if (world.open == fake)
		world.open = NULL;
	close(fake->fd);
	free(fake);
}

static int fake_fd(const struct source *source)
{
	return ((const struct fake *)source)->fd;
}

static uint64_t fake_due(const struct source *source)
{
	return world.due;
}

static int fake_dispatch(struct source *source, struct error *err)
{
	struct fake *fake = (struct fake *)source;
	size_t count = world.pending_count;
	struct event pending[PENDING];
	uint64_t ignored;
	int fail = world.fail;

	world.dispatched++;
	world.due = UINT64_MAX;
	(void)!read(fake->fd, &ignored, sizeof(ignored));
	memcpy(pending, world.pending, sizeof(pending));
	world.pending_count = 0;
	for (size_t i = 0; i < count; i++)
		fake->options.sink.event(&pending[i], fake->options.sink.userdata);
	world.fail = 0;
	return fail < 0 ? error_set(err, fail, "the ring is gone") : (int)count;
}

static int fake_set_types(struct source *source, uint32_t types, struct error *err)
{
	world.types = types;
	return 0;
}

static void tell_running(const struct running *running, enum event_source source,
			 const struct event_sink *sink)
{
	struct event event;

	event_init(&event, EVENT_RUNNING, source);
	event_set(&event, BOOTTIME, boottime, clock_boottime());
	event_set(&event, PID, pid, running->pid);
	event_set(&event, PPID, ppid, running->ppid);
	event_set(&event, START, start, running->start);
	event_set(&event, EXE, exe, slice_of(running->exe));
	sink->event(&event, sink->userdata);
}

static int fake_list(struct source *source, const struct event_sink *sink)
{
	const struct fake *fake = (const struct fake *)source;

	if (!fake->options.list || world.listed == 0)
		return -EOPNOTSUPP;
	for (size_t i = 0; i < world.listed; i++)
		tell_running(&world.running[i], SOURCE_BPF, sink);
	return 0;
}

static const char *fake_variant(const struct source *source)
{
	return "a fake";
}

#define FAKE(name_, id_, types_)                                                                  \
	static int open_##name_(const struct source_options *options, struct source **ret_source, \
				struct error *err)                                                \
	{                                                                                         \
		extern const struct source_class name_##_class;                                   \
		return fake_open(&name_##_class, options, ret_source, err);                       \
	}                                                                                         \
	const struct source_class name_##_class = {                                               \
		.id = id_,                                                                        \
		.name = #name_,                                                                   \
		.types = types_,                                                                  \
		.tells_users = id_ == SOURCE_BPF,                                                 \
		.open = open_##name_,                                                             \
		.free = fake_free,                                                                \
		.fd = fake_fd,                                                                    \
		.due = fake_due,                                                                  \
		.dispatch = fake_dispatch,                                                        \
		.set_types = fake_set_types,                                                      \
		.list = fake_list,                                                                \
		.variant = fake_variant,                                                          \
	};
extern const struct source_class first_class, second_class, replay_class;
FAKE(first, SOURCE_BPF, EVENT_ALL)
FAKE(second, SOURCE_CONNECTOR, EVENT_BIT(EVENT_EXEC))
FAKE(replay, SOURCE_REPLAY, EVENT_ALL)

const struct source_class *const source_classes[] = { &first_class, &second_class, &replay_class };
const size_t source_class_count = ARRAY_SIZE(source_classes);

const struct source_class *source_class_find(const char *name)
{
	for (size_t i = 0; i < source_class_count; i++)
		if (streq(source_classes[i]->name, name))
			return source_classes[i];
	return NULL;
}

int scan_processes(const struct process_scan_options *options,
		   struct process_scan_result *ret_result, struct error *err)
{
	world.scans++;
	if (world.scan < 0)
		return error_set(err, world.scan, "there is no /proc");
	for (size_t i = 0; i < world.running_count; i++) {
		const struct running *running = &world.running[i];

		if (options->skips && options->skips(running->pid, options->userdata))
			continue;
		world.read++;
		tell_running(running, SOURCE_PROCFS, &options->sink);
	}
	*ret_result = (struct process_scan_result){ .found = world.running_count };
	return 0;
}

/* ---- who watches ---- */

struct shown {
	enum event_type type;
	uint32_t pid;
	uint32_t flags;
	char reason[256], exe[64], container[32];
};

struct watcher {
	struct host *host;
	sd_event *loop;
	struct observer *observer;
	struct shown shown[SHOWN];
	size_t count;
	unsigned rests, seeded, healed, ended;
	size_t found;
	int result;
};

static void keep_text(char *to, size_t room, bool known, struct slice text)
{
	size_t size = known ? MIN(text.size, room - 1) : 0;

	memcpy(to, text.data ? text.data : "", size);
	to[size] = '\0';
}

static void on_event(struct event *event, void *userdata)
{
	struct watcher *watcher = userdata;
	struct shown *shown = &watcher->shown[watcher->count++];

	assert_true(watcher->count <= SHOWN);
	shown->type = event->type;
	shown->pid = event_knows(event, FIELD_PID) ? event->pid : 0;
	shown->flags = event_knows(event, FIELD_FLAGS) ? event->flags : 0;
	keep_text(shown->reason, sizeof(shown->reason), event_knows(event, FIELD_REASON),
		  event->reason);
	keep_text(shown->exe, sizeof(shown->exe), event_knows(event, FIELD_EXE), event->exe);
	keep_text(shown->container, sizeof(shown->container),
		  event_knows(event, FIELD_CONTAINER_ID), event->container_id);
}

static void on_rest(void *userdata)
{
	((struct watcher *)userdata)->rests++;
}

static void on_seeded(void *userdata)
{
	((struct watcher *)userdata)->seeded++;
}

static void on_healed(size_t found, void *userdata)
{
	((struct watcher *)userdata)->healed++;
	((struct watcher *)userdata)->found = found;
}

static void on_ended(int result, void *userdata)
{
	((struct watcher *)userdata)->ended++;
	((struct watcher *)userdata)->result = result;
}

static int set_up(void **state)
{
	struct watcher *watcher = calloc(1, sizeof(*watcher));

	memset(&world, 0, sizeof(world));
	world.due = UINT64_MAX;
	assert_non_null(watcher);
	assert_int_equal(host_new(&watcher->host, NULL), 0);
	assert_true(sd_event_new(&watcher->loop) >= 0);
	*state = watcher;
	return 0;
}

static int tear_down(void **state)
{
	struct watcher *watcher = *state;

	observer_free(watcher->observer);
	sd_event_unref(watcher->loop);
	host_free(watcher->host);
	free(watcher);
	return 0;
}

/* Turns the loop until nothing is to be done. */
static void turn(struct watcher *watcher)
{
	while (sd_event_run(watcher->loop, 10000) > 0)
		;
}

static int begin(struct watcher *watcher, const struct observer_options *given, struct error *err)
{
	struct observer_options options = *given;
	int r;

	options.sink = (struct event_sink){ on_event, watcher };
	options.rest = on_rest;
	options.healed = on_healed;
	options.ended = on_ended;
	r = observer_new(watcher->host, watcher->loop, &options, &watcher->observer, err);
	assert_int_equal(watcher->count, 0);
	if (r >= 0)
		turn(watcher);
	return r;
}

static void must_begin(struct watcher *watcher, uint32_t types)
{
	const struct observer_options options = { .types = types };

	assert_int_equal(begin(watcher, &options, NULL), 0);
	assert_int_equal(watcher->shown[0].type, EVENT_SOURCE);
	watcher->count = 0;
}

static void expect(struct watcher *watcher, size_t at, enum event_type type, uint32_t pid)
{
	assert_true(at < watcher->count);
	assert_string_equal(event_types[watcher->shown[at].type].name, event_types[type].name);
	assert_int_equal(watcher->shown[at].pid, pid);
}

/* ---- cases ---- */

/* What the source lists itself is not read in /proc; what it does not list is. */
static void test_a_list_of_the_source(void **state)
{
	struct watcher *watcher = *state;

	runs(1, 0, "/sbin/init");
	runs(70, 1, "/bin/one");
	runs(71, 70, "/bin/two");
	world.listed = 2;
	must_begin(watcher, EVENT_BIT(EVENT_FORK));
	assert_int_equal(world.scans, 1);
	assert_int_equal(world.read, 1);
	for (uint32_t pid = 70; pid <= 71; pid++)
		assert_non_null(process_table_find(observer_table(watcher->observer), pid));
}

/* One that refuses: all is read in /proc. */
static void test_no_list_of_the_source(void **state)
{
	struct watcher *watcher = *state;

	runs(1, 0, "/sbin/init");
	runs(70, 1, "/bin/one");
	must_begin(watcher, EVENT_BIT(EVENT_FORK));
	assert_int_equal(world.read, 2);
	assert_non_null(process_table_find(observer_table(watcher->observer), 70));
}

static void test_first_that_works(void **state)
{
	struct watcher *watcher = *state;
	const struct observer_options options = { .types = EVENT_BIT(EVENT_EXEC) };
	const struct observer_refusal *refusals;
	size_t count;

	assert_int_equal(begin(watcher, &options, NULL), 0);
	expect(watcher, 0, EVENT_SOURCE, 0);
	assert_string_equal(watcher->shown[0].reason, "first is used: a fake");
	assert_ptr_equal(observer_source(watcher->observer)->class, &first_class);
	(void)observer_refusals(watcher->observer, &count);
	assert_int_equal(count, 0);
	/* Executions alone need no table, so nothing is scanned and nothing else asked for. */
	assert_int_equal(world.scans, 0);
	assert_int_equal(world.types, EVENT_BIT(EVENT_EXEC));
	assert_null(observer_table(watcher->observer));
	observer_free(TAKE_PTR(watcher->observer));

	watcher->count = 0;
	world.refuse[0] = -EPERM;
	assert_int_equal(begin(watcher, &options, NULL), 0);
	assert_string_equal(watcher->shown[0].reason,
			    "second is used: a fake; first does not work here: the kernel says no");
	refusals = observer_refusals(watcher->observer, &count);
	assert_int_equal(count, 1);
	assert_string_equal(refusals[0].source, "first");
}

static void test_none_works(void **state)
{
	struct watcher *watcher = *state;
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct observer_options options = { .types = EVENT_BIT(EVENT_EXEC) };

	world.refuse[0] = world.refuse[1] = -EPERM;
	assert_int_equal(begin(watcher, &options, &err), -EOPNOTSUPP);
	assert_non_null(strstr(error_text(&err), "first does not work here: the kernel says no"));
	assert_non_null(strstr(error_text(&err), "second does not work here"));
	assert_null(strstr(error_text(&err), "replay"));
	error_done(&err);

	options.source = "first";
	assert_int_equal(begin(watcher, &options, &err), -EPERM);
	error_done(&err);
	options.source = "third";
	assert_int_equal(begin(watcher, &options, &err), -EINVAL);
	assert_string_equal(error_text(&err), "there is no source \"third\"");
}

static void test_events_and_table(void **state)
{
	struct watcher *watcher = *state;

	runs(1, 0, "/sbin/init");
	must_begin(watcher, EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_EXIT));
	/* Seeded in silence; the table wants forks, the watcher does not. */
	assert_int_equal(world.scans, 1);
	assert_true(world.types & EVENT_BIT(EVENT_FORK));
	assert_int_equal(process_table_size(observer_table(watcher->observer)), 1);
	forks(100, 1);
	turn(watcher);
	assert_int_equal(watcher->count, 0);
	assert_int_equal(process_table_size(observer_table(watcher->observer)), 2);
	happens(EVENT_EXIT, 100);
	turn(watcher);
	assert_int_equal(watcher->count, 1);
	expect(watcher, 0, EVENT_EXIT, 100);
	assert_string_equal(watcher->shown[0].exe, "/sbin/init");
	assert_int_equal(watcher->rests, 2); /* the source record, and this */
	assert_int_equal(observer_counters(watcher->observer)->events, 2);
}

static void test_own_events(void **state)
{
	struct watcher *watcher = *state;

	must_begin(watcher, EVENT_BIT(EVENT_EXEC));
	assert_int_equal(world.open->options.quiet, getpid());
	happens(EVENT_EXEC, (uint32_t)getpid());
	turn(watcher);
	assert_int_equal(watcher->count, 0);
}

static void test_container_without_table(void **state)
{
	static const char path[] =
		"/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	static const char v1[] = "pids:/docker/"
				 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	struct watcher *watcher = *state;
	struct event *event;

	must_begin(watcher, EVENT_BIT(EVENT_EXEC));
	event = happens(EVENT_EXEC, 100);
	event_set(event, CGROUP, cgroup, slice_of(path));
	event = happens(EVENT_EXEC, 101);
	event_set(event, CGROUP, cgroup, slice_of(path));
	event = happens(EVENT_EXEC, 102);
	event_set(event, CGROUP, cgroup, slice_of("/"));
	event = happens(EVENT_EXEC, 103);
	event_set(event, CGROUP_V1, cgroup_v1, (struct slice){ v1, sizeof(v1) });
	turn(watcher);
	expect(watcher, 0, EVENT_EXEC, 100);
	assert_memory_equal(watcher->shown[0].container, path + 8, 12);
	assert_memory_equal(watcher->shown[1].container, path + 8, 12);
	assert_string_equal(watcher->shown[2].container, "");
	assert_memory_equal(watcher->shown[3].container, path + 8, 12);
}

static void test_running_told(void **state)
{
	struct watcher *watcher = *state;
	const struct observer_options options = {
		.types = EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_EXIT),
		.tell_running = true,
		.seeded = on_seeded,
	};

	runs(1, 0, "/sbin/init");
	runs((uint32_t)getpid(), 1, "/bin/reeve");
	assert_int_equal(begin(watcher, &options, NULL), 0);
	assert_int_equal(watcher->count, 2);
	expect(watcher, 1, EVENT_RUNNING, 1);
	assert_int_equal(watcher->seeded, 1);
}

static void test_idle_is_quiet(void **state)
{
	struct watcher *watcher = *state;
	uint64_t before;

	must_begin(watcher, EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_EXIT));
	before = observer_counters(watcher->observer)->wakeups;
	/* Nothing is armed: the loop sleeps for all of the time that it is given. */
	assert_int_equal(sd_event_run(watcher->loop, 50000), 0);
	assert_int_equal(observer_counters(watcher->observer)->wakeups, before);
}

static void test_due(void **state)
{
	struct watcher *watcher = *state;
	uint64_t begun;

	must_begin(watcher, EVENT_BIT(EVENT_EXEC));
	world.due = begun = clock_monotonic() + 30000000;
	/* The time is asked for again after what is asked for has changed. */
	assert_int_equal(observer_set_types(watcher->observer, EVENT_BIT(EVENT_FAILED), NULL), 0);
	world.dispatched = 0;
	assert_true(sd_event_run(watcher->loop, UINT64_C(2000000)) > 0);
	assert_int_equal(world.dispatched, 1);
	assert_true(clock_monotonic() >= begun);
	assert_int_equal(sd_event_run(watcher->loop, 20000), 0);
}

static void gap(uint64_t lost)
{
	struct event *event = happens(EVENT_GAP, 0);

	event_set(event, FROM, from, event->boottime - 1000);
	event_set(event, TO, to, event->boottime);
	event_set(event, LOST, lost, lost);
}

/* As a daemon that takes the place of another: until now nobody looked. */
static void test_blind(void **state)
{
	struct watcher *watcher = *state;

	runs(1, 0, "/sbin/init");
	must_begin(watcher, EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_EXIT));
	observer_tell_blind(watcher->observer, 1, "the daemon was replaced");
	assert_int_equal(watcher->count, 1);
	expect(watcher, 0, EVENT_GAP, 0);
	assert_int_equal(observer_counters(watcher->observer)->gaps, 1);
	assert_int_equal(observer_counters(watcher->observer)->rescans, 0);
	/* What the source holds is handed out at once, without the loop. */
	gap(17);
	assert_true(observer_catch_up(watcher->observer) > 0);
	assert_int_equal(watcher->count, 2);
	assert_int_equal(observer_counters(watcher->observer)->gaps, 2);
}

static void test_gap_heals(void **state)
{
	struct watcher *watcher = *state;

	runs(1, 0, "/sbin/init");
	runs(200, 1, "/bin/stays");
	runs(201, 1, "/bin/goes");
	must_begin(watcher, EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_EXIT));
	runs_no_more(201);
	runs(202, 200, "/bin/comes");
	gap(17);
	turn(watcher);
	assert_int_equal(watcher->count, 3);
	expect(watcher, 0, EVENT_GAP, 0);
	expect(watcher, 1, EVENT_RUNNING, 202);
	assert_string_equal(watcher->shown[1].exe, "/bin/comes");
	expect(watcher, 2, EVENT_EXIT, 201);
	assert_true(watcher->shown[2].flags & FLAG_INFERRED);
	assert_int_equal(watcher->healed, 1);
	assert_int_equal(watcher->found, 2);
	assert_int_equal(observer_counters(watcher->observer)->gaps, 1);
	assert_int_equal(observer_counters(watcher->observer)->lost, 17);
	assert_int_equal(observer_counters(watcher->observer)->repaired, 2);
	assert_non_null(process_table_find(observer_table(watcher->observer), 202));
	assert_int_equal(process_table_size(observer_table(watcher->observer)), 3);
}

/* The exit is still in the source when the scan does not find the process: it is told once. */
static void test_late_events_of_a_gap(void **state)
{
	struct watcher *watcher = *state;

	runs(1, 0, "/sbin/init");
	runs(201, 1, "/bin/goes");
	must_begin(watcher, EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_EXIT));
	runs_no_more(201);
	gap(1);
	assert_true(sd_event_run(watcher->loop, 1000000) > 0);
	happens(EVENT_EXIT, 201);
	turn(watcher);
	assert_int_equal(watcher->count, 2);
	expect(watcher, 1, EVENT_EXIT, 201);
	assert_false(watcher->shown[1].flags & FLAG_INFERRED);
}

/* One rescan a second, and one more when something was lost meanwhile. */
static void test_gaps_are_gathered(void **state)
{
	struct watcher *watcher = *state;
	uint64_t begun;

	must_begin(watcher, EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_EXIT));
	gap(1);
	turn(watcher);
	begun = clock_monotonic();
	assert_int_equal(watcher->healed, 1);
	for (int i = 0; i < 5; i++) {
		gap(1);
		turn(watcher);
	}
	assert_int_equal(watcher->healed, 1);
	while (watcher->healed < 2)
		assert_true(sd_event_run(watcher->loop, UINT64_C(3000000)) > 0);
	assert_true(clock_monotonic() - begun > UINT64_C(800000000));
	turn(watcher);
	assert_int_equal(watcher->healed, 2);
	assert_int_equal(observer_counters(watcher->observer)->gaps, 6);
}

/* Without a table, what was started since the gap began is told. */
static void test_gap_without_table(void **state)
{
	struct watcher *watcher = *state;

	runs(1, 0, "/sbin/init");
	must_begin(watcher, EVENT_BIT(EVENT_EXEC));
	runs(300, 1, "/bin/new");
	world.running[1].start = clock_boottime();
	gap(1);
	turn(watcher);
	assert_int_equal(watcher->count, 2);
	expect(watcher, 1, EVENT_RUNNING, 300);
}

static void test_scan_that_fails(void **state)
{
	struct watcher *watcher = *state;

	runs(1, 0, "/sbin/init");
	must_begin(watcher, EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_EXIT));
	world.scan = -EACCES;
	gap(1);
	turn(watcher);
	/* Nobody is taken for gone, and it is tried again. */
	assert_int_equal(watcher->count, 1);
	assert_int_equal(process_table_size(observer_table(watcher->observer)), 1);
	world.scan = 0;
	while (watcher->healed < 1)
		assert_true(sd_event_run(watcher->loop, UINT64_C(3000000)) > 0);
}

static void test_next_source(void **state)
{
	struct watcher *watcher = *state;
	const struct observer_refusal *refusals;
	size_t count;

	runs(1, 0, "/sbin/init");
	must_begin(watcher, EVENT_BIT(EVENT_EXEC));
	runs(400, 1, "/bin/missed");
	world.running[1].start = clock_boottime();
	happens(EVENT_EXEC, 350);
	world.fail = -EIO;
	turn(watcher);
	/* What it still had, who comes, what was missed, and what was found of that. */
	assert_int_equal(watcher->count, 4);
	expect(watcher, 0, EVENT_EXEC, 350);
	expect(watcher, 1, EVENT_SOURCE, 0);
	assert_string_equal(watcher->shown[1].reason,
			    "second is used: a fake; first has failed: the ring is gone");
	expect(watcher, 2, EVENT_GAP, 0);
	expect(watcher, 3, EVENT_RUNNING, 400);
	assert_int_equal(observer_counters(watcher->observer)->replaced, 1);
	refusals = observer_refusals(watcher->observer, &count);
	assert_int_equal(count, 1);
	assert_string_equal(refusals[0].source, "first");

	/* The last one: the end. */
	watcher->count = 0;
	happens(EVENT_EXEC, 351);
	world.fail = -EIO;
	turn(watcher);
	expect(watcher, 0, EVENT_EXEC, 351);
	expect(watcher, 1, EVENT_SOURCE, 0);
	assert_int_equal(watcher->ended, 1);
	assert_int_equal(watcher->result, -EIO);
	assert_null(observer_source(watcher->observer));
	assert_int_equal(observer_set_types(watcher->observer, EVENT_ALL, NULL), -EOPNOTSUPP);
	turn(watcher);
	assert_int_equal(watcher->ended, 1);
}

/* One that was asked for by name has no substitute. */
static void test_named_source_fails(void **state)
{
	struct watcher *watcher = *state;
	const struct observer_options options = {
		.source = "first",
		.types = EVENT_BIT(EVENT_EXEC),
	};

	assert_int_equal(begin(watcher, &options, NULL), 0);
	happens(EVENT_EXEC, 350);
	world.fail = -EIO;
	turn(watcher);
	assert_int_equal(watcher->ended, 1);
	assert_int_equal(world.opened, 1);
}

static void test_end_of_replay(void **state)
{
	struct watcher *watcher = *state;
	const struct observer_options options = { .source = "replay", .types = EVENT_ALL };

	runs(1, 0, "/sbin/init");
	assert_int_equal(begin(watcher, &options, NULL), 0);
	watcher->count = 0;
	/* Our own number means another there, and its losses cannot be made good here. */
	happens(EVENT_EXEC, (uint32_t)getpid());
	gap(5);
	world.fail = -ENODATA;
	turn(watcher);
	assert_int_equal(watcher->count, 2);
	expect(watcher, 0, EVENT_EXEC, (uint32_t)getpid());
	assert_int_equal(watcher->ended, 1);
	assert_int_equal(watcher->result, 0);
	assert_int_equal(world.scans, 0);
}

static void test_list(void **state)
{
	struct watcher *watcher = *state, other = { 0 };
	const struct event_sink sink = { on_event, &other };

	runs(1, 0, "/sbin/init");
	runs(7, 1, "/bin/seven");
	must_begin(watcher, EVENT_BIT(EVENT_EXEC));
	assert_int_equal(observer_list(watcher->observer, &sink, NULL), 0);
	assert_int_equal(watcher->count, 0);
	assert_int_equal(other.count, 2);
	expect(&other, 1, EVENT_RUNNING, 7);
}

static void test_types_change(void **state)
{
	struct watcher *watcher = *state;

	runs(1, 0, "/sbin/init");
	must_begin(watcher, 0);
	assert_int_equal(world.types, 0);
	assert_int_equal(world.scans, 0);
	assert_int_equal(observer_set_types(watcher->observer, EVENT_BIT(EVENT_EXIT), NULL), 0);
	assert_true(world.types & EVENT_BIT(EVENT_FORK));
	assert_int_equal(world.scans, 1);
	assert_int_equal(process_table_size(observer_table(watcher->observer)), 1);
	assert_int_equal(observer_set_types(watcher->observer, EVENT_ALL, NULL), 0);
	assert_int_equal(world.scans, 1);
	assert_int_equal(observer_set_types(watcher->observer, 0, NULL), 0);
	assert_null(observer_table(watcher->observer));
	assert_int_equal(world.types, 0);
	runs(2, 0, "/bin/other");
	assert_int_equal(observer_set_types(watcher->observer, EVENT_ALL, NULL), 0);
	assert_int_equal(process_table_size(observer_table(watcher->observer)), 2);
}

/* The table needs to be told of new users only where nothing else tells them. */
static void test_users_are_asked_for_where_needed(void **state)
{
	const uint32_t life = EVENT_BIT(EVENT_FORK) | EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_EXIT);
	const uint32_t users = EVENT_BIT(EVENT_SETUID) | EVENT_BIT(EVENT_SETGID);
	struct watcher *watcher = *state;

	must_begin(watcher, EVENT_BIT(EVENT_EXIT));
	assert_int_equal(world.types, life);
	assert_int_equal(observer_set_types(watcher->observer, EVENT_BIT(EVENT_OOM), NULL), 0);
	assert_int_equal(world.types, EVENT_BIT(EVENT_OOM));
	assert_int_equal(observer_set_types(watcher->observer,
					    EVENT_BIT(EVENT_OOM) | EVENT_BIT(EVENT_EXIT), NULL),
			 0);
	assert_int_equal(world.types, EVENT_BIT(EVENT_OOM) | life | users);
	world.fail = -EIO;
	happens(EVENT_EXEC, 5);
	turn(watcher);
	assert_int_equal(world.opened, 2);
	assert_int_equal(world.types, EVENT_BIT(EVENT_OOM) | life | users);
	assert_int_equal(observer_set_types(watcher->observer, EVENT_BIT(EVENT_EXIT), NULL), 0);
	assert_int_equal(world.types, life | users);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(test_a_list_of_the_source),
		CASE(test_no_list_of_the_source),
		CASE(test_first_that_works),
		CASE(test_none_works),
		CASE(test_events_and_table),
		CASE(test_own_events),
		CASE(test_container_without_table),
		CASE(test_running_told),
		CASE(test_idle_is_quiet),
		CASE(test_due),
		CASE(test_blind),
		CASE(test_gap_heals),
		CASE(test_late_events_of_a_gap),
		CASE(test_gaps_are_gathered),
		CASE(test_gap_without_table),
		CASE(test_scan_that_fails),
		CASE(test_next_source),
		CASE(test_named_source_fails),
		CASE(test_end_of_replay),
		CASE(test_list),
		CASE(test_types_change),
		CASE(test_users_are_asked_for_where_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
