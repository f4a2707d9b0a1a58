// SPDX-License-Identifier: MIT
/*
 * The form of record files. Whole files are tested beside their reader, source/test-replay.c.
 * covers: record-file.c
 */
#include "model/record-block.h"

#include "model/record-file.h"
#include "test/unit.h"

#include <fcntl.h>

static void test_blocks(void **state)
{
	struct record_block block = { RECORD_EVENTS, 5, 3, UINT64_C(1) << 40, 0 }, again;
	uint8_t bytes[RECORD_HEADER];

	record_block_pack(&block, "hello", bytes);
	assert_int_equal(record_block_unpack(bytes, &again), 0);
	assert_int_equal(again.kind, RECORD_EVENTS);
	assert_int_equal(again.size, 5);
	assert_int_equal(again.count, 3);
	assert_int_equal(again.first, UINT64_C(1) << 40);
	assert_true(record_block_is_whole(&again, "hello"));
	assert_false(record_block_is_whole(&again, "hellp"));
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] ^= 0x10;
		assert_int_equal(record_block_unpack(bytes, &again), -EINVAL);
		bytes[i] ^= 0x10;
	}
}

static void test_magic(void **state)
{
	uint8_t bytes[RECORD_MAGIC];
	unsigned major;

	record_magic_pack(bytes);
	assert_int_equal(record_magic_check(bytes, &major), 0);
	bytes[10] = 200; /* a later minor version is read */
	assert_int_equal(record_magic_check(bytes, &major), 0);
	bytes[8] = RECORD_MAJOR + 1;
	assert_int_equal(record_magic_check(bytes, &major), -EPROTONOSUPPORT);
	assert_int_equal(major, RECORD_MAJOR + 1);
	bytes[0] = 'R';
	assert_int_equal(record_magic_check(bytes, &major), -EINVAL);
}

/* An event waits a second for its block at most; a full block waits for nothing. */
static void test_when_it_is_written(void **state)
{
	const struct record_about about = { "boot", "host", "1", 0 };
	const uint64_t second = UINT64_C(1000000000);
	_cleanup_(record_writer_freep) struct record_writer *writer = NULL;
	struct event event;
	uint64_t before;
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	assert_int_equal(record_writer_new(fd, &about, &writer, NULL), 0);
	before = record_writer_bytes(writer);
	event_init(&event, EVENT_EXIT, SOURCE_BPF);
	assert_int_equal(record_writer_add(writer, &event, 5), 0);
	assert_int_equal(record_writer_due(writer), 5 + second);
	assert_int_equal(record_writer_bytes(writer), before);
	assert_int_equal(record_writer_add(writer, &event, 5 + second), 0);
	assert_true(record_writer_bytes(writer) > before);
	assert_int_equal(record_writer_due(writer), UINT64_MAX);
	before = record_writer_bytes(writer);
	for (int i = 0; i < RECORD_PAYLOAD / 4; i++)
		assert_int_equal(record_writer_add(writer, &event, 0), 0);
	assert_true(record_writer_bytes(writer) > before);
	assert_int_equal(record_writer_events(writer), 2 + RECORD_PAYLOAD / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_magic),
		cmocka_unit_test(test_when_it_is_written),
	};

	return cmocka_run_group_tests_name("record-block", tests, NULL, NULL);
}
