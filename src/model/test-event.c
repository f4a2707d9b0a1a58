// SPDX-License-Identifier: MIT
#include "model/event.h"

#include "test/unit.h"

static void test_the_tables_are_whole(void **state)
{
	for (size_t i = 0; i < FIELDS; i++) {
		assert_true(strlen(event_fields[i].name) > 0);
		assert_int_equal(event_field_of(event_fields[i].name), i);
		assert_true(event_fields[i].offset < sizeof(struct event));
	}
	for (size_t i = 0; i < EVENT_TYPES; i++)
		assert_int_equal(event_type_of(event_types[i].name), i);
	for (size_t i = 0; i < FLAG_BITS; i++)
		assert_non_null(event_flags[i].name);
	for (size_t i = 0; i < SOURCES; i++)
		assert_non_null(event_sources[i]);
	for (size_t i = 0; i < EVENT_CAPABILITIES; i++)
		assert_int_equal(strncmp(event_capabilities[i], "CAP_", 4), 0);
	assert_string_equal(event_capabilities[21], "CAP_SYS_ADMIN");
	assert_string_equal(event_capabilities[39], "CAP_BPF");
	assert_int_equal(event_field_of("type"), -EINVAL);
	assert_int_equal(event_type_of(""), -EINVAL);
}

/* Members of one object stand together: what renders them opens it once. */
static void test_objects_are_not_split(void **state)
{
	for (size_t i = 1; i < FIELDS; i++) {
		size_t size = strcspn(event_fields[i].name, ".") + 1;

		if (event_fields[i].name[size - 1] == '\0' ||
		    strncmp(event_fields[i].name, event_fields[i - 1].name, size) == 0)
			continue;
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(strncmp(event_fields[i].name, event_fields[j].name,
						     size),
					     0);
	}
}

static void test_knowing(void **state)
{
	struct event event;

	event_init(&event, EVENT_EXEC, SOURCE_BPF);
	for (size_t i = 0; i < FIELDS; i++)
		assert_false(event_knows(&event, i));
	event_set(&event, PID, pid, 4711);
	event_set(&event, REASON, reason, slice_of("none"));
	assert_true(event_knows(&event, FIELD_PID));
	assert_true(event_knows(&event, FIELD_REASON));
	event_forget(&event, FIELD_PID);
	assert_false(event_knows(&event, FIELD_PID));
	event.flags = 0xffff;
	event_flag(&event, FLAG_MEMFD);
	event_flag(&event, FLAG_CORE);
	assert_int_equal(event.flags, FLAG_MEMFD | FLAG_CORE);
}

static void test_ids_can_be_read_again(void **state)
{
	static const struct process_id ids[] = {
		{ 0x3f2a9c10, 1234, 0x5e3c1, 2 },
		{ 0, 0, 0, 0 },
		{ UINT32_MAX, UINT32_MAX, UINT64_MAX, UINT64_MAX },
		{ 1, 1, 1, 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		char text[PROCESS_ID_TEXT];
		size_t size = process_id_format(&ids[i], text);
		struct process_id id;

		assert_true(size < PROCESS_ID_TEXT);
		assert_int_equal(size, strlen(text));
		assert_int_equal(process_id_parse(slice_of(text), &id), 0);
		assert_true(process_id_eq(&id, &ids[i]));
	}
}

static void test_what_is_no_id(void **state)
{
	static const char *const bad[] = {
		"",
		"3f2a9c10",
		"3f2a9c10-",
		"3f2a9c10-1",
		"3f2a9c10-1-1",
		"3f2a9c10-1-1.",
		"3f2a9c10-1-.1",
		"3f2a9c10--1.1",
		"3f2a9c10-1-1.1 ",
		" f2a9c10-1-1.1",
		"3F2A9C10-1-1.1",
		"3f2a9c1-1-1.1",
		"3f2a9c10-01-1.1",
		"3f2a9c10-1-+1.1",
		"3f2a9c10-1-4294967296.1",
		"3f2a9c10-1-1.18446744073709551616",
		"3f2a9c10-10000000000000000-1.1",
	};
	struct process_id id;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (process_id_parse(slice_of(bad[i]), &id) != -EINVAL)
			fail_msg("\"%s\" was read", bad[i]);
	assert_int_equal(process_id_parse((struct slice){ "3f2a9c10-1-1.1\0", 15 }, &id), -EINVAL);
	assert_int_equal(process_id_parse(slice_of("3f2a9c10-5e3c1-1234.2"), &id), 0);
	assert_int_equal(id.start, 0x5e3c1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_tables_are_whole),
		cmocka_unit_test(test_objects_are_not_split),
		cmocka_unit_test(test_knowing),
		cmocka_unit_test(test_ids_can_be_read_again),
		cmocka_unit_test(test_what_is_no_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
