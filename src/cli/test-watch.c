// SPDX-License-Identifier: MIT
/* watch, record, replay and ps, with a fake daemon behind them. */
#include "cli/test-fake.h"

#include "model/event-codec.h"
#include "model/record-file.h"
#include "test/unit.h"
#include "util/base64.h"
#include "util/host.h"

#include <fcntl.h>

static int reset(void **state)
{
	fake_reset();
	return 0;
}

static void said(const char *text, const char *part)
{
	if (!text || !strstr(text, part))
		fail_msg("\"%s\" is not in: %s", part, text ? text : "(nothing)");
}

static void not_said(const char *text, const char *part)
{
	if (text && strstr(text, part))
		fail_msg("\"%s\" is in: %s", part, text);
}

/* ---- events ---- */

static void make_event(struct event *event, enum event_type type, uint32_t pid, const char *exe)
{
	event_init(event, type, SOURCE_BPF);
	event_set(event, TIME, time, UINT64_C(1700000000123456789));
	event_set(event, BOOTTIME, boottime, UINT64_C(5000000000));
	event_set(event, PID, pid, pid);
	event_set(event, PPID, ppid, 1);
	event_set(event, EXE, exe, slice_of(exe));
}

/* What a daemon answers: the events, and a loss after them. */
static char *answers(const struct event *events, size_t count, unsigned lost)
{
	_cleanup_(freep) struct event_codec *codec = malloc(sizeof(*codec));
	struct text block, answer;

	assert_non_null(codec);
	text_init(&block);
	text_init(&answer);
	event_codec_begin(codec, &block);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(event_encode(codec, &events[i], &block), 0);
	text_add(&answer, "[{}, {\"records\":\"");
	text_add_base64(&answer, block.data, block.size);
	text_addf(&answer, "\"}, {\"lost\":%u}]", lost);
	text_done(&block);
	return text_take(&answer);
}

static void test_watch_daemon(void **state)
{
	_cleanup_(freep) char *events = NULL;
	struct event two[2];

	make_event(&two[0], EVENT_EXEC, 100, "/bin/one\033[2J");
	make_event(&two[1], EVENT_EXEC, 101, "/bin/two");
	fake.events = events = answers(two, 2, 3);
	/* The fake daemon ends, which is an error; what came before is shown. */
	assert_int_equal(RUN("watch"), 1);
	assert_string_equal(fake.method, "io.reeve.Watch");
	assert_string_equal(fake.parameters, "{\"filter\":{\"type\":[\"exec\"]},\"form\":"
					     "\"records\",\"running\":false}");
	said(fake.out, "/bin/one\\x1b[2J");
	not_said(fake.out, "\033");
	said(fake.out, "/bin/two");
	said(fake.out, "this reader was too slow");
	said(fake.err, "3 events were lost in 1 gap");
	said(fake.err, "the daemon has ended");
}

static void test_watch_count(void **state)
{
	_cleanup_(freep) char *events = NULL;
	struct event three[3];

	make_event(&three[0], EVENT_SOURCE, 0, "");
	make_event(&three[1], EVENT_EXEC, 100, "/bin/one");
	make_event(&three[2], EVENT_EXEC, 101, "/bin/two");
	fake.events = events = answers(three, 3, 0);
	assert_int_equal(RUN("watch", "--json", "-n", "1", "--fields", "type,pid"), 0);
	/* What tells of sources and losses is whole, and not counted. */
	said(fake.out, "{\"type\":\"source\",\"source\":\"bpf\",\"time\":");
	said(fake.out, "}\n{\"type\":\"exec\",\"pid\":100}\n");
	not_said(fake.out, "101");
	assert_string_equal(fake.err, "");
}

static void test_watch_filters(void **state)
{
	fake.events = "[]";
	RUN("watch", "--type", "exec,exit", "--user", "0", "--exe", "/bin/*", "--container=--json",
	    "--tree", "1", "--failed", "--since-start");
	assert_string_equal(fake.parameters,
			    "{\"filter\":{\"container\":[\"--json\"],\"exe\":[\"/bin/"
			    "*\"],\"tree\":[\"1\"],"
			    "\"type\":[\"exec\",\"exit\",\"failed\",\"running\"],\"user\":[\"0\"]},"
			    "\"form\":\"records\",\"running\":true}");
	RUN("watch", "--summary");
	said(fake.parameters, "[\"exec\",\"exit\"]");
}

static void test_no_such_tree(void **state)
{
	assert_int_equal(RUN("watch", "--tree", "4194303"), 1);
	said(fake.err, "--tree: process 4194303 does not run");
	assert_int_equal(fake.calls, 0);
}

static void test_watch_summary(void **state)
{
	_cleanup_(freep) char *events = NULL;
	struct event two[2];

	make_event(&two[0], EVENT_EXEC, 100, "/bin/one");
	make_event(&two[1], EVENT_EXEC, 101, "/bin/one");
	fake.events = events = answers(two, 2, 0);
	RUN("watch", "--summary", "-n", "2");
	said(fake.out, "/bin/one");
	not_said(fake.out, "TYPE");
}

static void test_strange_records(void **state)
{
	fake.events = "[{\"records\":\"!!!!\"}]";
	assert_int_equal(RUN("watch"), 1);
	said(fake.err, "cannot be read");
	fake.events = "[{\"records\":\"/////////w==\"}]";
	assert_int_equal(RUN("watch"), 1);
	said(fake.err, "cannot be read");
}

static void test_usage(void **state)
{
	static const struct {
		const char *words[6], *sentence;
	} cases[] = {
		{ { "watch", "--type", "exce" }, "did you mean \"exec\"" },
		{ { "watch", "--fields", "pid,exee" }, "exe" },
		{ { "watch", "--count", "0" }, "a number from 1" },
		{ { "watch", "--count", "x" }, "a number from 1" },
		{ { "watch", "--timeout", "soon" }, "--timeout is \"soon\"" },
		{ { "watch", "--timeout", "0" }, "and not 0" },
		{ { "watch", "--user", "no-such-user-here" }, "no user \"no-such-user-here\"" },
		{ { "watch", "--pid", "x" }, "--pid: \"x\" is no process id" },
		{ { "watch", "--cgroup", "x" }, "no path of a control group" },
		{ { "watch", "--source", "bfp" }, "did you mean \"bpf\"" },
		{ { "watch", "--source", "replay" }, "no source \"replay\"" },
		{ { "watch", "--exex", "x" }, "--exe" },
		{ { "watch", "x" }, "one operand too many" },
		{ { "record" }, "operand is missing" },
		{ { "record", "--type", "x", "f" }, "no kind of event" },
		{ { "replay" }, "operand is missing" },
		{ { "replay", "--fields", "x", "f" }, "x" },
		{ { "ps", "x" }, "one operand too many" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(fake_run(cases[i].words), 2);
		said(fake.err, cases[i].sentence);
		assert_int_equal(fake.calls, 0);
	}
}

static void test_env_needs_local(void **state)
{
	assert_int_equal(RUN("watch", "--env", "HOME"), 1);
	said(fake.err, "--env works with --local");
}

/* ---- replay ---- */

static void record(const char *path, const struct event *events, size_t count)
{
	const struct record_about about = { .boot = "b", .host = "h", .version = "v" };
	struct record_writer *writer = NULL;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(record_writer_new(fd, &about, &writer, NULL), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(record_writer_add(writer, &events[i], 0), 0);
	assert_int_equal(record_writer_finish(writer), 0);
	record_writer_free(writer);
}

#define POLICY                                                                    \
	"rules:\n"                                                                \
	"  one: {paths: [/none/one], action: execute, group: g, trigger: tell}\n" \
	"  bad: {paths: [/none/bad], action: execute, trigger: KILL}\n"           \
	"  open: {paths: [/etc/x], action: read, trigger: tell}\n"                \
	"groups: {g: {pids: 5}}\n"                                                \
	"triggers: {tell: {run: /bin/true}}\n"

static void test_replay(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *path = unit_path(folder, "r"), *policy = unit_path(folder, "p.yaml");
	struct event events[4];

	unit_write(folder, "p.yaml", POLICY);
	make_event(&events[0], EVENT_EXEC, 100, "/none/one");
	make_event(&events[1], EVENT_FORK, 101, "/none/two");
	make_event(&events[2], EVENT_EXEC, 102, "/none/bad");
	make_event(&events[3], EVENT_EXEC, 103, "/none/other\x1b");
	record(path, events, 4);

	assert_int_equal(RUN("replay", "--json", "--fields", "type,pid", path), 0);
	assert_string_equal(fake.out, "{\"type\":\"exec\",\"pid\":100}\n"
				      "{\"type\":\"fork\",\"pid\":101}\n"
				      "{\"type\":\"exec\",\"pid\":102}\n"
				      "{\"type\":\"exec\",\"pid\":103}\n");
	assert_int_equal(RUN("replay", "--type", "fork", path), 0);
	said(fake.out, "/none/two");
	not_said(fake.out, "/none/one");
	assert_int_equal(RUN("replay", "-n", "1", path), 0);
	not_said(fake.out, "/none/two");

	assert_int_equal(RUN("replay", "--policy", policy, path), 0);
	said(fake.out, "trigger tell");
	said(fake.out, "kill");
	said(fake.out, "/none/other\\x1b");
	said(fake.out, "3 executions: 2 named by a rule, 1 placed, 1 killed");
	said(fake.out, "on opening files: not judged");
	assert_int_equal(RUN("replay", "--policy", policy, "--json", path), 0);
	said(fake.out, "{\"would\":{\"group\":\"g\",\"rule\":\"one\",\"rules\":[\"one\"],"
		       "\"triggers\":[\"tell\"],\"kill\":false},\"event\":{\"type\":\"exec\"");
	said(fake.out, "{\"summary\":{\"executions\":3,\"named\":2,\"placed\":1,\"killed\":1,");
	assert_int_equal(fake.calls, 0);
}

static void test_replay_mistakes(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *path = unit_path(folder, "r"), *policy = unit_path(folder, "p.yaml");
	struct event event;

	make_event(&event, EVENT_EXEC, 100, "/none/one");
	record(path, &event, 1);
	unit_write(folder, "p.yaml", "rules: {r: {}}\n");
	assert_int_equal(RUN("replay", "/nonexistent/file"), 1);
	said(fake.err, "/nonexistent/file");
	assert_int_equal(RUN("replay", policy), 1);
	said(fake.err, policy);
	assert_int_equal(RUN("replay", "--policy", policy, path), 1);
	said(fake.err, "is not valid, see above");
}

/* ---- ps ---- */

static void test_ps(void **state)
{
	fake.reply = "{\"processes\":["
		     "{\"pid\":1,\"ppid\":0,\"user\":\"root\",\"exe\":\"/sbin/"
		     "init\",\"age\":60000000000,"
		     "\"argv\":[\"init\"],\"placement\":null,\"container\":null,"
		     "\"known\":{\"type\":\"running\"}},"
		     "{\"pid\":7,\"ppid\":9,\"uid\":5,\"exe\":\"/bin/x\\u001b[2J\\\\\\\\xff\","
		     "\"age\":1000,\"argv\":[\"x\",\"a b\"],\"placement\":\"build\","
		     "\"container\":{\"runtime\":\"docker\",\"id\":"
		     "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"},"
		     "\"known\":{\"type\":\"fork\"}},"
		     "{\"pid\":9,\"ppid\":1,\"comm\":\"kworker\",\"known\":{\"type\":\"exec\"}}]}";
	assert_int_equal(RUN("ps"), 0);
	assert_string_equal(fake.method, "io.reeve.ListProcesses");
	said(fake.out, "/bin/x\\x1b[2J\\\\xff a b");
	said(fake.out, "docker 0123456789ab  ");
	said(fake.out, "[kworker]");
	said(fake.out, "build");
	assert_true(strstr(fake.out, "/bin/x") < strstr(fake.out, "kworker"));
	assert_int_equal(RUN("ps", "--tree"), 0);
	said(fake.out, "    /bin/x");
	assert_true(strstr(fake.out, "/bin/x") > strstr(fake.out, "kworker"));
	assert_int_equal(RUN("ps", "--json"), 0);
	said(fake.out, "\"placement\": \"build\"");
}

/* Parents that go around in a circle are all shown, once. */
static void test_ps_strange_tree(void **state)
{
	fake.reply = "{\"processes\":[{\"pid\":5,\"ppid\":6,\"comm\":\"five\"},"
		     "{\"pid\":6,\"ppid\":5,\"comm\":\"six\"}]}";
	assert_int_equal(RUN("ps", "--tree"), 0);
	said(fake.out, "[five]");
	said(fake.out, "[six]");
	fake.reply = "{}";
	assert_int_equal(RUN("ps"), 1);
	said(fake.err, "without a list");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_watch_daemon, reset),
		cmocka_unit_test_setup(test_watch_count, reset),
		cmocka_unit_test_setup(test_watch_filters, reset),
		cmocka_unit_test_setup(test_no_such_tree, reset),
		cmocka_unit_test_setup(test_watch_summary, reset),
		cmocka_unit_test_setup(test_strange_records, reset),
		cmocka_unit_test_setup(test_usage, reset),
		cmocka_unit_test_setup(test_env_needs_local, reset),
		cmocka_unit_test_setup(test_replay, reset),
		cmocka_unit_test_setup(test_replay_mistakes, reset),
		cmocka_unit_test_setup(test_ps, reset),
		cmocka_unit_test_setup(test_ps_strange_tree, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
