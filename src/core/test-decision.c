// SPDX-License-Identifier: MIT
#include "core/decision.h"

#include "test/unit.h"

#include <pthread.h>

static void test_order_and_room(void **state)
{
	struct decision_queue queue;
	int value;

	assert_int_equal(decision_queue_init(&queue, 4, sizeof(int)), 0);
	assert_null(decision_queue_peek(&queue));
	/* Several turns around the ring. */
	for (int turn = 0; turn < 5; turn++) {
		for (int i = 0; i < 4; i++) {
			value = turn * 4 + i;
			assert_true(decision_queue_put(&queue, &value));
		}
		assert_false(decision_queue_put(&queue, &value));
		for (int i = 0; i < 4; i++) {
			const int *first = decision_queue_peek(&queue);

			assert_non_null(first);
			assert_int_equal(*first, turn * 4 + i);
			decision_queue_drop(&queue);
		}
		assert_null(decision_queue_peek(&queue));
	}
	assert_int_equal(queue.lost, 5);
	decision_queue_done(&queue);
}

/* What has been read is used again, the last first: pages stay untouched that nobody waited in. */
static void test_few_items(void **state)
{
	struct decision_queue queue;

	assert_int_equal(decision_queue_init(&queue, 64, sizeof(int)), 0);
	for (int i = 0; i < 1000; i++) {
		int other = -i;

		assert_true(decision_queue_put(&queue, &i));
		assert_true(decision_queue_put(&queue, &other));
		assert_int_equal(*(const int *)decision_queue_peek(&queue), i);
		decision_queue_drop(&queue);
		assert_int_equal(*(const int *)decision_queue_peek(&queue), other);
		decision_queue_drop(&queue);
	}
	assert_int_equal(queue.fresh, 2);
	assert_int_equal(queue.lost, 0);
	decision_queue_done(&queue);
}

enum { WRITERS = 4, EACH = 20000 };

struct writer {
	struct decision_queue *queue;
	uint32_t number;
	uint64_t put;
};

static void *write_many(void *argument)
{
	struct writer *writer = argument;

	for (uint32_t i = 0; i < EACH; i++) {
		uint64_t value = (uint64_t)writer->number << 32 | i;

		writer->put += decision_queue_put(writer->queue, &value);
	}
	return NULL;
}

/* Nothing is lost uncounted, nothing comes twice, and each writer's own order is kept. */
static void test_many_writers(void **state)
{
	struct decision_queue queue;
	struct writer writers[WRITERS];
	pthread_t threads[WRITERS];
	uint32_t next[WRITERS] = { 0 };
	uint64_t got = 0, put = 0;
	int running = WRITERS;

	assert_int_equal(decision_queue_init(&queue, 64, sizeof(uint64_t)), 0);
	for (uint32_t i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){ .queue = &queue, .number = i };
		assert_int_equal(pthread_create(&threads[i], NULL, write_many, &writers[i]), 0);
	}
	while (running > 0 || decision_queue_peek(&queue)) {
		const uint64_t *value = decision_queue_peek(&queue);

		if (!value) {
			assert_int_equal(pthread_join(threads[--running], NULL), 0);
			continue;
		}
		assert_true((uint32_t)*value >= next[*value >> 32]);
		next[*value >> 32] = (uint32_t)*value + 1;
		decision_queue_drop(&queue);
		got++;
	}
	for (int i = 0; i < WRITERS; i++)
		put += writers[i].put;
	assert_int_equal(got, put);
	assert_int_equal(got + queue.lost, WRITERS * EACH);
	decision_queue_done(&queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_room),
		cmocka_unit_test(test_few_items),
		cmocka_unit_test(test_many_writers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
