// SPDX-License-Identifier: MIT
/* Rounds over a made-up /proc, and over the real one. */
#include "source/procfs.h"

#include "source/test-child.h"
#include "source/test-events.h"

#include <limits.h>

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

static void open_slow(struct fixture *f, uint32_t types, pid_t quiet, uint64_t latency_ns)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	const struct source_options options = {
		.host = f->host,
		.sink = { keep_event, &f->kept },
		.types = types,
		.quiet = quiet,
		.latency_ns = latency_ns,
	};

	if (procfs_source.open(&options, &f->source, &err) < 0)
		fail_msg("%s", error_text(&err));
}

static void open_source(struct fixture *f, uint32_t types, pid_t quiet)
{
	open_slow(f, types, quiet, 10000000);
}

/* A process whose `image` is where its code begins. */
static void put(const struct fixture *f, unsigned pid, unsigned ppid, unsigned start,
		unsigned image, unsigned uid)
{
	char name[64], text[256];

	snprintf(name, sizeof(name), "proc/%u/stat", pid);
	snprintf(text, sizeof(text),
		 "%u (p%u) S %u 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 %u 0 0 0 %u 200 300\n", pid,
		 image, ppid, start, image);
	unit_write(f->folder, name, text);
	snprintf(name, sizeof(name), "proc/%u/status", pid);
	snprintf(text, sizeof(text), "Uid:\t%u\t%u\t%u\t0\nGid:\t%u\t%u\t%u\t0\n", uid, uid, uid,
		 uid / 2, uid / 2, uid / 2);
	unit_write(f->folder, name, text);
}

static void take_away(const struct fixture *f, unsigned pid)
{
	static const char *const files[] = { "/stat", "/status", "" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_(freep) char *path = NULL;

		assert_true(asprintf(&path, "%s/proc/%u%s", f->folder, pid, files[i]) > 0);
		assert_int_equal(remove(path), 0);
	}
}

static void next_round(struct fixture *f)
{
	uint64_t wakeups = f->source->counters.wakeups;

	f->kept.count = 0;
	run_source(f->source, 100);
	assert_int_equal(f->source->counters.wakeups, wakeups + 1);
}

static void test_what_there_was_is_not_told(void **state)
{
	struct fixture *f = *state;

	put(f, 5, 1, 100, 100, 0);
	open_source(f, EVENT_ALL, 0);
	next_round(f);
	assert_int_equal(f->kept.count, 0);
	assert_int_equal(procfs_source.fd(f->source), -1);
}

static void test_a_life(void **state)
{
	struct fixture *f = *state;
	const struct kept_event *event;

	put(f, 5, 1, 100, 100, 0);
	open_source(f, EVENT_ALL, 0);
	put(f, 9, 5, 2000, 555, 4);
	next_round(f);
	assert_int_equal(f->kept.count, 2);
	event = kept_at(&f->kept, 0, EVENT_FORK, 9);
	assert_int_equal(event->event.ppid, 5);
	assert_int_equal(event->event.start, UINT64_C(20000000000));
	assert_int_equal(event->event.boottime, UINT64_C(20000000000));
	assert_int_equal(event->event.exec_id.exec, 0);
	assert_false(event_knows(&event->event, FIELD_COMM));
	event = kept_at(&f->kept, 1, EVENT_EXEC, 9);
	assert_int_equal(event->event.uid, 4);
	assert_string_equal(event->comm, "p555");
	assert_int_equal(event->event.exec_id.exec, event->event.boottime / 1000);
	assert_int_equal(event->event.exec_id.start, 2000);
	assert_int_equal(event->event.exec_id.boot, 0x3f2a9c10);

	next_round(f);
	assert_int_equal(f->kept.count, 0);

	take_away(f, 9);
	next_round(f);
	assert_int_equal(f->kept.count, 1);
	event = kept_at(&f->kept, 0, EVENT_EXIT, 9);
	assert_true(event->event.flags & FLAG_INFERRED);
	assert_int_equal(event->event.start, UINT64_C(20000000000));
	assert_false(event_knows(&event->event, FIELD_EXIT_CODE));
	assert_int_equal(f->source->counters.seen, 3);
}

/* A child that runs what its parent runs has executed nothing. */
static void test_a_mere_fork(void **state)
{
	struct fixture *f = *state;

	put(f, 5, 1, 100, 100, 0);
	open_source(f, EVENT_ALL, 0);
	put(f, 9, 5, 200, 100, 0);
	put(f, 10, 9, 200, 100, 0);
	next_round(f);
	assert_int_equal(f->kept.count, 2);
	assert_string_equal(kept_at(&f->kept, 0, EVENT_FORK, 9)->comm, "p100");
	(void)kept_at(&f->kept, 1, EVENT_FORK, 10);
	/* Then it executes. */
	put(f, 9, 5, 200, 101, 0);
	next_round(f);
	assert_int_equal(f->kept.count, 1);
	assert_string_equal(kept_at(&f->kept, 0, EVENT_EXEC, 9)->comm, "p101");
}

static void test_users(void **state)
{
	struct fixture *f = *state;

	put(f, 5, 1, 100, 100, 0);
	open_source(f, EVENT_ALL, 0);
	/* Old processes have their turn in one round of ten. */
	put(f, 5, 1, 100, 100, 2);
	for (int i = 0; i < 10 && !kept_find(&f->kept, EVENT_SETGID); i++)
		next_round(f);
	assert_int_equal(f->kept.count, 2);
	assert_int_equal(kept_at(&f->kept, 0, EVENT_SETUID, 5)->event.euid, 2);
	assert_int_equal(kept_at(&f->kept, 1, EVENT_SETGID, 5)->event.egid, 1);
	for (int i = 0; i < 10; i++) {
		next_round(f);
		assert_int_equal(f->kept.count, 0);
	}
}

static void test_an_old_process_that_executes(void **state)
{
	struct fixture *f = *state;

	put(f, 5, 1, 100, 100, 0);
	open_source(f, EVENT_BIT(EVENT_EXEC), 0);
	put(f, 5, 1, 100, 101, 7);
	for (int i = 0; i < 10 && !kept_find(&f->kept, EVENT_EXEC); i++)
		next_round(f);
	assert_int_equal(f->kept.count, 1);
	assert_int_equal(kept_at(&f->kept, 0, EVENT_EXEC, 5)->event.uid, 7);
}

/* The folder is another one: so may be the process. */
static void test_an_id_is_used_again(void **state)
{
	struct fixture *f = *state;

	put(f, 5, 1, 100, 100, 0);
	put(f, 6, 1, 100, 100, 0);
	open_source(f, EVENT_ALL, 0);
	take_away(f, 5);
	take_away(f, 6);
	put(f, 3, 1, 300, 99, 0); /* takes an inode number that has become free */
	put(f, 4, 1, 300, 99, 0);
	put(f, 5, 1, 300, 200, 0);
	put(f, 6, 1, 100, 100, 0); /* the same process, whose folder the kernel had forgotten */
	next_round(f);
	for (size_t i = 0; i < f->kept.count; i++)
		if (f->kept.events[i].event.pid == 5) {
			(void)kept_at(&f->kept, i, EVENT_EXIT, 5);
			(void)kept_at(&f->kept, i + 1, EVENT_FORK, 5);
			(void)kept_at(&f->kept, i + 2, EVENT_EXEC, 5);
			break;
		}
	assert_int_equal(f->kept.count, 7);
}

static void test_a_zombie(void **state)
{
	struct fixture *f = *state;

	put(f, 5, 1, 100, 100, 0);
	open_source(f, EVENT_ALL, 0);
	unit_write(f->folder, "proc/5/stat",
		   "5 (p) Z 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 100 0 0 0 0 0 0\n");
	unit_write(f->folder, "proc/8/stat",
		   "8 (p) Z 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 100 0 0 0 0 0 0\n");
	unit_write(f->folder, "proc/8/status", "");
	for (int i = 0; i < 10 && f->kept.count == 0; i++)
		next_round(f);
	assert_int_equal(f->kept.count, 1);
	(void)kept_at(&f->kept, 0, EVENT_EXIT, 5);
	/* Once is enough. */
	take_away(f, 5);
	for (int i = 0; i < 10; i++) {
		next_round(f);
		assert_int_equal(f->kept.count, 0);
	}
}

static void test_types(void **state)
{
	struct fixture *f = *state;

	open_source(f, EVENT_BIT(EVENT_EXIT), 0);
	put(f, 5, 1, 100, 100, 0);
	next_round(f);
	assert_int_equal(f->kept.count, 0);
	take_away(f, 5);
	next_round(f);
	assert_int_equal(f->kept.count, 1);

	assert_int_equal(procfs_source.set_types(f->source, 0, NULL), 0);
	assert_true(procfs_source.due(f->source) == UINT64_MAX);
	put(f, 6, 1, 100, 100, 0);
	assert_int_equal(procfs_source.set_types(f->source, EVENT_ALL, NULL), 0);
	next_round(f);
	assert_int_equal(f->kept.count, 0);
}

static void test_quiet(void **state)
{
	struct fixture *f = *state;

	open_source(f, EVENT_ALL, 5);
	put(f, 5, 1, 100, 100, 0);
	put(f, 6, 1, 100, 101, 0);
	next_round(f);
	assert_int_equal(f->kept.count, 2);
	(void)kept_at(&f->kept, 0, EVENT_FORK, 6);
}

static void test_not_before_it_is_due(void **state)
{
	struct fixture *f = *state;

	open_slow(f, EVENT_ALL, 0, UINT64_C(60000000000));
	put(f, 5, 1, 100, 100, 0);
	assert_true(procfs_source.due(f->source) > clock_monotonic());
	assert_int_equal(procfs_source.dispatch(f->source, NULL), 0);
	assert_int_equal(f->kept.count, 0);
}

static void take_report(const struct hook_report *report, void *userdata)
{
	*(enum hook_state *)userdata = report->state;
}

static void test_probe(void **state)
{
	struct fixture *f = *state;
	_cleanup_(error_done) struct error err = ERROR_INIT;
	enum hook_state hook = HOOK_NOT_BUILT;

	assert_int_equal(procfs_source.probe(f->host, take_report, &hook, &err), -ENOENT);
	assert_int_equal(hook, HOOK_REFUSED);
	assert_non_null(err.message);
	put(f, 5, 1, 100, 100, 0);
	assert_int_equal(procfs_source.probe(f->host, take_report, &hook, NULL), 0);
	assert_int_equal(hook, HOOK_WORKS);
}

static void wait_and_execute(int ready, int go, const void *data)
{
	child_ready(ready, go);
	execl("/usr/bin/sleep", "sleep", "60", (char *)NULL);
}

static void test_a_real_child(void **state)
{
	struct fixture *f = *state;
	struct child child;

	host_free(f->host);
	f->host = NULL;
	assert_int_equal(host_new(&f->host, NULL), 0);
	open_source(f, EVENT_ALL, 0);
	child = child_start(wait_and_execute, NULL);
	f->kept.pid = (uint32_t)child.pid;
	(void)run_until(f->source, &f->kept, EVENT_FORK);
	assert_null(kept_find(&f->kept, EVENT_EXEC));
	child_go(&child);
	assert_string_equal(run_until(f->source, &f->kept, EVENT_EXEC)->exe, "/usr/bin/sleep");
	child_end(&child);
	(void)run_until(f->source, &f->kept, EVENT_EXIT);
	assert_int_equal(f->kept.count, 3);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_what_there_was_is_not_told),
		CASE(test_a_life),
		CASE(test_a_mere_fork),
		CASE(test_users),
		CASE(test_an_old_process_that_executes),
		CASE(test_an_id_is_used_again),
		CASE(test_a_zombie),
		CASE(test_types),
		CASE(test_quiet),
		CASE(test_not_before_it_is_due),
		CASE(test_probe),
		CASE(test_a_real_child),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
