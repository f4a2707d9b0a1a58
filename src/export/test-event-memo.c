// SPDX-License-Identifier: MIT
#include "export/event-memo.h"

#include "test/unit.h"

#define BIT(field) (UINT64_C(1) << FIELD_##field)

static const uint64_t fields = BIT(UID) | BIT(TTY) | BIT(USER) | BIT(EXEC_ID) | BIT(CGROUP_V1);

static struct event event_of(uint32_t uid, const char *user)
{
	static const char v1[] = "cpu:/x\0memory:/y";
	struct event event;

	event_init(&event, EVENT_EXEC, SOURCE_BPF);
	event_set(&event, UID, uid, uid);
	event_set(&event, TTY, tty, 1025);
	event_set(&event, USER, user, slice_of(user));
	event_set(&event, EXEC_ID, exec_id, (struct process_id){ 1, 2, 3, 4 });
	event_set(&event, CGROUP_V1, cgroup_v1, (struct slice){ v1, sizeof(v1) });
	return event;
}

static void test_holds_what_it_kept(void **state)
{
	struct event_memo memo = { 0 };
	struct event event = event_of(7, "ann");

	assert_false(event_memo_holds(&memo, &event, fields));
	assert_false(event_memo_holds(&memo, &event, 0));
	event_memo_keep(&memo, &event, fields, "text", 4);
	assert_true(event_memo_holds(&memo, &event, fields));
	assert_int_equal(memo.text_size, 4);
	assert_memory_equal(memo.text, "text", 4);
	/* Strings are compared by what they say, wherever they are. */
	event = event_of(7, (char[]){ 'a', 'n', 'n', 0 });
	assert_true(event_memo_holds(&memo, &event, fields));
}

static void test_every_difference(void **state)
{
	struct event_memo memo = { 0 };
	struct event event = event_of(7, "ann"), other = event_of(8, "ann");

	event_memo_keep(&memo, &event, fields, "", 0);
	assert_false(event_memo_holds(&memo, &other, fields));
	other = event_of(7, "amy");
	assert_false(event_memo_holds(&memo, &other, fields));
	other = event_of(7, "anne");
	assert_false(event_memo_holds(&memo, &other, fields));
	other = event;
	other.tty++;
	assert_false(event_memo_holds(&memo, &other, fields));
	other = event;
	other.exec_id.exec++;
	assert_false(event_memo_holds(&memo, &other, fields));
	other = event;
	other.cgroup_v1.size--;
	assert_false(event_memo_holds(&memo, &other, fields));
	assert_false(event_memo_holds(&memo, &event, fields & ~BIT(TTY)));
	assert_true(event_memo_holds(&memo, &event, fields));
}

static void test_what_is_too_long(void **state)
{
	char long_name[EVENT_MEMO_VALUES + 1], long_text[EVENT_MEMO_TEXT + 1];
	struct event_memo memo = { 0 };
	struct event event = event_of(7, "ann"), other;

	memset(long_name, 'a', sizeof(long_name));
	memset(long_text, 't', sizeof(long_text));
	event_memo_keep(&memo, &event, fields, long_text, sizeof(long_text));
	assert_false(event_memo_holds(&memo, &event, fields));
	event_memo_keep(&memo, &event, fields, long_text, sizeof(long_text) - 1);
	assert_true(event_memo_holds(&memo, &event, fields));
	/* Nothing is left of what was there before. */
	other = event;
	other.user = (struct slice){ long_name, sizeof(long_name) };
	event_memo_keep(&memo, &other, fields, "", 0);
	assert_false(event_memo_holds(&memo, &other, fields));
	assert_false(event_memo_holds(&memo, &event, fields));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_holds_what_it_kept),
		cmocka_unit_test(test_every_difference),
		cmocka_unit_test(test_what_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
