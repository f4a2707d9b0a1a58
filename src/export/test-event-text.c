// SPDX-License-Identifier: MIT
/* covers: event-value.c */
#include "export/event-text.h"

#include "test/unit.h"

#include <signal.h>
#include <sys/sysmacros.h>
#include <time.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct event event_of(enum event_type type)
{
	struct event event;

	event_init(&event, type, SOURCE_BPF);
	event_set(&event, TIME, time, UINT64_C(1795331743123456789));
	event_set(&event, PID, pid, 4711);
	event_set(&event, UID, uid, 1000);
	event_set(&event, USER, user, slice_of("alice"));
	event_set(&event, CONTAINER_RUNTIME, container_runtime, (struct slice){ 0 });
	event_set(&event, EXE, exe, slice_of("/usr/bin/ls"));
	return event;
}

static void assert_line(const struct event *event, const char *fields, bool colour, unsigned width,
			const char *wanted)
{
	_cleanup_(text_done) struct text text = { 0 };
	struct selection selection;
	struct event_text format;

	if (fields)
		assert_int_equal(selection_parse(fields, &selection, NULL), 0);
	event_text_init(&format, fields ? &selection : NULL, colour, width);
	if (event)
		assert_int_equal(event_text_add(&format, event, &text), 0);
	else
		assert_int_equal(event_text_header(&format, &text), 0);
	assert_string_equal(text.data, wanted);
}

#define HEAD(type) "07:15:43.123 " type " 4711    alice      -            "

static void test_executions(void **state)
{
	static const char argv[] = "ls\0-l\0a b\0\0\"x\"\0\x1b[31m";
	struct event event = event_of(EVENT_EXEC);

	assert_line(NULL, NULL, false, 0,
		    "TIME         TYPE     PID     USER       CONTAINER    WHAT\n");
	assert_line(&event, NULL, false, 0, HEAD("exec    ") "/usr/bin/ls\n");
	event_set(&event, ARGV, argv, (struct slice){ argv, sizeof(argv) });
	assert_line(&event, NULL, false, 0,
		    HEAD("exec    ") "/usr/bin/ls -l \"a b\" \"\" '\"x\"' \\x1b[31m\n");
	event_flag(&event, FLAG_ARGV_CUT);
	event_set(&event, ARGV, argv, (struct slice){ argv, 6 });
	assert_line(&event, NULL, false, 0, HEAD("exec    ") "/usr/bin/ls -l ...\n");
	event.type = EVENT_RUNNING;
	event.argv.size = 3;
	event.flags = 0;
	assert_line(&event, NULL, false, 0, HEAD("running ") "/usr/bin/ls\n");
}

static void test_containers_and_users(void **state)
{
	struct event event = event_of(EVENT_EXEC);

	event_forget(&event, FIELD_USER);
	event_set(&event, CONTAINER_RUNTIME, container_runtime, slice_of("docker"));
	event_set(&event, CONTAINER_ID, container_id, slice_of(ID));
	assert_line(&event, NULL, false, 0,
		    "07:15:43.123 exec     4711    1000       0123456789ab /usr/bin/ls\n");
	event_set(&event, CONTAINER_ID, container_id, slice_of("a-long-machine\x1b"));
	event_forget(&event, FIELD_UID);
	assert_line(&event, NULL, false, 0,
		    "07:15:43.123 exec     4711    -          a-long-machine\\x1b /usr/bin/ls\n");
	event_forget(&event, FIELD_CONTAINER_RUNTIME);
	event_forget(&event, FIELD_TIME);
	event_forget(&event, FIELD_EXE);
	assert_line(&event, NULL, false, 0,
		    "             exec     4711    -          ?            ?\n");
}

static void test_ends(void **state)
{
	struct event event = event_of(EVENT_EXIT);

	assert_line(&event, NULL, false, 0, HEAD("exit    ") "/usr/bin/ls\n");
	event_set(&event, EXIT_CODE, exit_code, 2);
	event_set(&event, DURATION, duration, 1500000000);
	event_set(&event, USER_TIME, user_time, 2000000);
	event_set(&event, SYSTEM_TIME, system_time, 1000000);
	assert_line(&event, NULL, false, 0,
		    HEAD("exit    ") "/usr/bin/ls exit 2 after 1.5s, 3ms cpu\n");
	event_set(&event, SIGNAL, signal, SIGSEGV);
	event_flag(&event, FLAG_CORE);
	event_forget(&event, FIELD_DURATION);
	event_forget(&event, FIELD_USER_TIME);
	assert_line(&event, NULL, false, 0, HEAD("exit    ") "/usr/bin/ls SIGSEGV core dumped\n");
	event.signal = 200;
	event.flags = FLAG_INFERRED;
	assert_line(&event, NULL, false, 0,
		    HEAD("exit    ") "/usr/bin/ls gone, unseen signal 200\n");
}

static void test_the_other_types(void **state)
{
	struct event event = event_of(EVENT_FORK);

	event_set(&event, PPID, ppid, 42);
	assert_line(&event, NULL, false, 0, HEAD("fork    ") "/usr/bin/ls from 42\n");
	event = event_of(EVENT_SETUID);
	event_set(&event, EUID, euid, 0);
	assert_line(&event, NULL, false, 0, HEAD("setuid  ") "/usr/bin/ls uid 1000 euid 0\n");
	event = event_of(EVENT_SETGID);
	event_set(&event, EGID, egid, 5);
	assert_line(&event, NULL, false, 0, HEAD("setgid  ") "/usr/bin/ls egid 5\n");
	event = event_of(EVENT_CHDIR);
	event_set(&event, CWD, cwd, slice_of("/tmp"));
	assert_line(&event, NULL, false, 0, HEAD("chdir   ") "/usr/bin/ls in /tmp\n");
	event = event_of(EVENT_OOM);
	assert_line(&event, NULL, false, 0, HEAD("oom     ") "/usr/bin/ls\n");
	event = event_of(EVENT_COREDUMP);
	event_set(&event, SIGNAL, signal, SIGABRT);
	assert_line(&event, NULL, false, 0, HEAD("coredump") "/usr/bin/ls SIGABRT\n");
	event = event_of(EVENT_FAILED);
	event_set(&event, ERROR, error, ENOENT);
	event_set(&event, FILENAME, filename, slice_of("./no such"));
	assert_line(&event, NULL, false, 0,
		    HEAD("failed  ") "ENOENT \"./no such\" by /usr/bin/ls\n");
	event.error = 9999;
	event_forget(&event, FIELD_FILENAME);
	event_forget(&event, FIELD_EXE);
	assert_line(&event, NULL, false, 0, HEAD("failed  ") "9999 ? by ?\n");
}

static void test_gaps_and_sources(void **state)
{
	struct event event;

	event_init(&event, EVENT_GAP, SOURCE_BPF);
	assert_line(&event, NULL, false, 0, "             gap      events lost by bpf\n");
	event_set(&event, LOST, lost, 17);
	event_set(&event, REASON, reason, slice_of("the ring was full"));
	assert_line(&event, NULL, false, 0,
		    "             gap      17 events lost by bpf: the ring was full\n");
	event.type = EVENT_SOURCE;
	assert_line(&event, NULL, false, 0, "             source   bpf: the ring was full\n");
}

static void test_colours_and_widths(void **state)
{
	struct event event = event_of(EVENT_EXEC);

	assert_line(&event, NULL, true, 0,
		    "07:15:43.123 \033[32mexec\033[0m     4711    alice      -            "
		    "/usr/bin/ls\n");
	assert_line(&event, NULL, false, 65, HEAD("exec    ") "/usr/bin/ls\n");
	assert_line(&event, NULL, false, 64, HEAD("exec    ") "/usr/bin/…\n");
	assert_line(&event, NULL, true, 20, "07:15:43.123 \033[32mexec\033[0m  …\033[0m\n");
	event_set(&event, EXE, exe, slice_of("/\xc3\xa9\xc3\xa9\xc3\xa9"));
	assert_line(&event, NULL, false, 58, HEAD("exec    ") "/\xc3\xa9\xc3\xa9\xc3\xa9\n");
	assert_line(&event, NULL, false, 57, HEAD("exec    ") "/\xc3\xa9…\n");
	assert_line(&event, NULL, false, 1, "…\n");
	event = event_of(EVENT_EXIT);
	event_set(&event, EXIT_CODE, exit_code, 1);
	assert_line(&event, "type", true, 0, "\033[33mexit\033[0m\n");
}

static void test_selections(void **state)
{
	static const char v1[] = "cpu:/a\0pids:/b";
	struct event event = event_of(EVENT_EXEC);

	assert_line(NULL, "pid,type,exe", false, 0, "type     pid     exe\n");
	assert_line(&event, "pid,type,exe", false, 0, "exec     4711    /usr/bin/ls\n");
	assert_line(&event, "time,source,ppid,uid", false, 0,
		    "bpf       07:15:43.123 -       1000\n");
	event_set(&event, DEV, dev, makedev(8, 1));
	event_set(&event, MODE, mode, 0100755);
	event_flag(&event, FLAG_MEMFD | FLAG_SETUID);
	assert_line(&event, "dev,mode,flags", false, 0, "8:1     0100755 memfd,setuid\n");
	event_set(&event, CAPS_GAINED, caps_gained, 1 | UINT64_C(1) << 63);
	assert_line(&event, "caps_gained", false, 0, "CAP_CHOWN,63\n");
	event_set(&event, DURATION, duration, 1500000000);
	assert_line(&event, "duration", false, 0, "1.5s\n");
	event_set(&event, BOOTTIME, boottime, UINT64_C(70123456789));
	assert_line(&event, "boottime", false, 0, "70.123456\n");
	event_set(&event, EXEC_ID, exec_id, (struct process_id){ 0x3f2a9c10, 1234, 0x5e3c1, 2 });
	assert_line(&event, "exec_id", false, 0, "3f2a9c10-5e3c1-1234.2\n");
	event_set(&event, CGROUP_V1, cgroup_v1, (struct slice){ v1, sizeof(v1) });
	assert_line(&event, "cgroup_v1", false, 0, "cpu:/a pids:/b\n");
	assert_line(&event, "container", false, 0, "-                    -                    -\n");
	event_set(&event, EXIT_CODE, exit_code, -1);
	assert_line(&event, "exit_code,inode", false, 0, "-          -1\n");
}

static void test_nothing_acts_on_the_terminal(void **state)
{
	struct event event = event_of(EVENT_EXEC);
	_cleanup_(text_done) struct text text = { 0 };
	struct event_text format;
	char wild[256];

	for (unsigned i = 0; i < sizeof(wild); i++)
		wild[i] = (char)i;
	event_set(&event, EXE, exe, (struct slice){ wild, sizeof(wild) });
	event_set(&event, USER, user, (struct slice){ wild, sizeof(wild) });
	event_set(&event, CONTAINER_RUNTIME, container_runtime, slice_of("lxc"));
	event_set(&event, CONTAINER_ID, container_id, (struct slice){ wild, sizeof(wild) });
	event_set(&event, ARGV, argv, (struct slice){ wild, sizeof(wild) });
	event_text_init(&format, NULL, false, 0);
	assert_int_equal(event_text_add(&format, &event, &text), 0);
	for (size_t i = 0; i < text.size - 1; i++)
		assert_true((unsigned char)text.data[i] >= 0x20 && text.data[i] != 0x7f);
	text.failed = true;
	assert_int_equal(event_text_add(&format, &event, &text), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_executions),
		cmocka_unit_test(test_containers_and_users),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_the_other_types),
		cmocka_unit_test(test_gaps_and_sources),
		cmocka_unit_test(test_colours_and_widths),
		cmocka_unit_test(test_selections),
		cmocka_unit_test(test_nothing_acts_on_the_terminal),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
