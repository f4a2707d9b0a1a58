// SPDX-License-Identifier: MIT
#include "model/event.h"

#include "test/unit.h"

static void test_names(void **state)
{
	for (size_t i = 0; i < EVENT_TYPES; i++)
		assert_int_equal(event_type_of(event_types[i].name), i);
	for (size_t i = 0; i < FIELDS; i++) {
		assert_int_equal(event_field_of(event_fields[i].name), i);
		assert_true(*event_fields[i].text || event_fields[i].kind == KIND_U32);
	}
	for (size_t i = 0; i < SOURCES; i++)
		assert_non_null(event_sources[i]);
	for (size_t i = 0; i < FLAG_BITS; i++)
		assert_non_null(event_flags[i].name);
	assert_int_equal(event_type_of("exe"), -EINVAL);
	assert_int_equal(event_field_of(""), -EINVAL);
}

static void test_what_is_known(void **state)
{
	struct event event;

	event_init(&event, EVENT_EXEC, SOURCE_BPF);
	for (size_t i = 0; i < FIELDS; i++)
		assert_false(event_knows(&event, i));
	event_set(&event, REASON, reason, slice_of("x"));
	event_set(&event, TIME, time, 1);
	assert_true(event_knows(&event, FIELD_REASON));
	assert_true(event_knows(&event, FIELD_TIME));
	assert_false(event_knows(&event, FIELD_PID));
	event_forget(&event, FIELD_TIME);
	assert_false(event_knows(&event, FIELD_TIME));
	event_flag(&event, FLAG_MEMFD);
	event_flag(&event, FLAG_CORE);
	assert_int_equal(event.flags, FLAG_MEMFD | FLAG_CORE);
}

static void test_ids(void **state)
{
	const struct process_id id = { 0x3f2a9c10, 1234, 0x5e3c1, UINT64_MAX };
	static const char *const bad[] = { "", "3f2a9c10-5e3c1-1234", "3f2a9c10-5e3c1-1234.2 ", "x",
					   "3f2a9c10-5e3c1-.2" };
	struct process_id again;
	char text[PROCESS_ID_TEXT];
	size_t size = process_id_format(&id, text);

	assert_string_equal(text, "3f2a9c10-5e3c1-1234.18446744073709551615");
	assert_int_equal(size, strlen(text));
	assert_int_equal(process_id_parse(slice_of(text), &again), 0);
	assert_true(process_id_eq(&id, &again));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(process_id_parse(slice_of(bad[i]), &again), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_what_is_known),
		cmocka_unit_test(test_ids),
	};

	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
