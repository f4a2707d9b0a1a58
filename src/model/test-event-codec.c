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

/* Encodes one event as a block of its own. */
static void encode(const struct event *event, struct text *text)
{
	struct event_codec codec;

	event_codec_begin(&codec, text);
	assert_int_equal(event_encode(&codec, event, text), 0);
}

static size_t decode(const struct text *text, size_t at, struct event *event)
{
	const char *why;
	size_t used = event_decode((struct slice){ text->data, text->size }, at, event, &why);

	assert_true(used > 0);
	assert_null(why);
	return used;
}

static void test_there_and_back(void **state)
{
	_cleanup_(text_done) struct text text = { 0 };
	struct event event, again;

	fill_event(&event);
	encode(&event, &text);
	assert_int_equal(decode(&text, 0, &again), text.size);
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

		event_init(&event, EVENT_GAP, SOURCE_REEVE);
		event_know(&event, i);
		encode(&event, &text);
		assert_int_equal(decode(&text, 0, &again), text.size);
		assert_memory_equal(again.known, event.known, sizeof(event.known));
		assert_same_field(&event, &again, i);
	}
}

static void assert_again(const struct text *text, size_t *at, const struct event *event)
{
	struct event again;

	*at += decode(text, *at, &again);
	assert_memory_equal(again.known, event->known, sizeof(event->known));
	for (size_t i = 0; i < FIELDS; i++)
		if (event_knows(event, i))
			assert_same_field(event, &again, i);
}

/* What stood in the block before is not written once more. */
static void test_repetitions(void **state)
{
	_cleanup_(text_done) struct text text = { 0 };
	char path[5000];
	struct event_codec codec;
	struct event event;
	size_t first, at = 3;

	memset(path, 'x', sizeof(path));
	text_add(&text, "abc"); /* the block begins behind it */
	event_codec_begin(&codec, &text);
	event_init(&event, EVENT_EXEC, SOURCE_BPF);
	event_set(&event, EXE, exe, (struct slice){ path, sizeof(path) });
	event_set(&event, CWD, cwd, slice_of("/tmp"));
	assert_int_equal(event_encode(&codec, &event, &text), 0);
	first = text.size;
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(event_encode(&codec, &event, &text), 0);
	assert_true(text.size - first < 100 * 20);
	/* Nearly the same is another. */
	path[100] = 'y';
	assert_int_equal(event_encode(&codec, &event, &text), 0);
	path[100] = 'x';
	memmove(text.data, text.data + 3, text.size -= 3);
	at = 0;
	for (uint32_t i = 0; i < 101; i++)
		assert_again(&text, &at, &event);
	path[100] = 'y';
	assert_again(&text, &at, &event);
	assert_int_equal(at, text.size);
}

static void test_a_list_without_its_end(void **state)
{
	_cleanup_(text_done) struct text text = { 0 };
	struct event event, again;

	event_init(&event, EVENT_EXEC, SOURCE_BPF);
	event_set(&event, ARGV, argv, (struct slice){ "a\0bcde", 6 });
	encode(&event, &text);
	decode(&text, 0, &again);
	assert_true(slice_eq(again.argv, (struct slice){ "a\0bcde\0", 7 }));
}

/* Cut anywhere, it is not whole; with any byte changed it is refused or another event. */
static void test_damage(void **state)
{
	_cleanup_(text_done) struct text text = { 0 };
	struct event_codec codec;
	struct event event;
	const char *why;
	size_t first;

	fill_event(&event);
	event.exe = event.cwd = slice_of("/usr/bin/env");
	event_codec_begin(&codec, &text);
	assert_int_equal(event_encode(&codec, &event, &text), 0);
	first = text.size;
	assert_int_equal(event_encode(&codec, &event, &text), 0);
	for (size_t size = 0; size < text.size; size++)
		assert_int_equal(event_decode((struct slice){ text.data, size },
					      size < first ? 0 : first, &event, &why),
				 0);
	assert_int_equal(event_decode((struct slice){ text.data, text.size }, SIZE_MAX, &event,
				      &why),
			 0);
	for (size_t i = 0; i < text.size; i++) {
		for (unsigned change = 1; change < 256; change++) {
			size_t used;

			text.data[i] ^= (char)change;
			used = event_decode((struct slice){ text.data, text.size }, first, &event,
					    &why);
			assert_true(used <= text.size - first);
			text.data[i] ^= (char)change;
		}
	}
}

static void test_fields_of_later_versions_are_skipped(void **state)
{
	/* length, exec, bpf, field 5000 = 7, field 5001 = "ab", PID = 42 */
	static const char data[] = "\x0e\0\0\0\x00\x01\xa0\x9c\x01\x07\xa5\x9c\x01\x02"
				   "ab\x08\x2a";
	/* length, type 100, what nobody knows; then a GAP of the gate */
	static const char later[] = "\x03\0\0\0\x64\x01\x07\x02\0\0\0\x0a\x00";
	struct slice block = { later, sizeof(later) - 1 };
	struct event event;
	const char *why;

	assert_int_equal(event_decode((struct slice){ data, sizeof(data) - 1 }, 0, &event, &why),
			 18);
	assert_null(why);
	assert_true(event_knows(&event, FIELD_PID));
	assert_int_equal(event.pid, 42);
	assert_int_equal(event_decode(block, 0, &event, &why), 7);
	assert_non_null(why);
	assert_int_equal(event_decode(block, 7, &event, &why), 6);
	assert_null(why);
	assert_int_equal(event.type, EVENT_GAP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_each_field_alone),
		cmocka_unit_test(test_repetitions),
		cmocka_unit_test(test_a_list_without_its_end),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_fields_of_later_versions_are_skipped),
	};

	return cmocka_run_group_tests_name("event-codec", tests, NULL, NULL);
}
