// SPDX-License-Identifier: MIT
/* Groups made ahead; folders stand for hierarchies. */
#include "launch/group-pool.h"

#include "test/unit.h"

#include <sys/stat.h>

static void test_each_is_another(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *one = unit_path(folder, "one"), *two = unit_path(folder, "two");
	struct group_place first = { .count = 0 }, second = { .count = 0 }, third = { .count = 0 };
	struct group_pool pool = { .count = 0 };

	assert_int_equal(mkdir(one, 0700), 0);
	assert_int_equal(mkdir(two, 0700), 0);
	assert_int_equal(group_pool_add(&pool, one), 0);
	assert_int_equal(group_pool_add(&pool, two), 0);
	assert_int_equal(group_pool_fill(&pool, 2, NULL), 0);
	assert_int_equal(group_pool_fill(&pool, 1, NULL), 0);
	assert_int_equal(pool.count, 2);
	assert_int_equal(group_pool_take(&pool, &first, NULL), 0);
	/* In each hierarchy one of the same name, and another one than before. */
	assert_int_equal(first.count, 2);
	assert_int_equal(strncmp(first.folders[0], one, strlen(one)), 0);
	assert_string_equal(first.folders[0] + strlen(one), first.folders[1] + strlen(two));
	assert_int_equal(group_pool_take(&pool, &second, NULL), 0);
	assert_int_equal(pool.count, 0);
	assert_int_equal(group_pool_take(&pool, &third, NULL), 0);
	assert_string_not_equal(first.folders[0], second.folders[0]);
	assert_string_not_equal(second.folders[0], third.folders[0]);
	assert_int_equal(group_place_remove(&first), 0);
	assert_int_equal(group_place_remove(&first), 0);
	assert_int_equal(group_place_remove(&second), 0);
	assert_int_equal(rmdir(third.folders[1]), 0);
	assert_int_equal(group_place_remove(&third), 0);
	/* Those that were not taken go with the pool. */
	assert_int_equal(group_pool_fill(&pool, 3, NULL), 0);
	group_pool_done(&pool);
	assert_int_equal(rmdir(one), 0);
	assert_int_equal(rmdir(two), 0);
}

static void test_mistakes(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *none = unit_path(folder, "none"), *inside = NULL;
	struct group_place place = { .count = 0 };
	struct group_pool pool = { .count = 0 };
	struct error err = ERROR_INIT;

	assert_int_equal(group_pool_fill(&pool, 1, &err), -EINVAL);
	assert_non_null(strstr(error_text(&err), "below those of the plan"));
	error_done(&err);
	assert_int_equal(group_pool_add(&pool, folder), 0);
	assert_int_equal(group_pool_fill(&pool, GROUP_POOL_MOST + 1, &err), -EINVAL);
	assert_non_null(strstr(error_text(&err), "at most 64"));
	error_done(&err);
	/* All or nothing. */
	assert_int_equal(group_pool_add(&pool, none), 0);
	assert_int_equal(group_pool_fill(&pool, 1, &err), -ENOENT);
	assert_non_null(strstr(error_text(&err), "cannot make a group for one program"));
	error_done(&err);
	assert_int_equal(pool.count, 0);
	assert_int_equal(mkdir(none, 0700), 0);
	assert_int_equal(group_pool_take(&pool, &place, NULL), 0);
	/* Somebody is in it: it stays, and is tried again. */
	assert_true(asprintf(&inside, "%s/inside", place.folders[1]) > 0);
	assert_int_equal(mkdir(inside, 0700), 0);
	assert_int_equal(group_place_remove(&place), -ENOTEMPTY);
	assert_int_equal(place.count, 2);
	assert_int_equal(rmdir(inside), 0);
	assert_int_equal(group_place_remove(&place), 0);
	group_place_done(&place);
	group_pool_done(&pool);
	assert_int_equal(rmdir(none), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_is_another),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests_name("launch/group-pool", tests, NULL, NULL);
}
