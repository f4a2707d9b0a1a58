// SPDX-License-Identifier: MIT
#include "core/scan-memory.h"

#include "test/unit.h"

static void test_new_and_known(void **state)
{
	_cleanup_(scan_memory_done) struct scan_memory memory = { 0 };
	const struct scan_seen one = { .pid = 7, .started = 1, .dev = 1, .ino = 1 };
	const struct scan_seen executed = { .pid = 7, .started = 1, .dev = 1, .ino = 2 };
	const struct scan_seen again = { .pid = 7, .started = 2, .dev = 1, .ino = 1 };

	scan_memory_begin(&memory);
	assert_false(memory.primed);
	assert_true(scan_memory_note(&memory, &one));
	assert_false(scan_memory_note(&memory, &one));
	scan_memory_begin(&memory);
	assert_true(memory.primed);
	assert_false(scan_memory_note(&memory, &one));
	assert_true(scan_memory_note(&memory, &executed));
	assert_true(scan_memory_note(&memory, &again));
	scan_memory_begin(&memory);
	assert_false(scan_memory_note(&memory, &again));
	/* It was gone for a whole scan. */
	scan_memory_begin(&memory);
	assert_true(scan_memory_note(&memory, &one));
}

static void test_empty_scans(void **state)
{
	_cleanup_(scan_memory_done) struct scan_memory memory = { 0 };

	scan_memory_begin(&memory);
	assert_false(memory.primed);
	scan_memory_begin(&memory);
	assert_true(memory.primed);
	scan_memory_begin(&memory);
	assert_true(memory.primed);
}

static void test_many_in_any_order(void **state)
{
	_cleanup_(scan_memory_done) struct scan_memory memory = { 0 };

	for (int round = 0; round < 2; round++) {
		scan_memory_begin(&memory);
		for (int i = 0; i < 1000; i++) {
			const struct scan_seen seen = { .pid = i * 7919 % 1000 + 1 };

			assert_int_equal(scan_memory_note(&memory, &seen), round == 0);
		}
		assert_int_equal(memory.now_count, 1000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_and_known),
		cmocka_unit_test(test_empty_scans),
		cmocka_unit_test(test_many_in_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
