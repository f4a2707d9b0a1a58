// SPDX-License-Identifier: MIT
#include "core/facts-event.h"

#include "test/unit.h"

static bool knows(const struct facts *facts, enum fact_part part)
{
	return facts->known >> part & 1;
}

static void test_parts(void **state)
{
	struct facts facts = { 0 };
	struct event event;

	event_init(&event, EVENT_EXEC, SOURCE_BPF);
	event_set(&event, PID, pid, 12);
	event_set(&event, UID, uid, 5);
	event_set(&event, GID, gid, 6);
	event_set(&event, EUID, euid, 0);
	event_set(&event, EXE, exe, slice_of("/bin/sh"));
	event_set(&event, SCRIPT, script, slice_of("/x/run"));
	event_set(&event, TIME, time, UINT64_C(7000000001));
	event_flag(&event, FLAG_MEMFD | FLAG_ARGV_CUT);
	facts_take_event(&facts, &event, NULL);
	assert_int_equal(facts.pid, 12);
	assert_true(knows(&facts, FACT_IDS));
	assert_int_equal(facts.uid, 5);
	assert_int_equal(facts.euid, 0);
	assert_int_equal(facts.egid, 6);
	assert_int_equal(facts.loginuid, UINT32_MAX);
	assert_true(knows(&facts, FACT_EXE));
	assert_true(knows(&facts, FACT_SCRIPT));
	assert_memory_equal(facts.script.data, "/x/run", facts.script.size);
	/* Where the first line is not told, what runs is the interpreter. */
	assert_memory_equal(facts.interpreter.data, "/bin/sh", facts.interpreter.size);
	assert_true(knows(&facts, FACT_FILE_FLAGS));
	assert_true(facts.memfd && facts.argv_cut);
	assert_false(facts.deleted);
	assert_int_equal(facts.time, 7);
	assert_false(knows(&facts, FACT_GROUPS));
	assert_false(knows(&facts, FACT_ARGUMENTS));
	assert_false(knows(&facts, FACT_CWD));
	assert_false(knows(&facts, FACT_CGROUP));
	assert_false(knows(&facts, FACT_NAMESPACES));
	assert_false(knows(&facts, FACT_ANCESTORS));
}

static void test_nothing_known(void **state)
{
	struct facts facts = { 0 };
	struct event event;

	event_init(&event, EVENT_EXIT, SOURCE_CONNECTOR);
	facts_take_event(&facts, &event, NULL);
	assert_int_equal(facts.known, 0);
	assert_int_equal(facts.pid, 0);
}

static void fork_of(struct process_table *table, uint32_t pid, uint32_t ppid, const char *exe)
{
	struct event event;

	event_init(&event, EVENT_RUNNING, SOURCE_PROCFS);
	event_set(&event, PID, pid, pid);
	event_set(&event, PPID, ppid, ppid);
	event_set(&event, START, start, pid * UINT64_C(1000000));
	event_set(&event, EXE, exe, slice_of(exe));
	assert_true(process_table_apply(table, &event) >= 0);
}

static void test_ancestors(void **state)
{
	_cleanup_(process_table_freep) struct process_table *table = NULL;
	struct facts facts = { 0 };
	struct event event;

	assert_int_equal(process_table_new(1, &table), 0);
	fork_of(table, 1, 0, "/sbin/init");
	fork_of(table, 20, 1, "/usr/sbin/sshd");
	fork_of(table, 30, 20, "/bin/bash");
	event_init(&event, EVENT_FORK, SOURCE_BPF);
	event_set(&event, PID, pid, 40);
	event_set(&event, PPID, ppid, 30);
	facts_take_event(&facts, &event, table);
	assert_true(knows(&facts, FACT_ANCESTORS));
	assert_int_equal(facts.ancestor_count, 3);
	assert_int_equal(facts.ancestors[0].pid, 30);
	assert_memory_equal(facts.ancestors[1].exe.data, "/usr/sbin/sshd", 14);
	assert_int_equal(facts.ancestors[2].pid, 1);
}

static void test_occasions(void **state)
{
	assert_int_equal(occasion_of_event(EVENT_SETUID), ON_SETUID);
	assert_int_equal(occasion_of_event(EVENT_GAP), -1);
	assert_int_equal(events_of_occasions(OCCASION_BIT(ON_EXIT) | OCCASION_BIT(ON_OOM)),
			 EVENT_BIT(EVENT_EXIT) | EVENT_BIT(EVENT_OOM));
	assert_int_equal(events_of_occasions(OCCASIONS_OF_FILES), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_nothing_known),
		cmocka_unit_test(test_ancestors),
		cmocka_unit_test(test_occasions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
