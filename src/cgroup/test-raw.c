// SPDX-License-Identifier: MIT
/*
 * The machine's hierarchies and groups, on each kind of host.
 *
 * covers: raw-group.c raw-spec.c
 */
#include "cgroup/fake.h"
#include "cgroup/raw-spec.h"
#include "cgroup/raw.h"

#include "test/unit.h"

struct bench {
	struct fake fake;
	struct raw *raw;
};

static void bench_init(struct bench *bench, enum fake_kind kind)
{
	fake_init(&bench->fake, kind);
	assert_int_equal(raw_open(bench->fake.host, bench->fake.layout->ops, &bench->raw, NULL), 0);
}

static void bench_done(struct bench *bench)
{
	raw_free(bench->raw);
	fake_done(&bench->fake);
}

static void check_file(const struct bench *bench, const char *path, const char *wanted)
{
	_cleanup_(freep) char *text = fake_read(&bench->fake, path);

	assert_non_null(text);
	assert_string_equal(text, wanted);
}

static void hierarchies_are_found(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench, FAKE_NONE);
	assert_int_equal(bench.raw->hierarchy_count, 0);
	assert_null(raw_find(bench.raw, "cpu"));
	assert_null(raw_find(bench.raw, ""));
	bench_done(&bench);

	bench_init(&bench, FAKE_V1);
	assert_string_equal(raw_find(bench.raw, "memory")->tree.mount_point,
			    "/sys/fs/cgroup/my memory");
	assert_null(raw_find(bench.raw, "cgroup"));
	assert_null(raw_find(bench.raw, "nosuch"));
	bench_done(&bench);

	bench_init(&bench, FAKE_V1_JOINT);
	assert_ptr_equal(raw_find(bench.raw, "cpu"), raw_find(bench.raw, "cpuacct"));
	assert_string_equal(raw_find(bench.raw, "cpu")->names[0], "cpu");
	assert_string_equal(raw_find(bench.raw, "cpu")->names[1], "cpuacct");
	bench_done(&bench);

	bench_init(&bench, FAKE_V2);
	assert_int_equal(bench.raw->hierarchy_count, 1);
	assert_true(raw_find(bench.raw, "memory")->tree.v2);
	assert_ptr_equal(raw_find(bench.raw, ""), raw_find(bench.raw, "cgroup"));
	bench_done(&bench);

	bench_init(&bench, FAKE_HYBRID);
	assert_false(raw_find(bench.raw, "cpu")->tree.v2);
	assert_true(raw_find(bench.raw, "hugetlb")->tree.v2);
	assert_true(raw_find(bench.raw, "cgroup")->tree.v2);
	bench_done(&bench);
}

static void a_second_mount_is_a_place(void **state)
{
	_cleanup_(freep) char *mounts = NULL, *more = NULL;
	const struct raw_hierarchy *cpu;
	struct bench bench;

	(void)state;
	fake_init(&bench.fake, FAKE_V1);
	mounts = fake_read(&bench.fake, "proc/self/mountinfo");
	assert_true(asprintf(&more,
			     "%s\n90 31 0:29 /part /sys/fs/cgroup/pids rw - cgroup cgroup rw,cpu\n",
			     mounts) > 0);
	fake_write(&bench.fake, "proc/self/mountinfo", more);
	assert_int_equal(raw_open(bench.fake.host, bench.fake.layout->ops, &bench.raw, NULL), 0);
	cpu = raw_find(bench.raw, "cpu");
	assert_int_equal(cpu->place_count, 2);
	assert_string_equal(cpu->places[1], "/sys/fs/cgroup/pids");
	/* It shows a part only. */
	assert_string_equal(cpu->tree.mount_point, "/sys/fs/cgroup/cpu");
	bench_done(&bench);
}

static void paths_stay_inside(void **state)
{
	static const char *const cases[][2] = {
		{ "a/b", "a/b" },     { "/a/b/", "a/b" }, { "//a//b", "a/b" }, { "/", "" },
		{ ".", "" },	      { "./a", "a" },	  { "..", NULL },      { "a/../b", NULL },
		{ "a/..b", "a/..b" }, { "", "" },	  { "...", "..." },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *path = NULL;
		int r = raw_path(cases[i][0], &path);

		assert_int_equal(r, cases[i][1] ? 0 : -EINVAL);
		if (cases[i][1])
			assert_string_equal(path, cases[i][1]);
		free(path);
	}
}

static void groups_are_made_and_removed(void **state)
{
	const struct raw_hierarchy *cpu;
	struct bench bench;

	(void)state;
	bench_init(&bench, FAKE_V1);
	cpu = raw_find(bench.raw, "cpu");
	assert_int_equal(raw_make(bench.raw, cpu, "a/b/c"), 3);
	assert_int_equal(raw_make(bench.raw, cpu, "a/b/d"), 1);
	assert_int_equal(raw_make(bench.raw, cpu, "a/b"), 0);
	assert_int_equal(raw_make(bench.raw, cpu, ""), 0);
	assert_true(raw_exists(cpu, "a/b/c"));
	assert_true(raw_exists(cpu, ""));
	assert_false(raw_exists(cpu, "a/x"));

	/* What is in the way makes nothing. */
	assert_int_equal(raw_make(bench.raw, cpu, "n/tasks/x"), -ENOTDIR);
	assert_false(raw_exists(cpu, "n"));

	fake_write(&bench.fake, "sys/fs/cgroup/cpu/a/b/c/cgroup.procs", "41\n42\n");
	assert_int_equal(raw_remove(bench.raw, cpu, "a", 0, NULL), -EBUSY);
	assert_int_equal(raw_remove(bench.raw, cpu, "a/b", RAW_RECURSIVE | RAW_ONLY_EMPTY, NULL),
			 -EBUSY);
	assert_true(raw_exists(cpu, "a/b/c"));
	assert_false(raw_exists(cpu, "a/b/d"));
	assert_int_equal(raw_remove(bench.raw, cpu, "a/b/c", 0, NULL), 0);
	check_file(&bench, "sys/fs/cgroup/cpu/a/b/cgroup.procs", "41\n42");
	assert_int_equal(raw_remove(bench.raw, cpu, "a", RAW_RECURSIVE, NULL), 0);
	assert_false(raw_exists(cpu, "a"));
	check_file(&bench, "sys/fs/cgroup/cpu/cgroup.procs", "41\n42");
	/* All that is removed goes at once: the processes to above the whole of it. */
	assert_int_equal(raw_make(bench.raw, cpu, "x/y/z"), 3);
	fake_write(&bench.fake, "sys/fs/cgroup/cpu/x/y/z/cgroup.procs", "43\n");
	assert_int_equal(raw_remove(bench.raw, cpu, "x/y", RAW_RECURSIVE, NULL), 0);
	check_file(&bench, "sys/fs/cgroup/cpu/x/cgroup.procs", "43");
	assert_int_equal(raw_remove(bench.raw, cpu, "a", 0, NULL), -ENOENT);
	assert_int_equal(raw_remove(bench.raw, cpu, "", 0, NULL), 0);
	assert_true(raw_exists(cpu, ""));
	bench_done(&bench);
}

static void v2_hands_controllers_down(void **state)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	const struct raw_hierarchy *v2;
	struct bench bench;

	(void)state;
	bench_init(&bench, FAKE_V2);
	v2 = raw_find_v2(bench.raw);
	assert_int_equal(raw_make(bench.raw, v2, "a/b"), 2);
	assert_int_equal(raw_enable(bench.raw, v2, "a/b", "memory", NULL), 0);
	check_file(&bench, "sys/fs/cgroup/a/cgroup.subtree_control", "memory");
	check_file(&bench, "sys/fs/cgroup/a/b/cgroup.subtree_control", "");
	assert_int_equal(raw_write(bench.raw, v2, "a/b", "memory.max", "8192"), 0);
	check_file(&bench, "sys/fs/cgroup/a/b/memory.max", "8192");
	/* Again, and for the core, there is nothing to do. */
	assert_int_equal(raw_enable(bench.raw, v2, "a/b", "memory", NULL), 0);
	assert_int_equal(raw_enable(bench.raw, v2, "a/b", "cgroup", NULL), 0);
	assert_int_equal(raw_enable(bench.raw, v2, "a/b", "", NULL), 0);

	assert_int_equal(raw_attach(bench.raw, v2, "a/b", 77), 0);
	assert_int_equal(raw_make(bench.raw, v2, "a/b/c"), 1);
	assert_int_equal(raw_enable(bench.raw, v2, "a/b/c", "memory", &err), -EBUSY);
	assert_non_null(strstr(err.message, "/sys/fs/cgroup/a/b has processes of its own"));
	assert_int_equal(raw_enable(bench.raw, v2, "a", "nosuch", NULL), -ENOENT);
	bench_done(&bench);
}

static void files_are_those_of_a_controller(void **state)
{
	_cleanup_(raw_files_done) struct raw_files files = { 0 };
	const struct raw_hierarchy *joint;
	struct bench bench;
	bool shares = false;

	(void)state;
	bench_init(&bench, FAKE_V1_JOINT);
	joint = raw_find(bench.raw, "cpu");
	assert_int_equal(raw_make(bench.raw, joint, "a"), 1);
	assert_int_equal(raw_files(joint, "a", "cpu", &files), 0);
	for (size_t i = 0; i < files.count; i++) {
		assert_memory_equal(files.items[i].name, "cpu.", 4);
		shares |= streq(files.items[i].name, "cpu.shares");
	}
	assert_true(shares);
	raw_files_done(&files);
	assert_int_equal(raw_files(joint, "none", "cpu", &files), -ENOENT);
	bench_done(&bench);
}

static int gather(void *context, const char *path)
{
	struct text *text = context;

	text_addf(text, "<%s>", path);
	return 0;
}

static void walks_go_both_ways(void **state)
{
	_cleanup_(text_done) struct text down = { 0 }, up = { 0 };
	const struct raw_hierarchy *pids;
	struct bench bench;

	(void)state;
	bench_init(&bench, FAKE_V1);
	pids = raw_find(bench.raw, "pids");
	assert_int_equal(raw_make(bench.raw, pids, "a/b/c"), 3);
	assert_int_equal(raw_walk(pids, "a", false, gather, &down), 0);
	assert_string_equal(down.data, "<a><a/b><a/b/c>");
	assert_int_equal(raw_walk(pids, "a", true, gather, &up), 0);
	assert_string_equal(up.data, "<a/b/c><a/b><a>");
	bench_done(&bench);
}

static void specs_are_read(void **state)
{
	static const char *const bad[] = {
		"", "cpu", "cpu:", ":", "cpu,:a", ",cpu:a", "cpu,,pids:a"
	};
	struct raw_spec spec;

	(void)state;
	assert_int_equal(raw_spec_parse("cpu,memory:a/b:c", &spec), 0);
	assert_int_equal(spec.count, 2);
	assert_string_equal(spec.controllers[1], "memory");
	assert_string_equal(spec.path, "a/b:c");
	assert_false(spec.all);
	raw_spec_done(&spec);
	assert_int_equal(raw_spec_parse("*:/", &spec), 0);
	assert_true(spec.all);
	raw_spec_done(&spec);
	assert_int_equal(raw_spec_parse(":a", &spec), 0);
	assert_int_equal(spec.count, 0);
	raw_spec_done(&spec);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(raw_spec_parse(bad[i], &spec), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(hierarchies_are_found),
		cmocka_unit_test(a_second_mount_is_a_place),
		cmocka_unit_test(paths_stay_inside),
		cmocka_unit_test(groups_are_made_and_removed),
		cmocka_unit_test(v2_hands_controllers_down),
		cmocka_unit_test(files_are_those_of_a_controller),
		cmocka_unit_test(walks_go_both_ways),
		cmocka_unit_test(specs_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
