// SPDX-License-Identifier: MIT
#include "model/intern.h"

#include "test/unit.h"

static void test_equal_texts_are_one(void **state)
{
	struct intern pool;
	struct interned *a, *b, *c;
	bool new = false;

	intern_init(&pool, 0);
	a = intern_get(&pool, slice_of("/bin/ls"), slice_of(""), &new);
	assert_true(new);
	b = intern_get(&pool, slice_of("/bin/ls"), slice_of(""), &new);
	assert_false(new);
	assert_ptr_equal(a, b);
	/* The border between the parts counts. */
	c = intern_get(&pool, slice_of("/bin"), slice_of("/ls"), &new);
	assert_true(new);
	assert_true(interned_is(c, slice_of("/bin"), slice_of("/ls")));
	assert_false(interned_is(c, slice_of("/bin/ls"), slice_of("")));
	assert_false(interned_is(NULL, slice_of(""), slice_of("")));
	assert_int_equal(pool.count, 2);
	intern_put(&pool, a);
	intern_put(&pool, b);
	intern_put(&pool, c);
	/* Kept, and found again. */
	assert_int_equal(pool.count, 2);
	assert_ptr_equal(intern_get(&pool, slice_of("/bin/ls"), slice_of(""), &new), a);
	assert_false(new);
	intern_put(&pool, NULL);
	intern_done(&pool);
}

static void test_many_texts_with_room_beside(void **state)
{
	enum { MANY = 10000 };
	struct intern pool;
	struct interned **all = calloc(MANY, sizeof(*all));
	bool new;

	intern_init(&pool, 12);
	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t *extra;

		all[i] = intern_get(&pool, (struct slice){ (char *)&i, sizeof(i) },
				    slice_of("second"), &new);
		assert_true(new);
		extra = interned_extra(all[i]);
		assert_int_equal(extra[0] | extra[1] | extra[2], 0);
		extra[2] = i;
	}
	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t *extra = interned_extra(all[i]);

		assert_int_equal(extra[2], i);
		assert_true(slice_eq(interned_second(all[i]), slice_of("second")));
		if (i % 2)
			intern_put(&pool, all[i]);
	}
	assert_true(pool.count <= MANY / 2 + INTERN_KEPT);
	assert_true(pool.count >= MANY / 2);
	free(all);
	intern_done(&pool); /* what is referenced goes, too */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_texts_are_one),
		cmocka_unit_test(test_many_texts_with_room_beside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
