// SPDX-License-Identifier: MIT
#include "model/event-codec.h"

#include "test/unit.h"

/* One with every field known, each with another value. */
static void fill_event(struct event *event)
{
	event_init(event, EVENT_EXIT, SOURCE_AUDIT);
	for (size_t i = 0; i < FIELDS; i++) {
		void *value = (char *)event + event_fields[i].offset;

		event_know(event, i);
		switch (event_fields[i].kind) {
		case KIND_BYTES:
			*(struct slice *)value = (struct slice){ "b\xff\n/", i % 5 };
			break;
		case KIND_LIST:
			*(struct slice *)value = (struct slice){ "one\0\0two", i % 2 ? 9 : 0 };
			break;
		case KIND_ID:
			*(struct process_id *)value =
				(struct process_id){ UINT32_MAX, (uint32_t)i, UINT64_MAX, i };
			break;
		case KIND_I32:
			*(int32_t *)value = i % 2 ? INT32_MIN : -1;
			break;
		case KIND_U32:
		case KIND_FLAGS:
		case KIND_OCTAL:
			*(uint32_t *)value = UINT32_MAX - (uint32_t)i;
			break;
		default:
			*(uint64_t *)value = UINT64_MAX - i;
		}
	}
}

static void assert_same_field(const struct event *a, const struct event *b, size_t field)
{
	const void *left = (const char *)a + event_fields[field].offset;
	const void *right = (const char *)b + event_fields[field].offset;

	switch (event_fields[field].kind) {
	case KIND_BYTES:
	case KIND_LIST:
		assert_true(slice_eq(*(const struct slice *)left, *(const struct slice *)right));
		break;
	case KIND_ID:
		assert_true(process_id_eq(left, right));
		break;
	case KIND_U32:
	case KIND_I32:
	case KIND_FLAGS:
	case KIND_OCTAL:
		assert_memory_equal(left, right, 4);
		break;
	default:
		assert_memory_equal(left, right, 8);
	}
}

static void test_there_and_back(void **state)
{
	_cleanup_(text_done) struct text text = { 0 };
	struct event event, again;
	const char *why;

	fill_event(&event);
	assert_int_equal(event_encode(&event, &text), 0);
	assert_int_equal(event_decode((struct slice){ text.data, text.size }, &again, &why),
			 text.size);
	assert_int_equal(again.type, event.type);
	assert_int_equal(again.source, event.source);
	assert_memory_equal(again.known, event.known, sizeof(event.known));
	for (size_t i = 0; i < FIELDS; i++)
		assert_same_field(&event, &again, i);
}

static void test_each_field_alone(void **state)
{
	struct event full;

	fill_event(&full);
	for (size_t i = 0; i < FIELDS; i++) {
		_cleanup_(text_done) struct text text = { 0 };
		struct event event = full, again;
		const char *why;

		event_init(&event, EVENT_GAP, SOURCE_REEVE);
		event_know(&event, i);
		assert_int_equal(event_encode(&event, &text), 0);
		assert_int_equal(event_decode((struct slice){ text.data, text.size }, &again, &why),
				 text.size);
		assert_memory_equal(again.known, event.known, sizeof(event.known));
		assert_same_field(&event, &again, i);
	}
}

/* Cut anywhere, it is not whole; with any byte changed it is refused or another event. */
static void test_damage(void **state)
{
	_cleanup_(text_done) struct text text = { 0 };
	struct event event;
	const char *why;

	fill_event(&event);
	assert_int_equal(event_encode(&event, &text), 0);
	for (size_t size = 0; size < text.size; size++)
		assert_int_equal(event_decode((struct slice){ text.data, size }, &event, &why), 0);
	for (size_t i = 0; i < text.size; i++)
		for (unsigned change = 1; change < 256; change++) {
			ssize_t r;

			text.data[i] ^= (char)change;
			r = event_decode((struct slice){ text.data, text.size }, &event, &why);
			assert_true(r <= (ssize_t)text.size);
			assert_true(r != -EINVAL || why);
			text.data[i] ^= (char)change;
		}
}

static void test_fields_of_later_versions_are_skipped(void **state)
{
	/* length, exec, bpf, field 5000 = 7, field 5001 = "ab", PID = 42 */
	static const char data[] = "\x0c\0\0\0\x00\x01\x90\x4e\x07\x93\x4e\x02"
				   "ab\x04\x2a";
	struct event event;
	const char *why;

	assert_int_equal(event_decode((struct slice){ data, sizeof(data) - 1 }, &event, &why), 16);
	assert_true(event_knows(&event, FIELD_PID));
	assert_int_equal(event.pid, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_each_field_alone),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_fields_of_later_versions_are_skipped),
	};

	return cmocka_run_group_tests_name("event-codec", tests, NULL, NULL);
}
