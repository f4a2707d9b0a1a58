// SPDX-License-Identifier: MIT
#include "action/adhoc.h"

#include "cgroup/fake.h"
#include "test/unit.h"

struct world {
	struct fake fake;
	struct groups *groups;
	struct adhoc *adhoc;
};

static int begin(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	fake_init(&world->fake, FAKE_V2);
	assert_int_equal(groups_open(world->fake.layout, "reeve", NULL, &world->groups, NULL), 0);
	assert_int_equal(adhoc_new(world->groups, &world->adhoc), 0);
	*state = world;
	return 0;
}

static int end(void **state)
{
	struct world *world = *state;

	adhoc_free(world->adhoc);
	groups_free(world->groups);
	fake_done(&world->fake);
	free(world);
	return 0;
}

static struct group *get(struct world *world, const char *name, const struct limits *limits)
{
	struct group_problems problems = { 0 };
	struct error err = ERROR_INIT;
	struct group *group = NULL;

	if (adhoc_get(world->adhoc, name, limits, &problems, &group, &err) < 0)
		fail_msg("%s: %s", name, error_text(&err));
	assert_int_equal(problems.count, 0);
	group_problems_done(&problems);
	return group;
}

static void test_made_when_needed(void **state)
{
	static const struct limits limits = { .set = LIMIT_BIT(LIMIT_PIDS), .pids = 9 };
	struct world *world = *state;
	struct group *group = get(world, "users/alice", &limits);

	assert_string_equal(group_name(group), "users/alice");
	assert_int_equal(group_limits(group)->pids, 9);
	assert_ptr_equal(get(world, "users/alice", NULL), group);
	assert_non_null(groups_find(world->groups, "users"));
	assert_int_equal(adhoc_count(world->adhoc), 2);
	(void)get(world, "users/bob", NULL);
	assert_int_equal(adhoc_count(world->adhoc), 3);
	assert_true(adhoc_has(world->adhoc, "users/bob"));
	assert_false(adhoc_has(world->adhoc, "users/eve"));
	assert_string_equal(adhoc_name(world->adhoc, 2), "users/bob");
}

static bool is_bob(const char *name, void *userdata)
{
	return streq(name, "users/bob");
}

static void test_removed_when_empty(void **state)
{
	struct world *world = *state;

	(void)get(world, "users/alice", NULL);
	(void)get(world, "users/bob", NULL);
	assert_int_equal(adhoc_sweep(world->adhoc, is_bob, NULL), 1);
	assert_null(groups_find(world->groups, "users/alice"));
	assert_non_null(groups_find(world->groups, "users/bob"));
	assert_int_equal(adhoc_sweep(world->adhoc, NULL, NULL), 2);
	assert_null(groups_find(world->groups, "users"));
	assert_int_equal(adhoc_count(world->adhoc), 0);
}

/* A group of the policy is never its own, though it is used. */
static void test_others_stay(void **state)
{
	static const struct limits none;
	const struct group_spec spec = { "build", &none };
	struct group_problems problems = { 0 };
	struct world *world = *state;

	assert_int_equal(groups_apply(world->groups, &spec, 1, &problems, NULL), 0);
	(void)get(world, "build/alice", NULL);
	assert_int_equal(adhoc_count(world->adhoc), 1);
	assert_int_equal(adhoc_sweep(world->adhoc, NULL, NULL), 1);
	assert_non_null(groups_find(world->groups, "build"));
	group_problems_done(&problems);
}

static void test_adopted(void **state)
{
	static const struct limits none;
	struct group_spec spec = { "old", &none, .on_demand = true };
	struct group_problems problems = { 0 };
	struct world *world = *state;

	assert_int_equal(groups_apply(world->groups, &spec, 1, &problems, NULL), 0);
	assert_int_equal(adhoc_adopt(world->adhoc, "other"), -ENOENT);
	assert_int_equal(adhoc_adopt(world->adhoc, "old"), 0);
	assert_int_equal(adhoc_adopt(world->adhoc, "old"), 0);
	assert_int_equal(adhoc_count(world->adhoc), 1);
	assert_int_equal(adhoc_sweep(world->adhoc, NULL, NULL), 1);
	assert_null(groups_find(world->groups, "old"));
	/* What the policy names by now is only forgotten. */
	assert_int_equal(groups_apply(world->groups, &spec, 1, &problems, NULL), 0);
	assert_int_equal(adhoc_adopt(world->adhoc, "old"), 0);
	spec.on_demand = false;
	assert_int_equal(groups_apply(world->groups, &spec, 1, &problems, NULL), 0);
	(void)adhoc_sweep(world->adhoc, NULL, NULL);
	assert_int_equal(adhoc_count(world->adhoc), 0);
	assert_non_null(groups_find(world->groups, "old"));
	group_problems_done(&problems);
}

static void test_bad_names(void **state)
{
	static const char *const names[] = { "", "/", "a//b", "../up", "a/..", "cgroup.procs/x" };
	struct world *world = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct group_problems problems = { 0 };
		struct error err = ERROR_INIT;
		struct group *group;

		assert_true(adhoc_get(world->adhoc, names[i], NULL, &problems, &group, &err) < 0);
		assert_true(strlen(error_text(&err)) > 0);
		error_done(&err);
		group_problems_done(&problems);
	}
	(void)adhoc_sweep(world->adhoc, NULL, NULL);
	assert_int_equal(adhoc_count(world->adhoc), 0);
}

static void part_is(const char *text, size_t size, const char *expected)
{
	char part[256];
	size_t length = adhoc_part(text, size, part, sizeof(part));

	assert_string_equal(part, expected);
	assert_int_equal(length, strlen(expected));
}

static void test_parts(void **state)
{
	char part[256], other[256], text[1000];

	part_is("alice", 5, "alice");
	part_is("", 0, "none");
	part_is("..", 2, "\\x2e.");
	part_is("cgroup.procs", 12, "cgroup\\x2eprocs");
	part_is("a/b c\n", 6, "a\\x2fb\\x20c\\x0a");
	part_is("a\\x2fb", 6, "a\\x5cx2fb");
	part_is("\xc3\xa4", 2, "\xc3\xa4");
	memset(text, 'a', sizeof(text));
	assert_int_equal(adhoc_part(text, 999, part, sizeof(part)), 200);
	assert_int_equal(adhoc_part(text, 1000, other, sizeof(other)), 200);
	assert_string_not_equal(part, other);
	/* No room is no overflow. */
	assert_int_equal(adhoc_part("abcdef", 6, part, 4), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_made_when_needed, begin, end),
		cmocka_unit_test_setup_teardown(test_removed_when_empty, begin, end),
		cmocka_unit_test_setup_teardown(test_others_stay, begin, end),
		cmocka_unit_test_setup_teardown(test_adopted, begin, end),
		cmocka_unit_test_setup_teardown(test_bad_names, begin, end),
		cmocka_unit_test(test_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
