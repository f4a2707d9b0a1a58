// SPDX-License-Identifier: MIT
/* Groups that are not of an instance: where they are, made, and moved into. */
#include "cgroup/destination.h"
#include "cgroup/fake.h"

#include "test/unit.h"

static struct destination destination; /* large */

static const char *path_in(const struct fake *fake, enum controller controller)
{
	const struct hierarchy *h = layout_find(fake->layout, controller);

	for (size_t i = 0; i < destination.placement.count; i++)
		if (destination.placement.in[i].hierarchy == h->id)
			return destination.placement.in[i].path;
	return NULL;
}

static void is_in_the_hierarchies_of_its_controllers(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_V1);
	destination_begin(&destination);
	assert_int_equal(destination_add(&destination, fake.layout, "cpu,memory", "/a/b"), 0);
	assert_int_equal(destination_add(&destination, fake.layout, "memory,pids", "/c"), 0);
	assert_int_equal(destination.placement.count, 3);
	assert_string_equal(path_in(&fake, CONTROLLER_CPU), "/a/b");
	assert_string_equal(path_in(&fake, CONTROLLER_MEMORY), "/a/b");
	assert_string_equal(path_in(&fake, CONTROLLER_PIDS), "/c");
	destination_begin(&destination);
	assert_int_equal(destination_add(&destination, fake.layout, "*", "/"), 0);
	assert_int_equal(destination.placement.count, fake.layout->hierarchy_count);
	assert_string_equal(path_in(&fake, CONTROLLER_CPU), "/");
	fake_done(&fake);
}

static void names_without_controllers_count(void **state)
{
	struct fake fake;
	size_t all;

	(void)state;
	fake_init(&fake, FAKE_V1_JOINT);
	assert_int_equal(fake.layout->named_count, 1);
	assert_string_equal(fake.layout->named[0].name, "name=mine");
	destination_begin(&destination);
	assert_int_equal(destination_add(&destination, fake.layout, "name=mine", "/a/b"), 0);
	assert_int_equal(destination.placement.count, 1);
	assert_int_equal(destination.placement.in[0].hierarchy, 3);
	assert_int_equal(destination_make(&destination, fake.layout, NULL, NULL, NULL), 2);
	assert_true(fake_exists(&fake, "cg/named/a/b/cgroup.procs"));
	assert_true(destination_has(fake.layout, &destination.placement.in[0], "name=mine"));
	assert_int_equal(destination_add(&destination, fake.layout, "name=other", "/c"), -ENODEV);
	destination_begin(&destination);
	assert_int_equal(destination_add(&destination, fake.layout, "*", "/"), 0);
	all = fake.layout->hierarchy_count;
	assert_int_equal(destination.placement.count, all + 1);
	fake_done(&fake);
	/* systemd's own is meant by its name only. */
	fake_init(&fake, FAKE_HYBRID);
	destination_begin(&destination);
	assert_int_equal(destination_add(&destination, fake.layout, "*", "/"), 0);
	assert_int_equal(destination.placement.count, fake.layout->hierarchy_count);
	destination_begin(&destination);
	assert_int_equal(destination_add(&destination, fake.layout, "name=systemd", "/"), 0);
	assert_int_equal(destination.placement.count, 1);
	fake_done(&fake);
}

static void what_is_not_mounted_is_told(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_V1);
	destination_begin(&destination);
	assert_int_equal(destination_add(&destination, fake.layout, "cpu,nosuch", "/a"), -ENODEV);
	assert_int_equal(destination.placement.count, 1);
	assert_int_equal(destination_add(&destination, fake.layout, "", "/a"), -ENODEV);
	assert_int_equal(destination_add(&destination, fake.layout, "pids", "/a/../b"), -EINVAL);
	assert_int_equal(destination_add(&destination, fake.layout, "pids", "a"), -EINVAL);
	assert_int_equal(destination.placement.count, 1);
	fake_done(&fake);
}

static void joint_controllers_are_one(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_V1_JOINT);
	destination_begin(&destination);
	assert_int_equal(destination_add(&destination, fake.layout, "cpuacct,cpu", "/a"), 0);
	assert_int_equal(destination.placement.count, 1);
	fake_done(&fake);
	fake_init(&fake, FAKE_V2);
	destination_begin(&destination);
	assert_int_equal(destination_add(&destination, fake.layout, "cpu,memory", "/a"), 0);
	assert_int_equal(destination_add(&destination, fake.layout, "", "/b"), 0);
	assert_int_equal(destination.placement.count, 1);
	assert_string_equal(path_in(&fake, CONTROLLER_CPU), "/a");
	fake_done(&fake);
}

static void is_made_level_by_level(void **state)
{
	struct error err = ERROR_INIT;
	struct fake fake;
	char *enabled;

	(void)state;
	fake_init(&fake, FAKE_V2);
	destination_begin(&destination);
	assert_int_equal(destination_add(&destination, fake.layout, "cpu", "/a/b"), 0);
	assert_int_equal(destination_make(&destination, fake.layout, NULL, NULL, &err), 2);
	assert_int_equal(err.code, 0);
	assert_true(fake_exists(&fake, "sys/fs/cgroup/a/b/cgroup.procs"));
	assert_true(fake_exists(&fake, "sys/fs/cgroup/a/b/cpu.weight"));
	enabled = fake_read(&fake, "sys/fs/cgroup/a/cgroup.subtree_control");
	assert_non_null(strstr(enabled, "cpu"));
	free(enabled);
	assert_int_equal(destination_make(&destination, fake.layout, NULL, NULL, &err), 0);
	fake_done(&fake);
}

static void is_moved_into_by_its_name(void **state)
{
	struct fake fake;
	char *procs;

	(void)state;
	fake_init(&fake, FAKE_V2);
	destination_begin(&destination);
	assert_int_equal(destination_add(&destination, fake.layout, "cpu", "/a"), 0);
	assert_int_equal(placement_move(&destination.placement, 4711, NULL), -ENOENT);
	assert_int_equal(destination_make(&destination, fake.layout, NULL, NULL, NULL), 1);
	assert_int_equal(placement_move(&destination.placement, 4711, NULL), 1);
	procs = fake_read(&fake, "sys/fs/cgroup/a/cgroup.procs");
	assert_string_equal(procs, "4711");
	free(procs);
	fake_done(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_in_the_hierarchies_of_its_controllers),
		cmocka_unit_test(names_without_controllers_count),
		cmocka_unit_test(what_is_not_mounted_is_told),
		cmocka_unit_test(joint_controllers_are_one),
		cmocka_unit_test(is_made_level_by_level),
		cmocka_unit_test(is_moved_into_by_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
