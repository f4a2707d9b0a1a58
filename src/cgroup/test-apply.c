// SPDX-License-Identifier: MIT
/*
 * Groups made, changed and taken away, on made-up hosts of every kind.
 *
 * covers: base.c groups.c members.c paths.c placement.c problems.c remove.c tree.c fake.c
 */
#include "cgroup/fake.h"
#include "cgroup/internal.h"

#include "test/unit.h"

#include <sys/stat.h>

static struct groups *open_groups(const struct fake *fake)
{
	struct error err = ERROR_INIT;
	struct groups *groups = NULL;

	if (groups_open(fake->layout, "reeve", NULL, &groups, &err) < 0)
		fail_msg("%s", error_text(&err));
	return groups;
}

static void apply(struct groups *groups, const struct group_spec *specs, size_t count,
		  size_t problem_count)
{
	struct group_problems problems = { 0 };
	struct error err = ERROR_INIT;

	if (groups_apply(groups, specs, count, &problems, &err) < 0)
		fail_msg("%s", error_text(&err));
	for (size_t i = 0; i < problems.count && problems.count != problem_count; i++)
		print_message("%s\n", problems.items[i].message);
	assert_int_equal(problems.count, problem_count);
	group_problems_done(&problems);
}

static void has(const struct fake *fake, const char *path, const char *value)
{
	_cleanup_(freep) char *text = fake_read(fake, path);

	if (!text)
		fail_msg("%s is missing", path);
	assert_string_equal(text, value);
}

static const struct limits nothing;
static const struct limits pids_only = { .set = LIMIT_BIT(LIMIT_PIDS), .pids = 7 };
static const struct limits ram_only = { .set = LIMIT_BIT(LIMIT_RAM), .ram = 1 << 20 };
static const struct limits cpu_only = { .set = LIMIT_BIT(LIMIT_CPU), .cpu = { true, 500000 } };

static void only_needed_hierarchies(void **state)
{
	const struct group_spec specs[] = { { "a", &pids_only }, { "a/b", &ram_only } };
	struct groups *groups;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_HYBRID);
	groups = open_groups(&fake);
	apply(groups, specs, 2, 0);
	assert_true(fake_exists(&fake, "sys/fs/cgroup/pids/reeve/a/b")); /* a's limit holds in it */
	assert_true(fake_exists(&fake, "sys/fs/cgroup/memory/reeve/a/b"));
	assert_true(fake_exists(&fake, "sys/fs/cgroup/unified/reeve/a/b"));
	assert_false(fake_exists(&fake, "sys/fs/cgroup/cpu/reeve"));
	assert_false(fake_exists(&fake, "sys/fs/cgroup/freezer/reeve"));
	assert_false(fake_exists(&fake, "sys/fs/cgroup/systemd/reeve"));
	assert_int_equal(group_placement(groups_find(groups, "a"))->count, 2);
	assert_int_equal(group_placement(groups_find(groups, "a/b"))->count, 3);
	assert_string_equal(group_path(groups_find(groups, "a/b"),
				       layout_find(fake.layout, CONTROLLER_MEMORY)),
			    "/reeve/a/b");
	assert_null(
		group_path(groups_find(groups, "a"), layout_find(fake.layout, CONTROLLER_MEMORY)));
	assert_true(group_clone_fd(groups_find(groups, "a")) >= 0);
	groups_free(groups);
	fake_done(&fake);
}

static void pure_v1_uses_the_freezer(void **state)
{
	const struct group_spec specs[] = { { "a", &nothing } };
	struct groups *groups;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_V1);
	groups = open_groups(&fake);
	apply(groups, specs, 1, 0);
	assert_true(fake_exists(&fake, "sys/fs/cgroup/freezer/reeve/a"));
	assert_false(fake_exists(&fake, "sys/fs/cgroup/pids/reeve"));
	assert_int_equal(group_clone_fd(groups_find(groups, "a")), -1);
	groups_free(groups);
	fake_done(&fake);
}

static void v1_cpuset_is_filled(void **state)
{
	const struct limits cpus = { .set = LIMIT_BIT(LIMIT_CPUS), .cpus = (char[]){ "1,2" } };
	const struct limits narrow = { .set = LIMIT_BIT(LIMIT_CPUS), .cpus = (char[]){ "2" } };
	const struct group_spec specs[] = { { "a", &cpus }, { "a/b", &nothing } };
	const struct group_spec later[] = { { "a", &narrow }, { "a/b", &nothing } };
	struct groups *groups;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_V1);
	groups = open_groups(&fake);
	apply(groups, specs, 2, 0);
	has(&fake, "sys/fs/cgroup/cpuset/reeve/cpuset.cpus", "0-3");
	has(&fake, "sys/fs/cgroup/cpuset/reeve/cpuset.mems", "0");
	has(&fake, "sys/fs/cgroup/cpuset/reeve/a/cpuset.cpus", "1,2");
	has(&fake, "sys/fs/cgroup/cpuset/reeve/a/b/cpuset.cpus", "1,2");
	apply(groups, later, 2, 0);
	has(&fake, "sys/fs/cgroup/cpuset/reeve/a/b/cpuset.cpus", "2");
	groups_free(groups);
	fake_done(&fake);
}

static void v2_hands_controllers_down(void **state)
{
	const struct group_spec specs[] = { { "a", &pids_only }, { "a/b", &ram_only } };
	const struct group_spec fewer[] = { { "a", &pids_only } };
	struct groups *groups;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_V2);
	fake_write(&fake, "sys/fs/cgroup/cgroup.subtree_control", "io");
	groups = open_groups(&fake);
	apply(groups, specs, 1, 0);
	assert_false(fake_exists(&fake, "sys/fs/cgroup/reeve/a/_"));
	fake_write(&fake, "sys/fs/cgroup/reeve/a/cgroup.procs", "4711\n");
	apply(groups, specs, 2, 0);
	has(&fake, "sys/fs/cgroup/cgroup.subtree_control", "io pids memory");
	has(&fake, "sys/fs/cgroup/reeve/a/cgroup.subtree_control", "memory");
	has(&fake, "sys/fs/cgroup/reeve/a/pids.max", "7");
	has(&fake, "sys/fs/cgroup/reeve/a/b/memory.max", "1048576");
	/* the kernel lets `a` itself hold nobody any more */
	has(&fake, "sys/fs/cgroup/reeve/a/cgroup.procs", "");
	has(&fake, "sys/fs/cgroup/reeve/a/_/cgroup.procs", "4711");
	assert_string_equal(group_placement(groups_find(groups, "a"))->in[0].path, "/reeve/a/_");
	assert_string_equal(group_path(groups_find(groups, "a"), &fake.layout->hierarchies[0]),
			    "/reeve/a");
	/* and lets it again */
	apply(groups, fewer, 1, 0);
	assert_false(fake_exists(&fake, "sys/fs/cgroup/reeve/a/b"));
	assert_false(fake_exists(&fake, "sys/fs/cgroup/reeve/a/_"));
	has(&fake, "sys/fs/cgroup/reeve/a/cgroup.procs", "4711");
	assert_string_equal(group_placement(groups_find(groups, "a"))->in[0].path, "/reeve/a");
	groups_free(groups);
	fake_done(&fake);
}

static void foreign_directories_are_used_not_removed(void **state)
{
	const struct group_spec specs[] = { { "a", &pids_only } };
	struct groups *groups;
	struct fake fake;
	int fd;

	(void)state;
	fake_init(&fake, FAKE_V2);
	fd = fake.layout->hierarchies[0].fd;
	assert_int_equal(fake.layout->ops->make_dir(fd, "reeve"), 0);
	assert_int_equal(fake.layout->ops->make_dir(fd, "reeve/a"), 0);
	fake_write(&fake, "sys/fs/cgroup/reeve/a/cgroup.subtree_control", "memory");
	groups = open_groups(&fake);
	apply(groups, specs, 1, 0);
	assert_int_equal(placement_move(group_placement(groups_find(groups, "a")), 3, NULL), 1);
	has(&fake, "sys/fs/cgroup/reeve/a/_/cgroup.procs", "3");
	has(&fake, "sys/fs/cgroup/reeve/a/cgroup.subtree_control", "memory");
	assert_int_equal(group_remove(groups, "a", true, NULL), 0);
	assert_true(fake_exists(&fake, "sys/fs/cgroup/reeve/a"));
	assert_false(fake_exists(&fake, "sys/fs/cgroup/reeve/a/_"));
	groups_free(groups);
	fake_done(&fake);
}

static void old_placements_go_on(void **state)
{
	const struct group_spec specs[] = { { "a", &pids_only }, { "a/b", &ram_only } };
	const struct placement *old;
	struct groups *groups;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_V2);
	groups = open_groups(&fake);
	apply(groups, specs, 1, 0);
	old = group_placement(groups_find(groups, "a"));
	apply(groups, specs, 2, 0);
	assert_ptr_not_equal(old, group_placement(groups_find(groups, "a")));
	assert_int_equal(placement_move(old, 99, NULL), 1); /* into the leaf now */
	has(&fake, "sys/fs/cgroup/reeve/a/_/cgroup.procs", "99");
	has(&fake, "sys/fs/cgroup/reeve/a/cgroup.procs", "");
	groups_release_retired(groups);
	groups_free(groups);
	fake_done(&fake);
}

static void not_wanted_goes_when_empty(void **state)
{
	const struct group_spec specs[] = { { "a", &pids_only }, { "b", &pids_only } };
	struct group_problems problems = { 0 };
	struct groups *groups;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_HYBRID);
	groups = open_groups(&fake);
	apply(groups, specs, 2, 0);
	fake_write(&fake, "sys/fs/cgroup/unified/reeve/b/cgroup.procs", "42\n");
	assert_int_equal(groups_apply(groups, specs, 1, &problems, NULL), 0);
	assert_int_equal(problems.count, 1);
	assert_int_equal(problems.items[0].code, -EBUSY);
	assert_non_null(groups_find(groups, "b"));
	group_problems_done(&problems);
	fake_write(&fake, "sys/fs/cgroup/unified/reeve/b/cgroup.procs", "");
	apply(groups, specs, 1, 0);
	assert_null(groups_find(groups, "b"));
	assert_false(fake_exists(&fake, "sys/fs/cgroup/pids/reeve/b"));
	groups_free(groups);
	fake_done(&fake);
}

static void hierarchies_come_and_go(void **state)
{
	const struct group_spec first[] = { { "a", &pids_only } };
	const struct group_spec then[] = { { "a", &cpu_only } };
	struct groups *groups;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_HYBRID);
	groups = open_groups(&fake);
	apply(groups, first, 1, 0);
	fake_write(&fake, "sys/fs/cgroup/unified/reeve/a/cgroup.procs", "42\n43\n");
	apply(groups, then, 1, 0);
	has(&fake, "sys/fs/cgroup/cpu/reeve/a/cgroup.procs", "42\n43"); /* who was in it joined */
	assert_false(fake_exists(&fake, "sys/fs/cgroup/pids/reeve/a"));
	groups_free(groups);
	fake_done(&fake);
}

static void all_or_nothing(void **state)
{
	const struct group_spec specs[] = { { "a", &pids_only }, { "b", &ram_only } };
	struct error err = ERROR_INIT;
	struct groups *groups;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_HYBRID);
	groups = open_groups(&fake);
	/* a file in the way of the second group: its directory cannot be made */
	fake_write(&fake, "sys/fs/cgroup/memory/reeve", "");
	assert_true(groups_apply(groups, specs, 2, NULL, &err) < 0);
	assert_non_null(strstr(error_text(&err), "reeve"));
	assert_int_equal(groups_count(groups), 0);
	assert_false(fake_exists(&fake, "sys/fs/cgroup/pids/reeve"));
	assert_false(fake_exists(&fake, "sys/fs/cgroup/unified/reeve"));
	error_done(&err);
	groups_free(groups);
	fake_done(&fake);
}

static void bad_names(void **state)
{
	static const char *const names[] = { "",  "..",	  "a/..", "a//b", "/a",		 "a/",
					     ".", "a\nb", "_",	  "a/_",  "cgroup.procs" };
	struct groups *groups;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_V2);
	groups = open_groups(&fake);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct group_spec spec = { names[i], &nothing };

		assert_int_equal(groups_apply_one(groups, &spec, NULL, NULL), -EINVAL);
	}
	assert_int_equal(groups_open(fake.layout, "../x", NULL, &groups, NULL), -EINVAL);
	groups_free(groups);
	fake_done(&fake);
}

static void nothing_mounted(void **state)
{
	const struct group_spec spec = { "a", &cpu_only };
	struct group_problems problems = { 0 };
	struct error err = ERROR_INIT;
	struct groups *groups;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_NONE);
	groups = open_groups(&fake);
	assert_int_equal(groups_apply(groups, &spec, 1, NULL, &err), -ENODEV);
	assert_non_null(strstr(error_text(&err), "reeve mount"));
	assert_int_equal(groups_check(fake.layout, &spec, 1, &problems, NULL), 0);
	assert_int_equal(problems.count, 2);
	group_problems_done(&problems);
	error_done(&err);
	groups_free(groups);
	fake_done(&fake);
}

static void read_only(void **state)
{
	const struct group_spec spec = { "a", &cpu_only };
	struct error err = ERROR_INIT;
	struct groups *groups;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_V2);
	fake_write(&fake, "proc/self/mountinfo",
		   "31 1 0:28 / /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n");
	fake_detect(&fake);
	groups = open_groups(&fake);
	assert_int_equal(groups_apply(groups, &spec, 1, NULL, &err), -EROFS);
	error_done(&err);
	groups_free(groups);
	fake_done(&fake);
}

/* While there is no group, another look at the host takes the place of the first. */
static void mounted_later(void **state)
{
	const struct group_spec spec = { "a", &cpu_only };
	struct groups *groups;
	struct layout *before;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_V1);
	fake_write(&fake, "proc/self/mountinfo",
		   "35 31 0:32 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n");
	fake_detect(&fake);
	before = fake.layout;
	fake.layout = NULL;
	assert_int_equal(groups_open(before, "reeve", NULL, &groups, NULL), 0);
	assert_int_equal(groups_apply(groups, NULL, 0, NULL, NULL), 0);
	fake_write(&fake, "proc/self/mountinfo",
		   "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
		   "35 31 0:32 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n");
	fake_detect(&fake);
	assert_false(layout_has(before, layout_find(fake.layout, CONTROLLER_CPU)));
	assert_true(layout_has(before, layout_find(fake.layout, CONTROLLER_PIDS)));
	assert_int_equal(groups_change_layout(groups, fake.layout), 0);
	layout_free(before);
	assert_int_equal(groups_apply(groups, &spec, 1, NULL, NULL), 0);
	assert_true(fake_exists(&fake, "sys/fs/cgroup/cpu/reeve/a"));
	assert_int_equal(groups_change_layout(groups, fake.layout), -EBUSY);
	groups_free(groups);
	fake_done(&fake);
}

static struct membership was(const char *text)
{
	struct membership m = { .size = strlen(text) };

	memcpy(m.text, text, m.size);
	return m;
}

static void moves_are_exact(void **state)
{
	const struct group_spec specs[] = { { "a", &pids_only }, { "b", &cpu_only } };
	struct membership there, other;
	struct groups *groups;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_HYBRID);
	groups = open_groups(&fake);
	apply(groups, specs, 2, 0);
	there = was("3:pids:/reeve/a\n1:cpu:/\n0::/reeve/a\n");
	assert_int_equal(placement_move(group_placement(groups_find(groups, "a")), 5, &there), 0);
	other = was("3:pids:/reeve/ab\n1:cpu:/\n0::/\n");
	assert_int_equal(placement_move(group_placement(groups_find(groups, "a")), 5, &other), 2);
	/* into b: out of a's pids group as well */
	assert_int_equal(placement_move(group_placement(groups_find(groups, "b")), 6, &there), 3);
	has(&fake, "sys/fs/cgroup/cpu/reeve/b/cgroup.procs", "6");
	has(&fake, "sys/fs/cgroup/pids/cgroup.procs", "6");
	assert_int_equal(placement_move(group_placement(groups_find(groups, "a")), 0, NULL),
			 -ESRCH);
	groups_free(groups);
	fake_done(&fake);
}

static void moves_back(void **state)
{
	const struct group_spec specs[] = { { "a", &pids_only } };
	const struct placement *placement;
	struct membership before;
	struct groups *groups;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_HYBRID);
	groups = open_groups(&fake);
	apply(groups, specs, 1, 0);
	placement = group_placement(groups_find(groups, "a"));
	before = was("3:pids:/\n2:memory:/\n0::/\n");
	fake_remove(&fake, "proc/77");
	{
		_cleanup_(freep) char *folder = NULL;

		assert_true(asprintf(&folder, "%s/proc/77", fake.root) > 0);
		assert_int_equal(mkdir(folder, 0755), 0);
	}
	/* somebody else has moved it on in v2: that stands */
	fake_write(&fake, "proc/77/cgroup", "3:pids:/reeve/a\n2:memory:/\n0::/else\n");
	assert_int_equal(placement_move_back(fake.layout, fake.host, placement, 77, &before), 0);
	has(&fake, "sys/fs/cgroup/pids/cgroup.procs", "77");
	has(&fake, "sys/fs/cgroup/unified/cgroup.procs", "");
	assert_int_equal(placement_move_back(fake.layout, fake.host, placement, 78, &before),
			 -ESRCH);
	groups_free(groups);
	fake_done(&fake);
}

static void one_more_group(void **state)
{
	const struct group_spec all[] = { { "a", &pids_only } };
	const struct group_spec one = { "x/y", &ram_only };
	struct groups *groups;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_HYBRID);
	groups = open_groups(&fake);
	apply(groups, all, 1, 0);
	assert_int_equal(groups_apply_one(groups, &one, NULL, NULL), 0);
	assert_int_equal(groups_count(groups), 3); /* x too */
	has(&fake, "sys/fs/cgroup/pids/reeve/a/pids.max", "7");
	has(&fake, "sys/fs/cgroup/memory/reeve/x/y/memory.limit_in_bytes", "1048576");
	assert_int_equal(group_remove(groups, "x", false, NULL), 0);
	assert_int_equal(groups_count(groups), 1);
	assert_false(fake_exists(&fake, "sys/fs/cgroup/memory/reeve/x"));
	assert_int_equal(group_remove(groups, "x", false, NULL), -ENOENT);
	groups_free(groups);
	fake_done(&fake);
}

static void remove_moves_up(void **state)
{
	const struct group_spec specs[] = { { "a", &pids_only }, { "a/b", &nothing } };
	struct groups *groups;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_HYBRID);
	groups = open_groups(&fake);
	apply(groups, specs, 2, 0);
	fake_write(&fake, "sys/fs/cgroup/unified/reeve/a/b/cgroup.procs", "8\n");
	fake_write(&fake, "sys/fs/cgroup/pids/reeve/a/b/cgroup.procs", "8\n");
	assert_int_equal(group_remove(groups, "a/b", false, NULL), -EBUSY);
	assert_int_equal(group_remove(groups, "a/b", true, NULL), 0);
	has(&fake, "sys/fs/cgroup/unified/reeve/a/cgroup.procs", "8");
	has(&fake, "sys/fs/cgroup/pids/reeve/a/cgroup.procs", "8");
	assert_int_equal(group_remove(groups, "a", true, NULL), 0);
	has(&fake, "sys/fs/cgroup/pids/cgroup.procs", "8");
	groups_free(groups);
	fake_done(&fake);
}

/* What was made only because a group below needed it goes with that. */
static void remove_goes_up(void **state)
{
	const struct group_spec specs[] = { { "named", &nothing },
					    { "named/x/y", &pids_only },
					    { "named/x/z/z", &pids_only } };
	struct groups *groups;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_V1);
	groups = open_groups(&fake);
	apply(groups, specs, 3, 0);
	assert_int_equal(groups_count(groups), 5);
	assert_int_equal(group_remove(groups, "named/x/z/z", false, NULL), 0);
	groups_remove_above(groups, "named/x/z/z");
	assert_null(groups_find(groups, "named/x/z"));
	assert_non_null(groups_find(groups, "named/x"));
	assert_int_equal(group_remove(groups, "named/x/y", false, NULL), 0);
	groups_remove_above(groups, "named/x/y");
	assert_false(fake_exists(&fake, "sys/fs/cgroup/pids/reeve/named/x"));
	assert_int_equal(groups_count(groups), 1);
	assert_true(fake_exists(&fake, "sys/fs/cgroup/pids/reeve/named"));
	groups_free(groups);
	fake_done(&fake);
}

static void freezes_and_tells_usage(void **state)
{
	const struct limits all = { .set = LIMIT_BIT(LIMIT_PIDS) | LIMIT_BIT(LIMIT_RAM) |
					   LIMIT_BIT(LIMIT_IO),
				    .pids = 4,
				    .ram = 1 << 20 };
	const struct group_spec specs[] = { { "a", &all } };
	struct group_usage usage;
	struct groups *groups;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_V2);
	groups = open_groups(&fake);
	apply(groups, specs, 1, 0);
	assert_int_equal(group_freeze(groups_find(groups, "a"), true, 100, NULL), 0);
	assert_int_equal(group_is_frozen(groups_find(groups, "a")), 1);
	assert_int_equal(group_freeze(groups_find(groups, "a"), false, 100, NULL), 0);
	assert_int_equal(group_is_frozen(groups_find(groups, "a")), 0);
	assert_int_equal(group_usage(groups_find(groups, "a"), &usage), 0);
	assert_true(usage.known & USAGE_CPU);
	assert_int_equal(usage.cpu_ns, 1500000);
	assert_int_equal(usage.memory_max_hits, 5);
	assert_int_equal(usage.pids_max_hits, 9);
	assert_int_equal(usage.io_read, 111);
	assert_int_equal(usage.io_written, 57);
	assert_false(usage.known & USAGE_SWAP);
	groups_free(groups);
	fake_done(&fake);
}

static void systemd_keeps_its_tree(void **state)
{
	const struct group_spec specs[] = { { "a", &pids_only } };
	struct group_problems problems = { 0 };
	struct error err = ERROR_INIT;
	struct groups *groups;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_SYSTEMD_HYBRID);
	assert_int_equal(groups_check(fake.layout, specs, 1, &problems, NULL), 0);
	assert_int_equal(problems.count, 1);
	assert_int_equal(problems.items[0].code, 0);
	group_problems_done(&problems);
	groups = open_groups(&fake);
	(void)groups;
	error_done(&err);
	groups_free(groups);
	fake_done(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_needed_hierarchies),
		cmocka_unit_test(pure_v1_uses_the_freezer),
		cmocka_unit_test(v1_cpuset_is_filled),
		cmocka_unit_test(v2_hands_controllers_down),
		cmocka_unit_test(foreign_directories_are_used_not_removed),
		cmocka_unit_test(old_placements_go_on),
		cmocka_unit_test(not_wanted_goes_when_empty),
		cmocka_unit_test(hierarchies_come_and_go),
		cmocka_unit_test(all_or_nothing),
		cmocka_unit_test(bad_names),
		cmocka_unit_test(nothing_mounted),
		cmocka_unit_test(mounted_later),
		cmocka_unit_test(read_only),
		cmocka_unit_test(moves_are_exact),
		cmocka_unit_test(moves_back),
		cmocka_unit_test(one_more_group),
		cmocka_unit_test(remove_moves_up),
		cmocka_unit_test(remove_goes_up),
		cmocka_unit_test(freezes_and_tells_usage),
		cmocka_unit_test(systemd_keeps_its_tree),
	};

	return cmocka_run_group_tests_name("cgroup apply", tests, NULL, NULL);
}
