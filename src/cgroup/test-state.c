// SPDX-License-Identifier: MIT
/*
 * The record: taken up again, refused when it is not ours, never believed too much.
 * covers: state-limits.c
 */
#include "cgroup/fake.h"
#include "cgroup/internal.h"

#include "test/unit.h"

#include <sys/stat.h>

static const struct limits pids = { .set = LIMIT_BIT(LIMIT_PIDS), .pids = 7 };
static const struct limits ram = { .set = LIMIT_BIT(LIMIT_RAM), .ram = 1 << 20 };

static struct groups *open_groups(const struct fake *fake)
{
	_cleanup_(freep) char *run = unit_path(fake->root, "run");
	struct error err = ERROR_INIT;
	struct groups *groups = NULL;

	if (groups_open(fake->layout, "reeve", run, &groups, &err) < 0)
		fail_msg("%s", error_text(&err));
	return groups;
}

static void taken_up_again(void **state)
{
	const struct group_spec specs[] = { { "a", &pids }, { "a/b", &ram, .on_demand = true } };
	struct group_problems problems = { 0 };
	struct groups *groups;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_HYBRID);
	groups = open_groups(&fake);
	assert_int_equal(groups_apply(groups, specs, 2, NULL, NULL), 0);
	assert_int_equal(groups_record_dynmods(groups, 1U << fake.layout->v2, NULL), 0);
	groups_free(groups); /* as a crash leaves it */
	groups = open_groups(&fake);
	assert_null(groups_warning(groups));
	assert_int_equal(groups_count(groups), 2);
	assert_false(group_is_on_demand(groups_find(groups, "a")));
	assert_true(group_is_on_demand(groups_find(groups, "a/b")));
	assert_int_equal(groups_recorded_dynmods(groups), 1 << fake.layout->v2);
	assert_int_equal(group_placement(groups_find(groups, "a/b"))->count, 3);
	assert_int_equal(groups_record_dynmods(groups, 0, NULL), 0);
	assert_int_equal(groups_clean(groups, &problems, NULL), 2);
	assert_int_equal(problems.count, 0);
	assert_false(fake_exists(&fake, "sys/fs/cgroup/pids/reeve"));
	assert_false(fake_exists(&fake, "sys/fs/cgroup/unified/reeve"));
	assert_false(fake_exists(&fake, "run/state.json"));
	groups_free(groups);
	fake_done(&fake);
}

static void clean_moves_out_and_spares_others(void **state)
{
	const struct group_spec specs[] = { { "a", &pids } };
	struct group_problems problems = { 0 };
	_cleanup_(freep) char *text = NULL;
	struct groups *groups;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_HYBRID);
	fake.layout->ops->make_dir(layout_find(fake.layout, CONTROLLER_PIDS)->fd, "reeve");
	groups = open_groups(&fake);
	assert_int_equal(groups_apply(groups, specs, 1, NULL, NULL), 0);
	fake_write(&fake, "sys/fs/cgroup/pids/reeve/a/cgroup.procs", "31\n32\n");
	assert_int_equal(groups_clean(groups, &problems, NULL), 1);
	text = fake_read(&fake, "sys/fs/cgroup/pids/cgroup.procs");
	assert_string_equal(text, "31\n32");
	/* that one was there before us */
	assert_true(fake_exists(&fake, "sys/fs/cgroup/pids/reeve"));
	assert_false(fake_exists(&fake, "sys/fs/cgroup/pids/reeve/a"));
	group_problems_done(&problems);
	groups_free(groups);
	fake_done(&fake);
}

static void another_directory_of_the_name(void **state)
{
	const struct group_spec specs[] = { { "a", &pids } };
	int fd;
	struct groups *groups;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_HYBRID);
	groups = open_groups(&fake);
	assert_int_equal(groups_apply(groups, specs, 1, NULL, NULL), 0);
	fd = layout_find(fake.layout, CONTROLLER_PIDS)->fd;
	/* somebody removes ours and makes one of his own, with another inode */
	assert_int_equal(fake.layout->ops->make_dir(fd, "reeve/new"), 0);
	assert_int_equal(fake.layout->ops->remove_dir(fd, "reeve/a"), 0);
	assert_int_equal(renameat(fd, "reeve/new", fd, "reeve/a"), 0);
	assert_int_equal(groups_clean(groups, NULL, NULL), 1);
	assert_true(fake_exists(&fake, "sys/fs/cgroup/pids/reeve/a"));
	groups_free(groups);
	fake_done(&fake);
}

static void removed_by_hand_is_made_again(void **state)
{
	const struct group_spec specs[] = { { "a", &pids } };
	struct groups *groups;
	struct fake fake;
	int fd;

	(void)state;
	fake_init(&fake, FAKE_HYBRID);
	groups = open_groups(&fake);
	assert_int_equal(groups_apply(groups, specs, 1, NULL, NULL), 0);
	fd = layout_find(fake.layout, CONTROLLER_PIDS)->fd;
	assert_int_equal(fake.layout->ops->remove_dir(fd, "reeve/a"), 0);
	assert_int_equal(fake.layout->ops->make_dir(fd, "reeve/other"), 0); /* takes the inode */
	assert_int_equal(groups_apply(groups, specs, 1, NULL, NULL), 0);
	assert_true(fake_exists(&fake, "sys/fs/cgroup/pids/reeve/a/pids.max"));
	assert_int_equal(placement_move(group_placement(groups_find(groups, "a")), 9, NULL), 2);
	groups_free(groups);
	fake_done(&fake);
}

static void locked(void **state)
{
	struct error err = ERROR_INIT;
	struct groups *groups, *second;
	_cleanup_(freep) char *run = NULL;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_HYBRID);
	run = unit_path(fake.root, "run");
	groups = open_groups(&fake);
	assert_int_equal(groups_open(fake.layout, "reeve", run, &second, &err), -EBUSY);
	assert_non_null(strstr(error_text(&err), "another process"));
	error_done(&err);
	groups_free(groups);
	groups_free(open_groups(&fake));
	fake_done(&fake);
}

static void bad_records(void **state)
{
	static const char *const records[] = {
		"",
		"not json",
		"[]",
		"{\"version\": 1}",
		"{\"version\": 2, \"boot_id\": \"11111111-2222-3333-4444-555555555555\", "
		"\"name\": \"reeve\"}",
		"{\"version\": 1, \"boot_id\": \"11111111-2222-3333-4444-555555555555\", "
		"\"name\": \"reeve\", \"directories\": [{\"mount\": \"/sys/fs/cgroup/pids\", "
		"\"path\": \"../../etc\", \"id\": 0}]}",
		"{\"version\": 1, \"boot_id\": \"11111111-2222-3333-4444-555555555555\", "
		"\"name\": \"reeve\", \"groups\": [{\"name\": \"../x\"}]}",
	};
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_HYBRID);
	for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
		struct groups *groups;

		fake_write(&fake, "run/state.json", records[i]);
		groups = open_groups(&fake);
		assert_non_null(groups_warning(groups));
		assert_int_equal(groups_count(groups), 0);
		assert_true(fake_exists(&fake, "run/state.json.bad"));
		assert_int_equal(groups_clean(groups, NULL, NULL), 0);
		groups_free(groups);
	}
	fake_done(&fake);
}

/* The record is lost: the groups are used as they are, and clean leaves and names them. */
static void lost_record(void **state)
{
	const struct group_spec specs[] = { { "a", &pids } };
	struct group_problems problems = { 0 };
	struct groups *groups;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_HYBRID);
	groups = open_groups(&fake);
	assert_int_equal(groups_apply(groups, specs, 1, NULL, NULL), 0);
	groups_free(groups);
	fake_write(&fake, "run/state.json", "{");
	groups = open_groups(&fake);
	assert_int_equal(groups_apply(groups, specs, 1, NULL, NULL), 0);
	assert_int_equal(placement_move(group_placement(groups_find(groups, "a")), 9, NULL), 2);
	assert_int_equal(groups_clean(groups, &problems, NULL), 0);
	assert_int_equal(groups_count(groups), 0);
	assert_true(fake_exists(&fake, "sys/fs/cgroup/pids/reeve/a"));
	assert_int_equal(problems.count, 2); /* pids and v2 */
	assert_non_null(strstr(problems.items[0].message, "/reeve stays"));
	assert_non_null(strstr(problems.items[0].message, "/reeve' -type d -delete"));
	group_problems_done(&problems);
	groups_free(groups);
	fake_done(&fake);
}

static void another_boot(void **state)
{
	const struct group_spec specs[] = { { "a", &pids } };
	struct groups *groups;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_HYBRID);
	groups = open_groups(&fake);
	assert_int_equal(groups_apply(groups, specs, 1, NULL, NULL), 0);
	groups_free(groups);
	fake_write(&fake, "proc/sys/kernel/random/boot_id",
		   "99999999-2222-3333-4444-555555555555\n");
	groups = open_groups(&fake);
	assert_null(groups_warning(groups));
	assert_int_equal(groups_count(groups), 0);
	groups_free(groups);
	fake_done(&fake);
}

/* A folder where the temporary file would go stands for a disk that takes nothing. */
static void nothing_can_be_recorded(void **state)
{
	const struct group_spec specs[] = { { "a", &pids } },
				more[] = { { "a", &pids }, { "b", &ram } };
	struct error err = ERROR_INIT;
	_cleanup_(freep) char *block = NULL;
	struct groups *groups;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_HYBRID);
	block = unit_path(fake.root, "run/state.json.new");
	groups = open_groups(&fake);
	assert_int_equal(groups_apply(groups, specs, 1, NULL, NULL), 0);
	assert_int_equal(mkdir(block, 0700), 0);
	assert_true(groups_apply(groups, more, 2, NULL, &err) < 0);
	assert_non_null(strstr(error_text(&err), "cannot record"));
	/* what was there works on, nothing new was made */
	assert_int_equal(groups_count(groups), 1);
	assert_true(fake_exists(&fake, "sys/fs/cgroup/pids/reeve/a"));
	assert_false(fake_exists(&fake, "sys/fs/cgroup/memory/reeve"));
	assert_int_equal(placement_move(group_placement(groups_find(groups, "a")), 9, NULL), 2);
	assert_int_equal(rmdir(block), 0);
	assert_int_equal(groups_apply(groups, more, 2, NULL, NULL), 0);
	error_done(&err);
	groups_free(groups);
	fake_done(&fake);
}

static void raw_values_survive(void **state)
{
	struct raw_limit raw[] = { { (char[]){ "memory.swappiness" }, (char[]){ "10" } } };
	const struct limits with = { .set = LIMIT_BIT(LIMIT_RAW) | LIMIT_BIT(LIMIT_RAM),
				     .ram = 1 << 20,
				     .raw = raw,
				     .raw_count = 1 };
	const struct group_spec first[] = { { "a", &with } }, then[] = { { "a", &ram } };
	_cleanup_(freep) char *text = NULL;
	struct groups *groups;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_HYBRID);
	groups = open_groups(&fake);
	assert_int_equal(groups_apply(groups, first, 1, NULL, NULL), 0);
	groups_free(groups);
	groups = open_groups(&fake);
	assert_int_equal(groups_apply(groups, then, 1, NULL, NULL), 0);
	text = fake_read(&fake, "sys/fs/cgroup/memory/reeve/a/memory.swappiness");
	assert_string_equal(text, "60");
	groups_free(groups);
	fake_done(&fake);
}

static void limits_survive(void **state)
{
	const struct limits all = {
		.set = LIMIT_BIT(LIMIT_COUNT) - 1,
		.cpu = { true, 250000 },
		.cpu_period = 50000,
		.cpu_burst = 20000,
		.cpu_weight = 200,
		.cpu_idle = true,
		.cpus = (char[]){ "0-1" },
		.mems = (char[]){ "0" },
		.ram = 10000000,
		.ram_high = LIMIT_MAX,
		.swap = 1 << 20,
		.oom_group = true,
		.pids = 64,
		.io = (struct io_limit[]){ { (char[]){ "8:0" }, 1000, LIMIT_MAX, 7, 5 } },
		.io_count = 1,
		.io_weight = 300,
		.hugetlb = (struct hugetlb_limit[]){ { (char[]){ "2MB" }, 4 << 20 } },
		.hugetlb_count = 1,
		.raw = (struct raw_limit[]){ { (char[]){ "memory.swappiness" }, (char[]){ "1" } } },
		.raw_count = 1,
	};
	static const char *const bad[] = {
		"[]",
		"{\"ram\": \"1\"}",
		"{\"ram\": -2}",
		"{\"cpu_idle\": 1}",
		"{\"cpus\": 1}",
		"{\"cpu\": {}}",
		"{\"io\": {\"8:0\": [1]}}",
		"{\"hugetlb\": {\"2MB\": null}}",
		"{\"raw\": {\"a/b\": \"1\"}}",
		"{\"raw\": {\"a\": 1}}",
	};
	struct limits again = { 0 };
	json_t *record = limits_to_record(&all);

	(void)state;
	assert_int_equal(limits_from_record(record, &again), 0);
	assert_true(limits_equal(&all, &again));
	limits_done(&again);
	json_decref(record);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		record = json_loads(bad[i], 0, NULL);
		assert_int_equal(limits_from_record(record, &again), -EBADMSG);
		json_decref(record);
	}
}

static void another_name(void **state)
{
	const struct group_spec specs[] = { { "a", &pids } };
	_cleanup_(error_done) struct error err = ERROR_INIT;
	_cleanup_(freep) char *run = NULL;
	struct groups *groups, *second = NULL;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_HYBRID);
	run = unit_path(fake.root, "run");
	groups = open_groups(&fake);
	assert_int_equal(groups_apply(groups, specs, 1, NULL, NULL), 0);
	groups_free(groups);
	assert_int_equal(groups_open(fake.layout, "other", run, &second, &err), -EEXIST);
	assert_non_null(strstr(error_text(&err), "the instance \"reeve\""));
	assert_non_null(strstr(error_text(&err), "reeve clean --runtime-dir"));
	assert_true(fake_exists(&fake, "run/state.json"));
	assert_false(fake_exists(&fake, "run/state.json.bad"));
	/* With nothing of it left, the record is worth nothing. */
	fake_remove(&fake, "sys/fs/cgroup/pids/reeve/a");
	fake_remove(&fake, "sys/fs/cgroup/pids/reeve");
	fake_remove(&fake, "sys/fs/cgroup/unified/reeve/a");
	fake_remove(&fake, "sys/fs/cgroup/unified/reeve");
	error_done(&err);
	assert_int_equal(groups_open(fake.layout, "other", run, &second, &err), 0);
	assert_int_equal(groups_count(second), 0);
	groups_free(second);
	fake_done(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(taken_up_again),
		cmocka_unit_test(clean_moves_out_and_spares_others),
		cmocka_unit_test(another_directory_of_the_name),
		cmocka_unit_test(removed_by_hand_is_made_again),
		cmocka_unit_test(locked),
		cmocka_unit_test(bad_records),
		cmocka_unit_test(lost_record),
		cmocka_unit_test(another_boot),
		cmocka_unit_test(nothing_can_be_recorded),
		cmocka_unit_test(raw_values_survive),
		cmocka_unit_test(limits_survive),
		cmocka_unit_test(another_name),
	};

	return cmocka_run_group_tests_name("cgroup state", tests, NULL, NULL);
}
