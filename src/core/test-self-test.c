// SPDX-License-Identifier: MIT
/*
 * covers: self-test.c self-test-judge.c
 * Verdicts on single values, and the driver with a source that any user has.
 */
#include "core/self-test.h"

#include "test/unit.h"

static const uint8_t promises[] = { FIELD_EXE, FIELD_ARGV };
static const struct source_class sure = {
	.id = SOURCE_BPF,
	.name = "sure",
	.knows = promises,
	.knows_count = ARRAY_SIZE(promises),
};
static const struct source_class late = {
	.id = SOURCE_PROCFS,
	.name = "late",
	.knows = promises,
	.knows_count = ARRAY_SIZE(promises),
};

static struct corpus_record record;
static struct event event;

static int set_up(void **state)
{
	memset(&record, 0, sizeof(record));
	event_init(&record.want, EVENT_EXEC, SOURCE_REEVE);
	event_init(&record.also, EVENT_EXEC, SOURCE_REEVE);
	event_init(&event, EVENT_EXEC, SOURCE_BPF);
	return 0;
}

static enum verdict judge(enum event_field field)
{
	return self_test_judge(&record, &event, field, &sure);
}

static void test_numbers(void **state)
{
	event_set(&record.want, UID, uid, 4);
	assert_int_equal(judge(FIELD_UID), VERDICT_UNKNOWN);
	event_set(&event, UID, uid, 4);
	assert_int_equal(judge(FIELD_UID), VERDICT_RIGHT);
	event_set(&event, UID, uid, 5);
	assert_int_equal(judge(FIELD_UID), VERDICT_WRONG);
	event_set(&record.also, UID, uid, 6);
	assert_int_equal(judge(FIELD_UID), VERDICT_RIGHT);
	event_set(&event, UID, uid, 7);
	assert_int_equal(judge(FIELD_UID), VERDICT_WRONG);
	event_set(&record.want, EXIT_CODE, exit_code, -1);
	event_set(&event, EXIT_CODE, exit_code, -1);
	assert_int_equal(judge(FIELD_EXIT_CODE), VERDICT_RIGHT);
}

static void test_texts(void **state)
{
	event_set(&record.want, EXE, exe, slice_of("/a"));
	assert_int_equal(judge(FIELD_EXE), VERDICT_ABSENT);
	event_set(&event, EXE, exe, slice_of("/b"));
	assert_int_equal(judge(FIELD_EXE), VERDICT_WRONG);
	event_set(&record.also, EXE, exe, slice_of("/b"));
	assert_int_equal(judge(FIELD_EXE), VERDICT_RIGHT);
	event_set(&event, EXE, exe, slice_of("/a"));
	assert_int_equal(judge(FIELD_EXE), VERDICT_RIGHT);
}

static void test_groups_in_any_order(void **state)
{
	event_set(&record.want, CGROUP_V1, cgroup_v1, (struct slice){ "a:/\0b:/x", 9 });
	event_set(&event, CGROUP_V1, cgroup_v1, (struct slice){ "b:/x\0a:/", 9 });
	assert_int_equal(judge(FIELD_CGROUP_V1), VERDICT_RIGHT);
	event_set(&event, CGROUP_V1, cgroup_v1, (struct slice){ "b:/x", 5 });
	assert_int_equal(judge(FIELD_CGROUP_V1), VERDICT_WRONG);
}

static void test_empty(void **state)
{
	record.empty[FIELD_SCRIPT / 64] |= UINT64_C(1) << FIELD_SCRIPT % 64;
	assert_int_equal(judge(FIELD_SCRIPT), VERDICT_RIGHT);
	event_set(&event, SCRIPT, script, slice_of(""));
	assert_int_equal(judge(FIELD_SCRIPT), VERDICT_RIGHT);
	event_set(&event, SCRIPT, script, slice_of("/x"));
	assert_int_equal(judge(FIELD_SCRIPT), VERDICT_WRONG);
	record.empty[FIELD_SIGNAL / 64] |= UINT64_C(1) << FIELD_SIGNAL % 64;
	event_set(&event, SIGNAL, signal, 0);
	assert_int_equal(judge(FIELD_SIGNAL), VERDICT_WRONG);
}

static void test_ids(void **state)
{
	event_set(&record.want, EXEC_ID, exec_id, (struct process_id){ .pid = 7, .start = 100 });
	event_set(&event, EXEC_ID, exec_id,
		  (struct process_id){ .boot = 1, .pid = 7, .start = 100, .exec = 3 });
	assert_int_equal(judge(FIELD_EXEC_ID), VERDICT_RIGHT);
	event.exec_id.start = 101;
	assert_int_equal(judge(FIELD_EXEC_ID), VERDICT_WRONG);
	record.want.exec_id.start = 0;
	assert_int_equal(judge(FIELD_EXEC_ID), VERDICT_RIGHT);
}

static void test_flags(void **state)
{
	event_set(&record.want, FLAGS, flags, FLAG_COMPAT);
	record.flags_free = FLAG_UPPER;
	event_set(&event, FLAGS, flags, FLAG_COMPAT | FLAG_UPPER);
	assert_int_equal(judge(FIELD_FLAGS), VERDICT_RIGHT);
	event.flags = FLAG_COMPAT | FLAG_MEMFD;
	assert_int_equal(judge(FIELD_FLAGS), VERDICT_WRONG);
	event.flags = 0;
	assert_int_equal(judge(FIELD_FLAGS), VERDICT_WRONG);
	/* /proc does not say by which call a program was executed */
	assert_int_equal(self_test_judge(&record, &event, FIELD_FLAGS, &late), VERDICT_UNKNOWN);
}

static void test_cut_arguments(void **state)
{
	static char all[300 * 1024], some[250 * 1024];

	memset(all, 'a', sizeof(all) - 1);
	memset(some, 'a', sizeof(some) - 1);
	event_set(&record.want, ARGV, argv, (struct slice){ all, sizeof(all) });
	event_set(&event, ARGV, argv, (struct slice){ some, sizeof(some) });
	assert_int_equal(judge(FIELD_ARGV), VERDICT_WRONG);
	event_flag(&event, FLAG_ARGV_CUT);
	assert_int_equal(judge(FIELD_ARGV), VERDICT_RIGHT);
	some[5] = 'b';
	assert_int_equal(judge(FIELD_ARGV), VERDICT_WRONG);
	event.argv.size = 100;
	assert_int_equal(judge(FIELD_ARGV), VERDICT_WRONG);
}

static void test_late(void **state)
{
	event_set(&record.want, EXE, exe, slice_of("/a"));
	event_set(&event, EXE, exe, slice_of("/b"));
	assert_int_equal(self_test_judge(&record, &event, FIELD_EXE, &late), VERDICT_WRONG);
	record.follows_brief = true;
	assert_int_equal(self_test_judge(&record, &event, FIELD_EXE, &late), VERDICT_LATE);
	record.follows_brief = false;
	record.brief = true;
	assert_int_equal(self_test_judge(&record, &event, FIELD_EXE, &late), VERDICT_LATE);
	assert_int_equal(self_test_judge(&record, &event, FIELD_EXE, &sure), VERDICT_WRONG);
	event_forget(&event, FIELD_EXE);
	assert_int_equal(self_test_judge(&record, &event, FIELD_EXE, &late), VERDICT_UNKNOWN);
}

static void assert_shown(enum event_field field, const char *wanted)
{
	char *shown = self_test_show(&event, field);

	assert_string_equal(shown, wanted);
	free(shown);
}

static void test_showing(void **state)
{
	assert_shown(FIELD_EXE, "nothing");
	event_set(&event, EXE, exe, slice_of("/a\033"));
	assert_shown(FIELD_EXE, "/a\\x1b");
	event_set(&event, ARGV, argv, (struct slice){ "a\0\0b", 5 });
	assert_shown(FIELD_ARGV, "\"a\" \"\" \"b\" (5 bytes)");
	event_set(&event, FLAGS, flags, FLAG_MEMFD | FLAG_THREAD);
	assert_shown(FIELD_FLAGS, "memfd thread");
	event_set(&event, MODE, mode, 0100755);
	assert_shown(FIELD_MODE, "0100755");
	event_set(&event, EXIT_CODE, exit_code, -2);
	assert_shown(FIELD_EXIT_CODE, "-2");
}

/* ---- the driver ---- */

static void test_run(void **state)
{
	_cleanup_(host_freep) struct host *host = NULL;
	struct self_test_options options = { .source = "procfs", .only = "absolute" };
	struct self_test *test = NULL;
	struct error err = ERROR_INIT;

	assert_int_equal(host_new(&host, NULL), 0);
	if (self_test_run(host, &options, &test, &err) < 0)
		fail_msg("%s", error_text(&err));
	assert_int_equal(test->case_count, 1);
	for (size_t i = 0; i < test->finding_count; i++)
		print_message("# %s instead of %s\n", test->findings[i].got,
			      test->findings[i].wanted);
	assert_int_equal(test->cases[0].verdict, CASE_RIGHT);
	assert_true(self_test_passed(test));
	assert_int_equal(test->fields[FIELD_EXE][VERDICT_RIGHT], 1);
	self_test_free(test);
	options.only = "nothing";
	assert_int_equal(self_test_run(host, &options, &test, NULL), -EINVAL);
	options = (struct self_test_options){ .source = "nothing" };
	assert_int_equal(self_test_run(host, &options, &test, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_numbers, set_up),
		cmocka_unit_test_setup(test_texts, set_up),
		cmocka_unit_test_setup(test_groups_in_any_order, set_up),
		cmocka_unit_test_setup(test_empty, set_up),
		cmocka_unit_test_setup(test_ids, set_up),
		cmocka_unit_test_setup(test_flags, set_up),
		cmocka_unit_test_setup(test_cut_arguments, set_up),
		cmocka_unit_test_setup(test_late, set_up),
		cmocka_unit_test_setup(test_showing, set_up),
		cmocka_unit_test(test_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
