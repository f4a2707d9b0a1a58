// SPDX-License-Identifier: MIT
#include "export/segment.h"

#include "test/unit.h"
#include "util/fd.h"

#include <endian.h>
#include <sys/mman.h>
#include <zlib.h>

enum { RECORDS = 20, FIRST = 1000, HEADER = SEGMENT_HEADER + 13 };

static const char boot[] = "01234567-89ab-cdef-0123-456789abcdef";

/* A segment of RECORDS events, the fifth of them a gap of three numbers. */
static void make(struct text *text)
{
	const struct segment_header header = { .first = FIRST,
					       .created = 7,
					       .boot = "01234567-89ab-cdef-0123-456789abcdef",
					       .host = "web-7.example" };
	unsigned char bytes[SEGMENT_HEADER_MOST];
	uint64_t sequence = FIRST;

	text_add_bytes(text, bytes, segment_header_write(&header, bytes));
	for (int i = 0; i < RECORDS; i++) {
		char payload[40];
		int n = snprintf(payload, sizeof(payload), "{\"n\":%d}", i);
		const struct spool_record record = {
			.sequence = sequence,
			.count = i == 4 ? 3 : 1,
			.time = 99,
			.kind = i == 4 ? SPOOL_GAP : SPOOL_EVENT,
			.payload = { payload, (size_t)n },
		};

		segment_record_add(text, &record);
		sequence += record.count;
	}
	assert_false(text->failed);
}

static int file_of(const void *data, size_t size)
{
	int fd = memfd_create("segment", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write_all(fd, data, size), 0);
	return fd;
}

struct sums {
	uint64_t sound, missing, damaged;
};

/* Reads all; every number up to `end` must be told once and in order. */
static struct sums read_all(int fd, size_t size, uint64_t end)
{
	struct segment_reader reader;
	struct spool_record record;
	struct sums sums = { 0 };
	uint64_t expected = FIRST;
	int r;

	assert_int_equal(segment_reader_init(&reader, fd), 0);
	assert_string_equal(reader.header.boot, boot);
	assert_string_equal(reader.header.host, "web-7.example");
	while ((r = segment_next(&reader, size, end, &record)) > 0) {
		assert_int_equal(record.sequence, expected);
		expected += record.count;
		if (r == SEGMENT_SOUND)
			sums.sound += record.count;
		else
			sums.missing += record.count;
	}
	assert_int_equal(r, SEGMENT_END);
	if (end > 0)
		assert_int_equal(expected, end);
	sums.damaged = reader.damaged;
	segment_reader_done(&reader);
	return sums;
}

static void test_written_and_read(void **state)
{
	_cleanup_(text_done) struct text text = { 0 };
	_cleanup_(closep) int fd = -1;
	struct sums sums;

	make(&text);
	fd = file_of(text.data, text.size);
	sums = read_all(fd, text.size, FIRST + RECORDS + 2);
	assert_int_equal(sums.sound, RECORDS + 2);
	assert_int_equal(sums.missing, 0);
	assert_int_equal(sums.damaged, 0);
}

/* Whichever byte is another one: a record, at most, is missing, and exactly that is told. */
static void test_every_byte_changed(void **state)
{
	_cleanup_(text_done) struct text text = { 0 };

	make(&text);
	for (size_t at = 0; at < text.size; at++) {
		_cleanup_(closep) int fd = -1;
		struct segment_reader reader;
		struct sums sums;

		text.data[at] ^= 0x41;
		fd = file_of(text.data, text.size);
		text.data[at] ^= 0x41;
		if (at < HEADER) {
			assert_int_equal(segment_reader_init(&reader, fd), -EBADMSG);
			continue;
		}
		sums = read_all(fd, text.size, FIRST + RECORDS + 2);
		assert_int_equal(sums.damaged, 1);
		assert_true(sums.missing == 1 || sums.missing == 3);
	}
}

static void test_cut_at_every_byte(void **state)
{
	_cleanup_(text_done) struct text text = { 0 };

	make(&text);
	for (size_t size = 0; size < text.size; size++) {
		_cleanup_(closep) int fd = file_of(text.data, size);
		struct segment_reader reader;
		struct sums sums;

		if (size < HEADER) {
			assert_int_equal(segment_reader_init(&reader, fd), -ENODATA);
			continue;
		}
		/* With its old length said, and with the new one. */
		sums = read_all(fd, text.size, FIRST + RECORDS + 2);
		assert_int_equal(sums.sound + sums.missing, RECORDS + 2);
		assert_true(sums.missing > 0);
		assert_int_equal(read_all(fd, size, 0).sound, sums.sound);
	}
}

static void test_newer_version(void **state)
{
	const struct segment_header header = { .first = 1, .boot = "" };
	unsigned char bytes[SEGMENT_HEADER_MOST];
	struct segment_header read;
	uint32_t sum;

	segment_header_write(&header, bytes);
	assert_int_equal(segment_header_read(bytes, SEGMENT_HEADER, &read), 0);
	bytes[8]++;
	assert_int_equal(segment_header_read(bytes, SEGMENT_HEADER, &read), -EBADMSG);
	/* As a newer one would write it, with its sum. */
	sum = htole32((uint32_t)crc32(0, bytes, 60));
	memcpy(bytes + 60, &sum, sizeof(sum));
	assert_int_equal(segment_header_read(bytes, SEGMENT_HEADER, &read), -ENOTSUP);
}

/* Bytes that look like lengths must not make every step read the file anew. */
static void test_long_damage(void **state)
{
	_cleanup_(text_done) struct text text = { 0 };
	_cleanup_(closep) int fd = -1;
	size_t before;
	struct sums sums;

	make(&text);
	before = text.size;
	assert_true(text_reserve(&text, 1 << 20));
	memset(text.data + before, 0x5a, 1 << 20);
	text.size += 1 << 20;
	segment_record_add(&text, &(struct spool_record){ .sequence = FIRST + RECORDS + 10,
							  .count = 1,
							  .kind = SPOOL_EVENT });
	fd = file_of(text.data, text.size);
	sums = read_all(fd, text.size, FIRST + RECORDS + 11);
	assert_int_equal(sums.missing, 8);
	assert_int_equal(sums.sound, RECORDS + 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written_and_read),  cmocka_unit_test(test_every_byte_changed),
		cmocka_unit_test(test_cut_at_every_byte), cmocka_unit_test(test_newer_version),
		cmocka_unit_test(test_long_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
