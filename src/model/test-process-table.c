// SPDX-License-Identifier: MIT
/* covers: process-entry.c */
#include "model/process-table.h"

#include "test/unit.h"

#include <malloc.h>

#define MS UINT64_C(1000000)
#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const uint32_t BOOT = 0x3f2a9c10;

static int set_up(void **state)
{
	struct process_table *table;

	if (process_table_new(BOOT, &table) < 0)
		return -1;
	*state = table;
	return 0;
}

static int tear_down(void **state)
{
	process_table_free(*state);
	return 0;
}

static struct event event_at(enum event_type type, uint32_t pid, uint64_t boottime)
{
	struct event event;

	memset(&event, 0xa5, sizeof(event)); /* members that are not known hold anything */
	event_init(&event, type, SOURCE_BPF);
	event_set(&event, PID, pid, pid);
	if (boottime)
		event_set(&event, BOOTTIME, boottime, boottime);
	return event;
}

static struct event fork_at(uint32_t pid, uint32_t ppid, uint64_t at, uint64_t start)
{
	struct event event = event_at(EVENT_FORK, pid, at);

	event_set(&event, PPID, ppid, ppid);
	if (start)
		event_set(&event, START, start, start);
	return event;
}

static struct event exec_at(uint32_t pid, uint64_t at, const char *exe)
{
	struct event event = event_at(EVENT_EXEC, pid, at);

	event_set(&event, EXE, exe, slice_of(exe));
	return event;
}

static int apply(void **state, struct event event)
{
	return process_table_apply(*state, &event);
}

static void assert_slice(struct slice slice, const char *wanted)
{
	if (!slice_eq(slice, slice_of(wanted)))
		fail_msg("\"%.*s\" instead of \"%s\"", (int)slice.size, slice.data, wanted);
}

static void test_a_life(void **state)
{
	struct process_table *table = *state;
	struct event event = event_at(EVENT_RUNNING, 100, 5000 * MS);
	const struct process *process;
	uint64_t exec;

	event_set(&event, START, start, 1000 * MS);
	event_set(&event, EXE, exe, slice_of("/bin/bash"));
	event_set(&event, COMM, comm, slice_of("bash"));
	event_set(&event, UID, uid, 1000);
	event_set(&event, GID, gid, 100);
	event_set(&event, CGROUP, cgroup, slice_of("/user.slice"));
	assert_int_equal(process_table_apply(table, &event), 0);
	assert_int_equal(event.exec_id.exec, 0);
	assert_int_equal(event.exec_id.start, 100);
	assert_int_equal(event.exec_id.boot, BOOT);

	event = fork_at(101, 100, 6000 * MS, 6000 * MS);
	assert_int_equal(process_table_apply(table, &event), 0);
	assert_true(event_knows(&event, FIELD_PARENT_ID));
	assert_int_equal(event.parent_id.pid, 100);
	assert_slice(event.exe, "/bin/bash");
	assert_slice(event.comm, "bash");
	assert_slice(event.cgroup, "/user.slice");
	assert_int_equal(event.uid, 1000);
	assert_false(event_knows(&event, FIELD_EUID));
	assert_true(event_knows(&event, FIELD_CONTAINER_RUNTIME));
	assert_int_equal(event.container_runtime.size, 0);

	event = exec_at(101, 6001 * MS, "/bin/ls");
	event_set(&event, COMM, comm, slice_of("ls"));
	assert_int_equal(process_table_apply(table, &event), 0);
	exec = event.exec_id.exec;
	assert_int_equal(exec, 6001000);
	assert_int_equal(event.ppid, 100);
	assert_int_equal(event.start, 6000 * MS);

	process = process_table_find(table, 101);
	assert_non_null(process);
	assert_int_equal(process->since, EVENT_FORK);
	assert_int_equal(process->execs, 1);
	assert_int_equal(process_table_size(table), 2);

	event = event_at(EVENT_EXIT, 101, 6500 * MS);
	assert_int_equal(process_table_apply(table, &event), 0);
	assert_slice(event.exe, "/bin/ls");
	assert_slice(event.comm, "ls");
	assert_int_equal(event.duration, 500 * MS);
	assert_int_equal(event.execs, 1);
	assert_int_equal(event.exec_id.exec, exec);
	assert_int_equal(process_table_size(table), 1);
	/* Held until the next event. */
	assert_non_null(process_table_find(table, 101));
	assert_true(process_table_descends(table, 101, 100));
	apply(state, event_at(EVENT_GAP, 0, 7000 * MS));
	assert_null(process_table_find(table, 101));
}

static void test_an_execution_without_names_leaves_no_old_ones(void **state)
{
	struct event event = exec_at(7, 10 * MS, "/bin/old");

	event_set(&event, COMM, comm, slice_of("old"));
	assert_int_equal(process_table_apply(*state, &event), 0);
	event = event_at(EVENT_EXEC, 7, 20 * MS);
	assert_int_equal(process_table_apply(*state, &event), 0);
	assert_false(event_knows(&event, FIELD_EXE));
	assert_false(event_knows(&event, FIELD_COMM));
	/* A failed one changes nothing. */
	apply(state, exec_at(7, 30 * MS, "/bin/new"));
	event = exec_at(7, 40 * MS, "/bin/tried");
	event.type = EVENT_FAILED;
	assert_int_equal(process_table_apply(*state, &event), 0);
	assert_slice(process_table_find(*state, 7)->exe, "/bin/new");
}

static void test_executions_differ(void **state)
{
	struct event a = event_at(EVENT_EXEC, 7, 10 * MS), b = event_at(EVENT_EXEC, 7, 10 * MS);
	struct event c = event_at(EVENT_EXEC, 7, 0);

	process_table_apply(*state, &a);
	process_table_apply(*state, &b);
	process_table_apply(*state, &c);
	assert_false(process_id_eq(&a.exec_id, &b.exec_id));
	assert_false(process_id_eq(&b.exec_id, &c.exec_id));
	assert_int_equal(process_table_find(*state, 7)->execs, 3);
	/* The source's own count is taken. */
	event_set(&a, EXEC_ID, exec_id, (struct process_id){ BOOT, 7, 1, 42 });
	process_table_apply(*state, &a);
	assert_int_equal(process_table_find(*state, 7)->id.exec, 42);
	/* So is another boot, of a recorded file; its children have it, too. */
	event_set(&a, EXEC_ID, exec_id, (struct process_id){ 77, 7, 1, 43 });
	process_table_apply(*state, &a);
	b = fork_at(8, 7, 20 * MS, 0);
	process_table_apply(*state, &b);
	assert_int_equal(b.parent_id.boot, 77);
}

static void test_a_reused_pid(void **state)
{
	struct process_table *table = *state;
	const struct process_table_counters *counters = process_table_counters(table);
	struct event event;

	/* By start times ... */
	apply(state, fork_at(7, 1, 1000 * MS, 1000 * MS));
	apply(state, exec_at(7, 1001 * MS, "/bin/a"));
	event = exec_at(7, 1500 * MS, "/bin/b");
	event_set(&event, START, start, 1400 * MS);
	assert_int_equal(process_table_apply(table, &event), 0);
	assert_int_equal(counters->reused, 1);
	assert_int_equal(process_table_size(table), 1);
	assert_int_equal(process_table_find(table, 7)->execs, 1);
	assert_slice(process_table_find(table, 7)->exe, "/bin/b");
	/* ... and by a fork, whose time alone is known. */
	apply(state, fork_at(7, 1, 2000 * MS, 0));
	assert_int_equal(counters->reused, 2);
	assert_int_equal(process_table_find(table, 7)->exe.size, 0);
	apply(state, fork_at(7, 1, 2001 * MS, 0));
	assert_int_equal(counters->reused, 3);
	/* Within the 10 ms that /proc counts in, where both are exact. */
	apply(state, fork_at(8, 1, 3002 * MS, 3002 * MS));
	apply(state, fork_at(8, 1, 3004 * MS, 3004 * MS));
	assert_int_equal(counters->reused, 4);
	assert_int_equal(counters->late, 0);
}

static void test_late_events(void **state)
{
	struct process_table *table = *state;
	const struct process_table_counters *counters = process_table_counters(table);
	struct event event;

	apply(state, fork_at(7, 1, 1000 * MS, 1000 * MS));
	apply(state, event_at(EVENT_EXIT, 7, 1100 * MS));
	assert_int_equal(process_table_size(table), 0);
	/* Told late, by the time or by the start. */
	apply(state, exec_at(7, 1050 * MS, "/bin/a"));
	event = exec_at(7, 0, "/bin/a");
	event_set(&event, START, start, 1000 * MS);
	process_table_apply(table, &event);
	assert_true(event_knows(&event, FIELD_EXEC_ID));
	/* A zombie that a scan finds, to 10 ms. */
	event = event_at(EVENT_RUNNING, 7, 1200 * MS);
	event_set(&event, START, start, 1000 * MS);
	assert_int_equal(process_table_apply(table, &event), 1);
	assert_int_equal(process_table_size(table), 0);
	assert_int_equal(counters->late, 3);
	/* A new one with its pid, that started in the same 10 ms. */
	apply(state, fork_at(7, 1, 1101 * MS, 1101 * MS));
	assert_int_equal(process_table_size(table), 1);
	/* Of the one before, while the pid is another's. */
	event = event_at(EVENT_EXIT, 7, 1100 * MS);
	process_table_apply(table, &event);
	event = event_at(EVENT_EXIT, 7, 1150 * MS);
	event_set(&event, START, start, 1000 * MS);
	process_table_apply(table, &event);
	assert_int_equal(process_table_size(table), 1);
	assert_int_equal(counters->late, 5);
}

static void test_a_fork_that_comes_after_the_scan(void **state)
{
	struct process_table *table = *state;
	struct event event = event_at(EVENT_RUNNING, 7, 1005 * MS);

	event_set(&event, START, start, 1000 * MS); /* in ticks */
	event_set(&event, EXE, exe, slice_of("/bin/a"));
	process_table_apply(table, &event);
	apply(state, fork_at(7, 1, 1003 * MS, 0));
	event = fork_at(7, 1, 1003 * MS, 1002 * MS + 17);
	process_table_apply(table, &event);
	assert_int_equal(process_table_counters(table)->reused, 0);
	assert_int_equal(process_table_find(table, 7)->start_ns, 1002 * MS + 17);
	assert_int_equal(process_table_find(table, 7)->id.start, 100);
	assert_slice(process_table_find(table, 7)->exe, "/bin/a");
	/* Known since an execution; the fork before it comes later. */
	apply(state, exec_at(8, 2000 * MS, "/bin/b"));
	apply(state, fork_at(8, 1, 1999 * MS, 0));
	assert_slice(process_table_find(table, 8)->exe, "/bin/b");
	assert_int_equal(process_table_find(table, 8)->ppid, 1);
}

static void test_unknown_ones(void **state)
{
	struct process_table *table = *state;
	struct event event = event_at(EVENT_EXIT, 9, 100 * MS), gap;

	process_table_apply(table, &event);
	assert_false(event_knows(&event, FIELD_EXEC_ID));
	assert_false(event_knows(&event, FIELD_DURATION));
	event = event_at(EVENT_EXIT, 11, 100 * MS);
	event_set(&event, START, start, 50 * MS);
	process_table_apply(table, &event);
	assert_int_equal(event.exec_id.start, 5);
	assert_int_equal(event.duration, 50 * MS);
	assert_int_equal(process_table_size(table), 0);
	apply(state, event_at(EVENT_SETUID, 10, 100 * MS));
	assert_int_equal(process_table_size(table), 1);
	assert_int_equal(process_table_counters(table)->unknown, 3);
	event_init(&gap, EVENT_GAP, SOURCE_BPF);
	assert_int_equal(process_table_apply(table, &gap), 0);
	event_init(&gap, EVENT_EXEC, SOURCE_BPF);
	assert_int_equal(process_table_apply(table, &gap), 0);
	assert_int_equal(process_table_size(table), 1);
}

static void test_containers(void **state)
{
	static const char v1[] = "name=systemd:/\0pids:/docker/" ID;
	struct event event = exec_at(7, 10 * MS, "/bin/a");

	event_set(&event, CGROUP, cgroup, slice_of("/"));
	process_table_apply(*state, &event);
	assert_true(event_knows(&event, FIELD_CONTAINER_RUNTIME));
	assert_int_equal(event.container_runtime.size, 0);
	assert_false(event_knows(&event, FIELD_CONTAINER_ID));
	/* What is not told stays: the v2 path beside a new v1 list. */
	event = event_at(EVENT_SETUID, 7, 20 * MS);
	event_set(&event, CGROUP_V1, cgroup_v1, (struct slice){ v1, sizeof(v1) });
	process_table_apply(*state, &event);
	assert_slice(event.cgroup, "/");
	assert_slice(event.container_runtime, "docker");
	assert_slice(event.container_id, ID);
	/* The child has it, too, and tells it at its end. */
	apply(state, fork_at(8, 7, 30 * MS, 30 * MS));
	apply(state, event_at(EVENT_EXIT, 7, 31 * MS));
	event = event_at(EVENT_EXIT, 8, 40 * MS);
	process_table_apply(*state, &event);
	assert_slice(event.container_id, ID);
	assert_int_equal(event.cgroup_v1.size, sizeof(v1));
}

static void test_trees(void **state)
{
	struct process_table *table = *state;
	struct process_id root;

	apply(state, fork_at(10, 1, 100 * MS, 100 * MS));
	root = process_table_find(table, 10)->id;
	apply(state, fork_at(11, 10, 110 * MS, 110 * MS));
	apply(state, fork_at(12, 11, 120 * MS, 120 * MS));
	assert_true(process_table_descends(table, 12, 10));
	assert_true(process_table_descends(table, 12, 12));
	assert_false(process_table_descends(table, 10, 12));
	assert_false(process_table_descends(table, 99, 10));
	/* Those between end; whoever adopts the last is not whom it descends from. */
	apply(state, event_at(EVENT_EXIT, 11, 130 * MS));
	apply(state, event_at(EVENT_EXIT, 10, 140 * MS));
	apply(state, fork_at(13, 12, 150 * MS, 150 * MS));
	assert_true(process_table_in_tree(table, 13, &root));
	assert_int_equal(process_table_find(table, 12)->parent_id.pid, 11);
	/* The root's pid is another's by now. */
	apply(state, fork_at(10, 1, 160 * MS, 160 * MS));
	apply(state, fork_at(14, 10, 170 * MS, 170 * MS));
	assert_false(process_table_in_tree(table, 14, &root));
	assert_true(process_table_descends(table, 14, 10));
	assert_true(process_table_in_tree(table, 13, &root));
}

static void test_parents_that_are_found_later(void **state)
{
	struct process_table *table = *state;
	struct event event = event_at(EVENT_RUNNING, 20, 500 * MS);

	process_table_repair_begin(table);
	event_set(&event, START, start, 200 * MS);
	event_set(&event, PPID, ppid, 30);
	process_table_apply(table, &event);
	assert_false(event_knows(&event, FIELD_PARENT_ID));
	event = event_at(EVENT_RUNNING, 30, 501 * MS);
	event_set(&event, START, start, 100 * MS);
	event_set(&event, PPID, ppid, 20); /* nonsense must make no circle */
	process_table_apply(table, &event);
	process_table_repair_end(table, NULL);
	assert_true(process_table_descends(table, 20, 30));
	assert_false(process_table_descends(table, 30, 20));
	assert_int_equal(process_table_find(table, 20)->parent_id.pid, 30);
}

struct told {
	unsigned count;
	struct event last;
	char exe[64];
};

static void on_told(struct event *event, void *userdata)
{
	struct told *told = userdata;

	told->count++;
	told->last = *event;
	snprintf(told->exe, sizeof(told->exe), "%.*s", (int)event->exe.size, event->exe.data);
}

static struct event running(uint32_t pid, const char *exe, uint32_t uid)
{
	struct event event = event_at(EVENT_RUNNING, pid, 0);

	event_set(&event, START, start, pid * 100 * MS);
	event_set(&event, EXE, exe, slice_of(exe));
	event_set(&event, UID, uid, uid);
	event_set(&event, PPID, ppid, 1);
	return event;
}

static void test_repair(void **state)
{
	struct process_table *table = *state;
	struct told told = { 0 };
	struct event_sink sink = { on_told, &told };
	struct event event;

	apply(state, fork_at(1, 0, 100 * MS, 100 * MS));
	apply(state, fork_at(2, 9, 200 * MS, 200 * MS));
	apply(state, exec_at(2, 201 * MS, "/bin/two"));
	apply(state, fork_at(3, 2, 300 * MS, 300 * MS));
	process_table_repair_begin(table);
	assert_int_equal(apply(state, running(1, "/bin/init", 0)), 1); /* learnt, no news */
	assert_int_equal(apply(state, running(1, "/bin/init", 0)), 1);
	assert_int_equal(apply(state, running(1, "/bin/init", 5)), 0);
	assert_int_equal(apply(state, running(4, "/bin/four", 0)), 0);
	apply(state, event_at(EVENT_SETUID, 3, 400 * MS)); /* lives, though the scan missed it */
	assert_int_equal(process_table_repair_end(table, &sink), 1);
	assert_int_equal(told.count, 1);
	assert_int_equal(told.last.type, EVENT_EXIT);
	assert_int_equal(told.last.pid, 2);
	assert_true(told.last.flags & FLAG_INFERRED);
	assert_int_equal(told.last.boottime, 400 * MS);
	assert_false(event_knows(&told.last, FIELD_DURATION));
	assert_false(event_knows(&told.last, FIELD_EXIT_CODE));
	assert_string_equal(told.exe, "/bin/two");
	assert_int_equal(process_table_size(table), 3);
	assert_true(process_table_descends(table, 3, 2));

	/* An execution that was missed gets an id of its own. */
	process_table_repair_begin(table);
	event = running(4, "/bin/other", 0);
	assert_int_equal(process_table_apply(table, &event), 0);
	assert_int_not_equal(event.exec_id.exec, 0);
	assert_int_equal(process_table_repair_end(table, NULL), 2);
	assert_int_equal(process_table_size(table), 1);
}

static int in_order(const struct process *process, void *userdata)
{
	uint32_t *last = userdata;

	assert_true(process->id.pid > *last);
	*last = process->id.pid;
	return *last == 5000 ? 17 : 0;
}

static void test_all_in_order(void **state)
{
	uint32_t last = 0;

	for (uint32_t pid = 9999; pid > 0; pid--)
		apply(state, exec_at(pid, 10 * MS, "/bin/a"));
	assert_int_equal(process_table_each(*state, in_order, &last), 17);
	assert_int_equal(last, 5000);
}

/* What a host with many containers looks like: a hundred, with all names of their own. */
static struct event crowd(uint32_t i, char *exe, char *v2, size_t room)
{
	struct event event = fork_at(1000 + i, 1, i * MS, i * MS);

	snprintf(exe, room, "/usr/lib/some/where/program-%u", i % 1000);
	snprintf(v2, room, "/kubepods.slice/kubepods-burstable.slice/cri-containerd-%064x.scope",
		 i % 100);
	event_set(&event, EXE, exe, slice_of(exe));
	event_set(&event, COMM, comm, slice_of("program"));
	event_set(&event, CGROUP, cgroup, slice_of(v2));
	return event;
}

static void test_memory(void **state)
{
	enum { MANY = 32000 };
	struct process_table *table = *state;
	size_t before = mallinfo2().uordblks, each;
	char exe[128], v2[128];

	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(apply(state, crowd(i, exe, v2, sizeof(exe))), 0);
	each = (mallinfo2().uordblks - before) / MANY;
	print_message("# %zu bytes a process\n", each);
	assert_true(each < 700);
	/* A chain of processes that each end after having made the next holds no memory for ever.
	 */
	before = mallinfo2().uordblks;
	for (uint32_t i = 0; i < 1000000; i++) {
		uint32_t pid = 100000 + i % 50000;

		apply(state, fork_at(pid, i ? 100000 + (i - 1) % 50000 : 1, (MANY + i) * MS,
				     (MANY + i) * MS));
		if (i > 0)
			apply(state,
			      event_at(EVENT_EXIT, 100000 + (i - 1) % 50000, (MANY + i) * MS + 1));
	}
	assert_int_equal(process_table_size(table), MANY + 1);
	assert_true(mallinfo2().uordblks - before < 20 << 20);
	assert_int_equal(process_table_counters(table)->reused, 0);
	assert_int_equal(process_table_counters(table)->late, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		CASE(test_a_life),
		CASE(test_an_execution_without_names_leaves_no_old_ones),
		CASE(test_executions_differ),
		CASE(test_a_reused_pid),
		CASE(test_late_events),
		CASE(test_a_fork_that_comes_after_the_scan),
		CASE(test_unknown_ones),
		CASE(test_containers),
		CASE(test_trees),
		CASE(test_parents_that_are_found_later),
		CASE(test_repair),
		CASE(test_all_in_order),
		CASE(test_memory),
#undef CASE
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
