// SPDX-License-Identifier: MIT
/* Heads of frames in both directions: whole, cut, and such as can be none. */
#include "port/frame.h"

#include "test/unit.h"

static void what_was_put_is_found(void **state)
{
	uint8_t frame[FRAME_HEAD_CHILD + 3] = { 0 };
	size_t size = 0;

	frame_put_head_child(frame, FRAME_STDOUT, 389, 3);
	assert_int_equal(frame_upwards(frame, sizeof(frame), 0, &size), FRAME_GOOD);
	assert_int_equal(size, sizeof(frame));
	assert_int_equal(frame_u32(frame + FRAME_HEAD), 389);
	for (size_t cut = 0; cut < FRAME_HEAD; cut++)
		assert_int_equal(frame_upwards(frame, cut, 0, &size), FRAME_SHORT);
}

static void no_frames_upwards(void **state)
{
	static const uint8_t wrong[][FRAME_HEAD] = {
		{ 0, 7, 0, 0 }, { 0, 7, 0, 9 }, { 0, 5, 0, 1 }, { 0, 2, 0, 4 },
		{ 0, 0, 0, 4 }, { 0, 3, 0, 8 }, { 1, 0, 1, 4 },
	};
	size_t size;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(frame_upwards(wrong[i], FRAME_HEAD, 0, &size), FRAME_BROKEN);
}

static void none_that_could_not_be_passed_on(void **state)
{
	uint8_t head[FRAME_HEAD];
	size_t size;

	for (unsigned depth = 0; depth < FRAME_DEPTH_MAX; depth++) {
		frame_put_head(head, FRAME_CALL, frame_room(depth + 1));
		assert_int_equal(frame_upwards(head, FRAME_HEAD, depth, &size), FRAME_GOOD);
		frame_put_head(head, FRAME_CALL, frame_room(depth));
		assert_int_equal(frame_upwards(head, FRAME_HEAD, depth, &size), FRAME_BROKEN);
	}
}

static void downwards(void **state)
{
	static const uint8_t call[] = { 0, 7, 0, 4, 0, 36, 131, 104, 0 };
	static const uint8_t wrong[][FRAME_HEAD] = {
		{ 0, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 5, 0, 0 }, { 0, 3, 0, 4 }, { 0, 7, 0, 1 },
	};
	size_t size;

	assert_int_equal(frame_downwards(call, sizeof(call), &size), FRAME_GOOD);
	assert_int_equal(size, sizeof(call));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(frame_downwards(wrong[i], FRAME_HEAD, &size), FRAME_BROKEN);
	/* A length that can be none is known before the type is there. */
	assert_int_equal(frame_downwards(wrong[0], 2, &size), FRAME_BROKEN);
	assert_int_equal(frame_downwards(call, 2, &size), FRAME_SHORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_put_is_found),
		cmocka_unit_test(no_frames_upwards),
		cmocka_unit_test(none_that_could_not_be_passed_on),
		cmocka_unit_test(downwards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
