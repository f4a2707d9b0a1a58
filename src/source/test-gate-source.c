// SPDX-License-Identifier: MIT
/*
 * Needs root. Every execution of the machine passes while it runs.
 * covers: gate-event.c gate-executions.c gate-record.c
 */
#include "source/gate-source.h"

#include "test/unit.h"

#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct {
	struct host *host;
	struct source *source;
	uint32_t pid;
	unsigned counts[EVENT_TYPES];
	struct event last;
	char exe[256], script[256], interpreter[256], filename[256], cwd[256];
	size_t argv_size;
} test;

static void keep(const struct event *event, enum event_field field, struct slice slice,
		 char text[static 256])
{
	size_t size = event_knows(event, field) ? MIN(slice.size, (size_t)255) : 0;

	if (size > 0)
		memcpy(text, slice.data, size);
	text[size] = '\0';
}

static void on_event(struct event *event, void *userdata)
{
	if (event->type != EVENT_GAP && test.pid && event->pid != test.pid)
		return;
	test.counts[event->type]++;
	test.last = *event;
	keep(event, FIELD_EXE, event->exe, test.exe);
	keep(event, FIELD_SCRIPT, event->script, test.script);
	keep(event, FIELD_INTERPRETER, event->interpreter, test.interpreter);
	keep(event, FIELD_FILENAME, event->filename, test.filename);
	keep(event, FIELD_CWD, event->cwd, test.cwd);
	test.argv_size = event_knows(event, FIELD_ARGV) ? event->argv.size : 0;
}

static int setup(void **state)
{
	memset(test.counts, 0, sizeof(test.counts));
	test.pid = 0;
	assert_int_equal(host_new(&test.host, NULL), 0);
	return 0;
}

static int teardown(void **state)
{
	source_free(test.source);
	test.source = NULL;
	host_free(test.host);
	return 0;
}

static void open_source(uint32_t types)
{
	const struct source_options options = {
		.host = test.host,
		.sink = { on_event, NULL },
		.types = types,
	};
	_cleanup_(error_done) struct error err = ERROR_INIT;

	if (gate_source.open(&options, &test.source, &err) < 0)
		fail_msg("%s", error_text(&err));
}

static void run(enum event_type type, unsigned count, int ms)
{
	uint64_t end = clock_monotonic() + (uint64_t)ms * 1000000;
	struct pollfd poller = { .fd = gate_source.fd(test.source), .events = POLLIN };

	while (test.counts[type] < count && clock_monotonic() < end) {
		uint64_t now = clock_monotonic(), due = MIN(gate_source.due(test.source), end);

		(void)poll(&poller, 1, due > now ? (int)((due - now) / 1000000) + 1 : 0);
		if (poller.revents || clock_monotonic() >= gate_source.due(test.source))
			assert_true(gate_source.dispatch(test.source, NULL) >= 0);
	}
}

static pid_t begin_child(void (*function)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		usleep(50000); /* until the parent has noted whose events count */
		function();
		usleep(300000);
		_exit(99);
	}
	test.pid = (uint32_t)pid;
	return pid;
}

static void child(void (*function)(void), enum event_type type)
{
	pid_t pid = begin_child(function);

	run(type, 1, 5000);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void run_sleep(void)
{
	if (chdir("/usr") == 0)
		execl("bin/sleep", "sleep", "0.3", (char *)NULL);
}

static void test_an_execution(void **state)
{
	unit_need_root();
	open_source(EVENT_BIT(EVENT_EXEC));
	child(run_sleep, EVENT_EXEC);
	assert_int_equal(test.counts[EVENT_EXEC], 1);
	assert_int_equal(test.last.source, SOURCE_GATE);
	assert_string_equal(test.exe, "/usr/bin/sleep");
	assert_string_equal(test.cwd, "/usr");
	assert_int_equal(test.argv_size, 10);
	assert_int_equal(test.last.ppid, getpid());
	assert_int_equal(test.last.euid, 0);
	assert_true(event_knows(&test.last, FIELD_START));
	assert_true(event_knows(&test.last, FIELD_CGROUP_V1));
	assert_false(event_knows(&test.last, FIELD_SCRIPT));
	assert_int_equal(test.last.flags, 0);
	/* The loader is no execution of its own. */
	run(EVENT_EXEC, 2, 100);
	assert_int_equal(test.counts[EVENT_EXEC], 1);
	assert_int_equal(test.source->counters.lost, 0);
}

static char script_path[256];

static void run_script(void)
{
	execl(script_path, script_path, (char *)NULL);
}

static void test_a_script(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = NULL;
	_cleanup_(freep) char *inner = NULL, *outer = NULL, *text = NULL;

	unit_need_root();
	folder = unit_folder_new();
	inner = unit_path(folder, "inner");
	outer = unit_path(folder, "outer");
	unit_write(folder, "inner", "#!/bin/sh\nsleep 0.3\nexit\n");
	assert_true(asprintf(&text, "#!%s\n", inner) > 0);
	unit_write(folder, "outer", text);
	assert_int_equal(chmod(inner, 0755) | chmod(outer, 0755), 0);
	snprintf(script_path, sizeof(script_path), "%s", outer);
	open_source(EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_FAILED));
	child(run_script, EVENT_EXEC);
	assert_int_equal(test.counts[EVENT_EXEC], 1);
	assert_int_equal(test.counts[EVENT_FAILED], 0);
	assert_string_equal(test.script, outer);
	assert_string_equal(test.interpreter, "/bin/sh");
	assert_string_not_equal(test.exe, outer);
}

static void run_garbage(void)
{
	execl(script_path, script_path, (char *)NULL);
	execl("/bin/sleep", "sleep", "0.3", (char *)NULL);
}

static void test_a_failure(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = NULL;
	_cleanup_(freep) char *path = NULL;

	unit_need_root();
	folder = unit_folder_new();
	path = unit_path(folder, "garbage");
	unit_write(folder, "garbage",
		   "\177ELF but not really, and long enough to have a header, "
		   "which says nothing that could be executed");
	assert_int_equal(chmod(path, 0755), 0);
	snprintf(script_path, sizeof(script_path), "%s", path);
	open_source(EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_FAILED));
	child(run_garbage, EVENT_EXEC);
	assert_int_equal(test.counts[EVENT_FAILED], 1);
	assert_int_equal(test.counts[EVENT_EXEC], 1);
	assert_string_equal(test.exe, "/usr/bin/sleep");
}

enum { STORM = 500 };

static void run_storm(void)
{
	for (int i = 0; i < STORM; i++) {
		pid_t pid = vfork();

		if (pid == 0) {
			execl("/bin/true", "true", (char *)NULL);
			_exit(1);
		}
		(void)waitpid(pid, NULL, 0);
	}
	_exit(0);
}

static void test_a_storm(void **state)
{
	pid_t pid;

	unit_need_root();
	open_source(EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_FAILED));
	pid = begin_child(run_storm);
	test.pid = 0;
	run(EVENT_EXEC, STORM, 20000);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(test.counts[EVENT_EXEC] >= STORM);
	assert_int_equal(test.counts[EVENT_GAP], 0);
}

static void test_a_loop_that_does_not_read(void **state)
{
	unsigned lost;
	pid_t pid;

	unit_need_root();
	open_source(EVENT_BIT(EVENT_EXEC));
	/* 1,500 executions need more than the rings have; nobody is held up by that. */
	for (int i = 0; i < 3; i++) {
		pid = begin_child(run_storm);
		test.pid = 0;
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
	run(EVENT_GAP, 1, 3000);
	lost = (unsigned)test.source->counters.lost;
	run(EVENT_EXEC, 3 * STORM, 300);
	assert_true(test.counts[EVENT_EXEC] + lost >= 3 * STORM);
}

static void test_asked_for_nothing(void **state)
{
	unit_need_root();
	open_source(0);
	assert_null(gate_source_gate(test.source));
	assert_int_equal(gate_source.set_types(test.source, EVENT_BIT(EVENT_EXEC), NULL), 0);
	assert_non_null(gate_source_gate(test.source));
	child(run_sleep, EVENT_EXEC);
	assert_int_equal(test.counts[EVENT_EXEC], 1);
	assert_int_equal(gate_source.set_types(test.source, 0, NULL), 0);
	assert_null(gate_source_gate(test.source));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_an_execution),
		CASE(test_a_script),
		CASE(test_a_failure),
		CASE(test_a_storm),
		CASE(test_a_loop_that_does_not_read),
		CASE(test_asked_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
