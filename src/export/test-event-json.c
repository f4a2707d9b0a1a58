// SPDX-License-Identifier: MIT
#include "export/event-json.h"

#include "test/unit.h"

#include <inttypes.h>
#include <jansson.h>
#include <sys/sysmacros.h>
#include <time.h>

static struct event event_of_all(void)
{
	static const char argv[] = "ls\0-l\0\0a \"b\"";
	static const char v1[] = "cpu,cpuacct:/x\0name=systemd:/\0odd";
	struct event event;

	event_init(&event, EVENT_EXEC, SOURCE_BPF);
	event_set(&event, TIME, time, UINT64_C(1795331743123456789));
	event_set(&event, BOOTTIME, boottime, UINT64_MAX);
	event_set(&event, PID, pid, 4711);
	event_set(&event, EXEC_ID, exec_id, (struct process_id){ 0x3f2a9c10, 1234, 0x5e3c1, 2 });
	event_set(&event, EXE, exe, slice_of("/usr/bin/ls"));
	event_set(&event, ARGV, argv, (struct slice){ argv, sizeof(argv) });
	event_set(&event, ENV, env, (struct slice){ 0 });
	event_set(&event, DEV, dev, makedev(8, 1));
	event_set(&event, MODE, mode, 0100755);
	event_flag(&event, FLAG_MEMFD | FLAG_FOREIGN | 1U << 30);
	event_set(&event, CGROUP_V1, cgroup_v1, (struct slice){ v1, sizeof(v1) });
	event_set(&event, CONTAINER_RUNTIME, container_runtime, slice_of("docker"));
	event_set(&event, CONTAINER_ID, container_id, slice_of("0123"));
	event_set(&event, PID_NS, pid_ns, 4026531836);
	event_set(&event, CAPS_GAINED, caps_gained, UINT64_C(1) << 21 | UINT64_C(1) << 63);
	event_set(&event, EXIT_CODE, exit_code, INT32_MIN);
	return event;
}

static char *render(const struct event *event, const char *fields)
{
	struct selection selection;
	struct event_json json;
	struct text text = { 0 };

	if (fields)
		assert_int_equal(selection_parse(fields, &selection, NULL), 0);
	event_json_init(&json, fields ? &selection : NULL);
	assert_int_equal(event_json_add(&json, event, &text), 0);
	assert_int_equal(text.size, strlen(text.data));
	return text_take(&text);
}

static void assert_rendered(const struct event *event, const char *fields, const char *wanted)
{
	_cleanup_(freep) char *line = render(event, fields);

	assert_string_equal(line, wanted);
}

static void test_every_kind(void **state)
{
	struct event event = event_of_all();

	assert_rendered(
		&event, NULL,
		"{\"type\":\"exec\",\"source\":\"bpf\",\"time\":\"2026-11-22T07:15:43.123456789Z\","
		"\"boottime\":18446744073709551615,\"pid\":4711,"
		"\"exec_id\":\"3f2a9c10-5e3c1-1234.2\",\"exe\":\"/usr/bin/ls\","
		"\"argv\":[\"ls\",\"-l\",\"\",\"a \\\"b\\\"\"],\"env\":[],\"dev\":\"8:1\","
		"\"mode\":\"0100755\",\"flags\":[\"memfd\",\"foreign\",\"30\"],"
		"\"cgroup_v1\":{\"cpu,cpuacct\":\"/x\",\"name=systemd\":\"/\",\"\":\"odd\"},"
		"\"container\":{\"runtime\":\"docker\",\"id\":\"0123\"},"
		"\"namespace\":{\"pid\":4026531836},\"caps_gained\":[\"CAP_SYS_ADMIN\",\"63\"],"
		"\"exit_code\":-2147483648}\n");
}

static void test_selections(void **state)
{
	struct event event = event_of_all();

	assert_rendered(&event, "exe", "{\"exe\":\"/usr/bin/ls\"}\n");
	assert_rendered(&event, "source", "{\"source\":\"bpf\"}\n");
	assert_rendered(&event, "container.id,pid",
			"{\"pid\":4711,\"container\":{\"id\":\"0123\"}}\n");
	assert_rendered(&event, "namespace,container",
			"{\"container\":{\"runtime\":\"docker\",\"id\":\"0123\"},"
			"\"namespace\":{\"pid\":4026531836}}\n");
	assert_rendered(&event, "signal", "{}\n");
}

static void test_on_the_host_container_is_null(void **state)
{
	struct event event;

	event_init(&event, EVENT_FORK, SOURCE_BPF);
	event_set(&event, CONTAINER_RUNTIME, container_runtime, (struct slice){ 0 });
	assert_rendered(&event, "container,exe", "{\"container\":null}\n");
	event_set(&event, CONTAINER_ID, container_id, slice_of("nonsense"));
	event_set(&event, MNT_NS, mnt_ns, 5);
	assert_rendered(&event, NULL,
			"{\"type\":\"fork\",\"source\":\"bpf\",\"container\":null,"
			"\"namespace\":{\"mnt\":5}}\n");
}

static void assert_string(const char *bytes, size_t size, const char *wanted)
{
	struct event event;
	_cleanup_(freep) char *whole = NULL;

	event_init(&event, EVENT_EXEC, SOURCE_BPF);
	event_set(&event, EXE, exe, (struct slice){ bytes, size });
	assert_true(asprintf(&whole, "{\"exe\":\"%s\"}\n", wanted) > 0);
	assert_rendered(&event, "exe", whole);
}

static void test_strings(void **state)
{
	assert_string("", 0, "");
	assert_string("a\nb\x1b[0m\x7f", 8, "a\\u000ab\\u001b[0m\\u007f");
	assert_string("\xff/\xc3", 3, "\\\\xff/\\\\xc3");
	assert_string("a\\xffb", 6, "a\\\\\\\\xffb");
	assert_string("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9,
		      "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
	assert_string("\xc2\x9b", 2, "\\u009b");
	assert_string("12345678\"12345678", 17, "12345678\\\"12345678");
	assert_string("x\0y", 3, "x\\u0000y");
}

/* What a reader does: JSON first, then the escapes. */
static void assert_comes_back(const char *bytes, size_t size)
{
	struct event event;
	_cleanup_(freep) char *line = NULL;
	_cleanup_(text_done) struct text back = { 0 };
	json_t *object, *exe;

	event_init(&event, EVENT_EXEC, SOURCE_BPF);
	event_set(&event, EXE, exe, (struct slice){ bytes, size });
	line = render(&event, NULL);
	object = json_loads(line, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(object);
	exe = json_object_get(object, "exe");
	assert_int_equal(text_add_unescaped(&back, json_string_value(exe), json_string_length(exe)),
			 0);
	assert_int_equal(back.size, size);
	assert_memory_equal(back.data, bytes, size);
	json_decref(object);
}

static void test_any_bytes_come_back(void **state)
{
	static const char wild[] = "\\x9b\"\xc2\x9b\xe2\x82\xac\n z\xff";
	char bytes[64];
	uint32_t random = 1;

	/* Every byte at every place of a word, in clean surroundings and in wild ones. */
	for (unsigned place = 0; place < 17; place++) {
		for (unsigned byte = 0; byte < 256; byte++) {
			memset(bytes, 'a', sizeof(bytes));
			bytes[place] = (char)byte;
			assert_comes_back(bytes, 17);
		}
	}
	for (unsigned round = 0; round < 2000; round++) {
		for (size_t i = 0; i < sizeof(bytes); i++) {
			random = random * 1664525 + 1013904223;
			bytes[i] = wild[(random >> 24) % sizeof(wild)];
			if (random >> 16 & 1)
				bytes[i] = (char)(random >> 24);
		}
		assert_comes_back(bytes, round % sizeof(bytes) + 1);
	}
}

static void test_times(void **state)
{
	static const uint64_t seconds[] = { 0,		1,	     951782399,	 951782400,
					    951868799,	951868800,   1709164800, 4107542399,
					    4107542400, 13569465600, 18446744073 };

	for (size_t i = 0; i < ARRAY_SIZE(seconds); i++) {
		time_t second = (time_t)seconds[i];
		struct event event;
		struct tm tm;
		char date[64], wanted[128];

		assert_non_null(gmtime_r(&second, &tm));
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
		snprintf(wanted, sizeof(wanted), "{\"time\":\"%s.000000007Z\"}\n", date);
		event_init(&event, EVENT_EXEC, SOURCE_BPF);
		event_set(&event, TIME, time, seconds[i] * 1000000000 + 7);
		assert_rendered(&event, "time", wanted);
	}
}

/* Lines are added one after the other, whatever room there is; they grow what they must. */
static void test_long_ones(void **state)
{
	_cleanup_(text_done) struct text text = { 0 };
	_cleanup_(freep) char *bytes = malloc(300000);
	struct event event = event_of_all();
	struct event_json json;

	event_set(&event, BOOTTIME, boottime, 1); /* jansson's numbers end earlier */
	event_json_init(&json, NULL);
	for (size_t size = 1; size < 300000; size = size * 3 + 1) {
		json_t *object;
		size_t before = text.size;

		memset(bytes, '\xff', size);
		event_set(&event, CWD, cwd, (struct slice){ bytes, size });
		event_set(&event, ARGV, argv, (struct slice){ bytes, size });
		assert_int_equal(event_json_add(&json, &event, &text), 0);
		object = json_loads(text.data + before, JSON_DISABLE_EOF_CHECK, NULL);
		assert_non_null(object);
		assert_int_equal(json_string_length(json_object_get(object, "cwd")), size * 4);
		json_decref(object);
		/* Many empty strings. */
		memset(bytes, '\0', size);
		before = text.size;
		assert_int_equal(event_json_add(&json, &event, &text), 0);
		object = json_loads(text.data + before, JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL,
				    NULL);
		assert_int_equal(json_array_size(json_object_get(object, "argv")), size);
		json_decref(object);
	}
	text.failed = true;
	assert_int_equal(event_json_add(&json, &event, &text), -ENOMEM);
	text.failed = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind),
		cmocka_unit_test(test_selections),
		cmocka_unit_test(test_on_the_host_container_is_null),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_any_bytes_come_back),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_long_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
