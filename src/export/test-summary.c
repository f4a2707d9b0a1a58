// SPDX-License-Identifier: MIT
#include "export/summary.h"

#include "test/unit.h"

#include <jansson.h>

static void execute(struct summary *summary, const char *exe, enum event_type type)
{
	struct event event;

	event_init(&event, type, SOURCE_BPF);
	event_set(&event, EXE, exe, slice_of(exe));
	summary_add(summary, &event);
}

static void end(struct summary *summary, const char *exe, uint64_t processor_ms)
{
	struct event event;

	event_init(&event, EVENT_EXIT, SOURCE_BPF);
	event_set(&event, EXE, exe, slice_of(exe));
	event_set(&event, USER_TIME, user_time, processor_ms * 500000);
	event_set(&event, SYSTEM_TIME, system_time, processor_ms * 500000);
	event_set(&event, DURATION, duration, processor_ms * 10000000);
	summary_add(summary, &event);
}

static struct summary *example(void)
{
	struct summary *summary;
	struct event gap;

	assert_int_equal(summary_new(&summary), 0);
	for (unsigned i = 0; i < 3; i++) {
		execute(summary, "/bin/sh", EVENT_EXEC);
		end(summary, "/bin/sh", 1);
	}
	execute(summary, "/bin/sh", EVENT_FORK);
	execute(summary, "/usr/bin/cc", EVENT_EXEC);
	end(summary, "/usr/bin/cc", 1500);
	execute(summary, "/x/\x1b\"\xff", EVENT_FAILED);
	event_init(&gap, EVENT_GAP, SOURCE_BPF);
	event_set(&gap, LOST, lost, 7);
	summary_add(summary, &gap);
	return summary;
}

static void test_tables(void **state)
{
	_cleanup_(summary_freep) struct summary *summary = example();
	_cleanup_(text_done) struct text text = { 0 };

	assert_int_equal(summary_text(summary, 2, &text), 0);
	assert_string_equal(text.data,
			    "Programs by number of executions\n"
			    "EXECUTIONS   FAILED    ENDED        CPU    ELAPSED  PROGRAM\n"
			    "         3        0        3        3ms       30ms  /bin/sh\n"
			    "         1        0        1       1.5s      15.0s  /usr/bin/cc\n"
			    "\n"
			    "Programs by processor time\n"
			    "EXECUTIONS   FAILED    ENDED        CPU    ELAPSED  PROGRAM\n"
			    "         1        0        1       1.5s      15.0s  /usr/bin/cc\n"
			    "         3        0        3        3ms       30ms  /bin/sh\n"
			    "\n"
			    "4 executions, 1 failed, 4 processes ended, 3 programs\n"
			    "in 1 gaps at least 7 events were lost\n");
	text.size = 0;
	assert_int_equal(summary_text(summary, 10, &text), 0);
	assert_non_null(strstr(text.data, "  /x/\\x1b\"\\xff\n"));
}

static void test_json(void **state)
{
	_cleanup_(summary_freep) struct summary *summary = example();
	_cleanup_(text_done) struct text text = { 0 };
	json_t *object, *list;

	assert_int_equal(summary_json(summary, 10, &text), 0);
	object = json_loads(text.data, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(object);
	assert_int_equal(json_integer_value(json_object_get(object, "executions")), 4);
	assert_int_equal(json_integer_value(json_object_get(object, "lost")), 7);
	list = json_object_get(object, "by_count");
	assert_int_equal(json_array_size(list), 3);
	assert_string_equal(json_string_value(json_object_get(json_array_get(list, 2), "exe")),
			    "/x/\\x1b\"\\xff");
	list = json_object_get(object, "by_time");
	assert_int_equal(json_array_size(list), 2);
	assert_int_equal(json_integer_value(
				 json_object_get(json_array_get(list, 0), "processor_time")),
			 1500000000);
	json_decref(object);
}

static void test_more_programs_than_are_told_apart(void **state)
{
	_cleanup_(summary_freep) struct summary *summary = NULL;
	_cleanup_(text_done) struct text text = { 0 };
	char name[32];

	assert_int_equal(summary_new(&summary), 0);
	for (unsigned i = 0; i < SUMMARY_PROGRAMS + 100; i++) {
		snprintf(name, sizeof(name), "/bin/%u", i);
		execute(summary, name, EVENT_EXEC);
	}
	execute(summary, "/bin/0", EVENT_EXEC);
	assert_int_equal(summary_text(summary, 1, &text), 0);
	assert_non_null(strstr(text.data, "  /bin/0\n"));
	assert_non_null(strstr(text.data,
			       "       100        0        0        0us        0us  (all "
			       "others)\n"));
	assert_int_equal(summary_json(summary, 1, &text), 0);
	assert_non_null(strstr(text.data, "{\"exe\":null,\"executions\":100,"));
}

static void test_nothing(void **state)
{
	_cleanup_(summary_freep) struct summary *summary = NULL;
	_cleanup_(text_done) struct text text = { 0 };

	assert_int_equal(summary_new(&summary), 0);
	assert_int_equal(summary_json(summary, 1, &text), 0);
	assert_string_equal(text.data, "{\"executions\":0,\"failed\":0,\"ended\":0,\"programs\":0,"
				       "\"gaps\":0,\"lost\":0,\"by_count\":[],\"by_time\":[]}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_more_programs_than_are_told_apart),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
