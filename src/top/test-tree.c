// SPDX-License-Identifier: MIT
#include "top/tree.h"

#include "test/unit.h"

static int take(struct tree *tree, const char *text)
{
	json_t *reply = json_loads(text, 0, NULL);
	int r;

	assert_non_null(reply);
	r = tree_take(tree, reply);
	json_decref(reply);
	return r;
}

/* The names of the rows, in order. */
static void rows_are(struct tree *tree, const char *wanted)
{
	char all[512] = "";

	assert_int_equal(tree_arrange(tree), 0);
	for (size_t i = 0; i < tree->row_count; i++) {
		size_t n = strlen(all);

		snprintf(all + n, sizeof(all) - n, "%s%s", i ? " " : "", tree->rows[i].use->name);
	}
	assert_string_equal(all, wanted);
}

static const char WHOLE[] =
	"{\"revision\": 5, \"whole\": true, \"processors\": 2, \"groups\": ["
	"{\"name\": \"apps\", \"cpu\": 30, \"members\": 1},"
	"{\"name\": \"idle\", \"cpu\": 0},"
	"{\"name\": \"apps/b\", \"cpu\": 10, \"memory\": 50, \"memory_limit\": 100},"
	"{\"name\": \"apps/a/deep\", \"cpu\": 20, \"cpu_stall\": 5, \"io_stall\": 9}]}";

static void groups_are_a_tree(_unused_ void **state)
{
	struct tree tree = { 0 };
	char letter;

	assert_int_equal(take(&tree, WHOLE), 0);
	rows_are(&tree, "apps apps/a/deep apps/b idle");
	assert_string_equal(tree_find(&tree, "apps/a/deep")->label, "a/deep");
	assert_int_equal(tree_find(&tree, "apps/a/deep")->depth, 1);
	assert_int_equal(use_pressure(tree_find(&tree, "apps/a/deep"), &letter), 9);
	assert_int_equal(letter, 'i');
	assert_true(use_knows(tree_find(&tree, "apps/b"), USE_MEMORY_LIMIT));
	assert_false(use_knows(tree_find(&tree, "idle"), USE_MEMORY));
	tree.sort = SORT_CPU;
	rows_are(&tree, "apps apps/a/deep apps/b idle");
	tree.sort = SORT_MEMORY;
	rows_are(&tree, "apps apps/b apps/a/deep idle");
	tree_done(&tree);
}

static void folds_and_filters(_unused_ void **state)
{
	struct tree tree = { 0 };

	assert_int_equal(take(&tree, WHOLE), 0);
	tree_find(&tree, "apps")->folded = true;
	rows_are(&tree, "apps idle");
	tree_find(&tree, "apps")->folded = false;
	snprintf(tree.filter, sizeof(tree.filter), "deep");
	rows_are(&tree, "apps apps/a/deep");
	snprintf(tree.filter, sizeof(tree.filter), "nothing");
	rows_are(&tree, "");
	tree_done(&tree);
}

static void changes_leave_the_rest(_unused_ void **state)
{
	struct tree tree = { 0 };

	assert_int_equal(take(&tree, WHOLE), 0);
	tree_find(&tree, "apps")->folded = true;
	assert_int_equal(take(&tree, "{\"revision\": 6, \"whole\": false, \"groups\": [{\"name\": "
				     "\"idle\", \"cpu\": 99, \"frozen\": true}, {\"name\": "
				     "\"unknown\"}, {}, 7]}"),
			 0);
	assert_int_equal(tree.revision, 6);
	assert_int_equal(tree_find(&tree, "idle")->values[USE_CPU], 99);
	assert_true(tree_find(&tree, "idle")->frozen);
	assert_null(tree_find(&tree, "unknown"));
	/* What is there yet keeps what the user did to it. */
	assert_int_equal(take(&tree, "{\"revision\": 7, \"whole\": true, \"groups\": [{\"name\": "
				     "\"apps\"}, {\"name\": \"apps/new\"}, {\"name\": \"apps\"}, "
				     "{}]}"),
			 0);
	rows_are(&tree, "apps");
	tree_find(&tree, "apps")->folded = false;
	rows_are(&tree, "apps apps/new");
	tree_done(&tree);
}

static void strange_answers_are_refused(_unused_ void **state)
{
	static const char *const texts[] = { "{}", "[]", "{\"groups\": 7, \"revision\": 1}",
					     "{\"groups\": []}",
					     "{\"groups\": [], \"revision\": \"1\"}" };
	struct tree tree = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_int_equal(take(&tree, texts[i]), -EBADMSG);
	rows_are(&tree, "");
	tree_done(&tree);
}

static void the_past_is_that_of_its_group(_unused_ void **state)
{
	struct tree tree = { 0 };
	json_t *reply = json_loads("{\"times\": [1, 2, 3], \"groups\": [{\"name\": \"idle\", "
				   "\"cpu\": [1, null, 3]}, {\"name\": \"unknown\", \"cpu\": [1]}, "
				   "{\"name\": \"apps\"}]}",
				   0, NULL);

	assert_int_equal(take(&tree, WHOLE), 0);
	tree_take_past(&tree, reply);
	json_decref(reply);
	assert_int_equal(tree_find(&tree, "idle")->past_count, 3);
	assert_int_equal(tree_find(&tree, "idle")->past[1], 0);
	assert_int_equal(tree_find(&tree, "idle")->past[2], 3);
	assert_int_equal(tree_find(&tree, "apps")->past_count, 0);
	tree_done(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_are_a_tree),
		cmocka_unit_test(folds_and_filters),
		cmocka_unit_test(changes_leave_the_rest),
		cmocka_unit_test(strange_answers_are_refused),
		cmocka_unit_test(the_past_is_that_of_its_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
