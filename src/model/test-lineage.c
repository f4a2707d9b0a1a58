// SPDX-License-Identifier: MIT
#include "model/lineage.h"

#include "test/unit.h"

static struct lineage *child_of(struct lineages *all, struct lineage *parent, uint32_t pid)
{
	struct lineage *line = lineage_new(all, pid, pid * 10);

	assert_non_null(line);
	if (parent)
		lineage_link(line, parent);
	return line;
}

static void test_ended_ones_are_remembered_while_needed(void **state)
{
	struct lineages all = { 0 };
	struct lineage *a = child_of(&all, NULL, 1), *b = child_of(&all, a, 2);
	struct lineage *c = child_of(&all, b, 3), *d = child_of(&all, b, 4);

	lineage_end(&all, b);
	assert_int_equal(all.living, 3);
	assert_int_equal(all.ended, 1);
	assert_non_null(lineage_find(c, 2, 20));
	assert_null(lineage_find(c, 2, 21));
	assert_non_null(lineage_find(c, 1, 0));
	assert_non_null(lineage_find(c, 3, 0));
	assert_null(lineage_find(c, 4, 0));
	lineage_end(&all, c);
	assert_int_equal(all.ended, 1);
	lineage_end(&all, d);
	assert_int_equal(all.ended, 0);
	lineage_end(&all, a);
	assert_int_equal(all.living + all.ended, 0);
}

static void test_nobody_descends_from_himself(void **state)
{
	struct lineages all = { 0 };
	struct lineage *a = child_of(&all, NULL, 1), *b = child_of(&all, a, 2);
	struct lineage *c = child_of(&all, NULL, 3);

	lineage_link(a, a);
	lineage_link(a, b);
	assert_null(lineage_find(a, 2, 0));
	/* The first parent stays. */
	lineage_link(b, c);
	assert_null(lineage_find(b, 3, 0));
	lineage_end(&all, a);
	lineage_end(&all, b);
	lineage_end(&all, c);
	assert_int_equal(all.ended, 0);
}

static struct lineage *chain(struct lineages *all, struct lineage *root, unsigned length)
{
	struct lineage *line = child_of(all, root, 100);

	for (unsigned i = 1; i < length; i++) {
		struct lineage *next = child_of(all, line, 100 + i);

		lineage_end(all, line);
		line = next;
	}
	return line;
}

static void test_shortening(void **state)
{
	struct lineages all = { 0 };
	struct lineage *root = child_of(&all, NULL, 1);
	struct lineage *long_one = chain(&all, root, LINEAGE_SPARE + 100), *other;

	/* A second that shares most of the way, a third that has nobody alive above it. */
	other = child_of(&all, long_one->parent, 5);
	assert_true(lineages_are_crowded(&all));
	lineage_shorten(&all, long_one);
	assert_int_equal(all.ended, 1);
	assert_ptr_equal(long_one->parent, root);
	lineage_shorten(&all, other);
	assert_int_equal(all.ended, 0);
	assert_non_null(lineage_find(other, 1, 0));
	lineage_shorten(&all, root);
	lineage_end(&all, root);
	lineage_shorten(&all, other);
	assert_null(other->parent);
	lineage_shorten(&all, long_one);
	lineage_shorten(&all, long_one);
	assert_int_equal(all.ended, 0);
	lineage_end(&all, other);
	lineage_end(&all, long_one);
	assert_int_equal(all.living + all.ended, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ended_ones_are_remembered_while_needed),
		cmocka_unit_test(test_nobody_descends_from_himself),
		cmocka_unit_test(test_shortening),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
