// SPDX-License-Identifier: MIT
#include "util/ring.h"

#include "test/unit.h"

#include <pthread.h>
#include <sched.h>

static bool put(struct ring *ring, const char *text)
{
	char *place = ring_reserve(ring, strlen(text) + 100);

	if (!place)
		return false;
	memcpy(place, text, strlen(text));
	ring_commit(ring, strlen(text));
	return true;
}

static void take(struct ring *ring, const char *text)
{
	size_t size;
	const char *record = ring_peek(ring, &size);

	assert_non_null(record);
	assert_int_equal(size, strlen(text));
	assert_memory_equal(record, text, size);
	ring_drop(ring);
}

static void test_order_and_room(void **state)
{
	struct ring ring;
	size_t size;

	assert_int_equal(ring_init(&ring, 4096), 0);
	assert_null(ring_peek(&ring, &size));
	/* Many turns around, at every place of the end. */
	for (int turn = 0; turn < 1000; turn++) {
		assert_true(put(&ring, "one"));
		assert_true(put(&ring, ""));
		assert_true(put(&ring, "another record"));
		take(&ring, "one");
		take(&ring, "");
		take(&ring, "another record");
		assert_null(ring_peek(&ring, &size));
	}
	assert_int_equal(ring.lost, 0);
	ring_done(&ring);
}

static void test_full(void **state)
{
	struct ring ring;
	unsigned count = 0;

	assert_int_equal(ring_init(&ring, 4096), 0);
	/* What is reserved must fit, though less is used. */
	while (put(&ring, "0123456789"))
		count++;
	assert_true(count > 100 && count <= 4096 / 32);
	assert_int_equal(ring.lost, 1);
	assert_null(ring_reserve(&ring, 5000));
	assert_int_equal(ring.lost, 2);
	for (; count > 0; count--)
		take(&ring, "0123456789");
	assert_true(put(&ring, "again"));
	take(&ring, "again");
	ring_done(&ring);
}

enum { RECORDS = 50000 };

static void *write_all_records(void *argument)
{
	struct ring *ring = argument;

	for (uint32_t i = 0; i < RECORDS;) {
		size_t size = sizeof(i) * (1 + i % 17);
		uint32_t *place = ring_reserve(ring, size);

		for (size_t at = 0; place && at < size / sizeof(i); at++)
			place[at] = i;
		if (!place) {
			sched_yield();
			continue;
		}
		ring_commit(ring, size);
		i++;
	}
	return NULL;
}

static void test_two_threads(void **state)
{
	pthread_t thread;
	struct ring ring;

	assert_int_equal(ring_init(&ring, 8192), 0);
	assert_int_equal(pthread_create(&thread, NULL, write_all_records, &ring), 0);
	for (uint32_t i = 0; i < RECORDS;) {
		size_t size;
		const uint32_t *record = ring_peek(&ring, &size);

		if (!record) {
			sched_yield();
			continue;
		}
		if (size != sizeof(i) * (1 + i % 17) || record[0] != i ||
		    record[size / sizeof(i) - 1] != i)
			fail_msg("record %u is wrong", i);
		ring_drop(&ring);
		i++;
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	ring_done(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_room),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
