// SPDX-License-Identifier: MIT
/*
 * Settings of one version in the words of the other; a group is a list of files and texts.
 * covers: raw-convert-io.c
 */
#include "cgroup/raw-convert.h"

#include "test/unit.h"

struct group {
	const char *file, *text;
	const char *file2, *text2;
};

static int read_file(void *context, const char *file, char **ret_text)
{
	const struct group *group = context;

	if (group->file && streq(file, group->file))
		*ret_text = strdup(group->text);
	else if (group->file2 && streq(file, group->file2))
		*ret_text = strdup(group->text2);
	else
		return -ENOENT;
	return 0;
}

static const struct group quota_v2 = { "cpu.max", "10000 100000\n" };
static const struct group none_v2 = { "cpu.max", "max 100000\n" };
static const struct group quota_v1 = { "cpu.cfs_quota_us", "6000\n", "cpu.cfs_period_us",
				       "26000\n" };
static const struct group none_v1 = { "cpu.cfs_quota_us", "-1\n", "cpu.cfs_period_us", "41000\n" };

static void written(void **state)
{
	static const struct {
		bool disk_v2;
		const char *name, *value, *file, *text;
	} cases[] = {
		{ true, "cpu.shares", "512", "cpu.weight", "50" },
		{ true, "cpu.shares", "2", "cpu.weight", "1" },
		{ true, "cpu.shares", "262144", "cpu.weight", "10000" },
		{ false, "cpu.weight", "200", "cpu.shares", "2048" },
		{ true, "cpu.cfs_quota_us", "5000", "cpu.max", "5000 100000" },
		{ true, "cpu.cfs_quota_us", "-1", "cpu.max", "max 100000" },
		{ true, "cpu.cfs_period_us", "50000", "cpu.max", "10000 50000" },
		{ true, "cpuset.cpus", "0-1", "cpuset.cpus", "0-1" },
		{ true, "cpuset.cpu_exclusive", "1", "cpuset.cpus.partition", "root" },
		{ true, "cpuset.cpu_exclusive", "0", "cpuset.cpus.partition", "member" },
		{ false, "cpuset.cpus.partition", "root", "cpuset.cpu_exclusive", "1" },
		{ true, "memory.limit_in_bytes", "-1", "memory.max", "max" },
		{ true, "memory.limit_in_bytes", "9223372036854771712", "memory.max", "max" },
		{ true, "memory.limit_in_bytes", "9223372036860000000", "memory.max", "max" },
		{ true, "memory.limit_in_bytes", "8192000", "memory.max", "8192000" },
		{ true, "memory.limit_in_bytes", "-10", "memory.max", "-10" },
		{ true, "memory.soft_limit_in_bytes", "1G", "memory.high", "1G" },
		{ false, "memory.max", "max", "memory.limit_in_bytes", "9223372036854771712" },
		{ false, "memory.high", "4096", "memory.soft_limit_in_bytes", "4096" },
		{ true, "freezer.state", "FROZEN", "cgroup.freeze", "1" },
		{ false, "cgroup.freeze", "0", "freezer.state", "THAWED" },
		{ true, "hugetlb.2MB.limit_in_bytes", "-1", "hugetlb.2MB.max", "max" },
		{ false, "pids.max", "10", "pids.max", "10" },
		{ true, "blkio.weight", "500", "io.weight", "default 100" },
		{ true, "blkio.weight", "10", "io.weight", "default 2" },
		{ false, "io.weight", "default 50", "blkio.weight", "250" },
		{ false, "io.weight", "10000", "blkio.weight", "1000" },
		{ true, "blkio.bfq.weight", "70", "io.bfq.weight", "default 70" },
		{ false, "io.bfq.weight", "default 70", "blkio.bfq.weight", "70" },
		{ true, "blkio.throttle.read_bps_device", "8:0 1048576", "io.max",
		  "8:0 rbps=1048576" },
		{ true, "blkio.throttle.write_iops_device", "8:0 0\n8:16 5\n", "io.max",
		  "8:0 wiops=max\n8:16 wiops=5" },
		{ false, "io.max", "8:0 wbps=7", "blkio.throttle.write_bps_device", "8:0 7" },
		{ false, "io.max", "8:0 riops=max\n8:16 riops=3", "blkio.throttle.read_iops_device",
		  "8:0 0\n8:16 3" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct raw_settings settings = { 0 };
		struct group group = quota_v2;

		assert_int_equal(raw_convert_set(cases[i].name, cases[i].value, cases[i].disk_v2,
						 read_file, &group, &settings),
				 0);
		assert_int_equal(settings.count, 1);
		assert_string_equal(settings.items[0].name, cases[i].file);
		assert_string_equal(settings.items[0].value, cases[i].text);
		raw_settings_done(&settings);
	}
}

static void what_the_other_version_would_not_take(void **state)
{
	static const struct {
		bool disk_v2;
		const char *name, *value;
	} cases[] = {
		{ false, "cpu.weight", "0" },
		{ false, "cpu.weight", "10001" },
		{ false, "cpu.weight", "many" },
		{ false, "io.weight", "default 0" },
		{ false, "cpuset.cpus.partition", "isolated" },
		{ false, "cpuset.cpus.partition", "1" },
		{ false, "memory.max", "-1" },
		{ true, "cpuset.cpu_exclusive", "root" },
		{ true, "freezer.state", "COLD" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct raw_settings settings = { 0 };

		assert_int_equal(raw_convert_set(cases[i].name, cases[i].value, cases[i].disk_v2,
						 read_file, NULL, &settings),
				 -EINVAL);
	}
}

static void disks_of_v2_are_four_files_of_v1(void **state)
{
	struct raw_settings settings = { 0 };

	(void)state;
	assert_int_equal(raw_convert_set("io.max", "8:0 rbps=1 wbps=max riops=2 wiops=3", false,
					 read_file, NULL, &settings),
			 0);
	assert_int_equal(settings.count, 4);
	assert_string_equal(settings.items[0].value, "8:0 1");
	assert_string_equal(settings.items[1].value, "8:0 0");
	assert_string_equal(settings.items[3].name, "blkio.throttle.write_iops_device");
	raw_settings_done(&settings);
	assert_int_equal(raw_convert_names("io.max", true, &settings), 0);
	assert_int_equal(settings.count, 4);
	raw_settings_done(&settings);
}

static int read_disks(void *context, const char *file, char **ret_text)
{
	static const struct {
		const char *name, *text;
	} files[] = {
		{ "io.max", "8:0 rbps=5 wbps=max riops=max wiops=6\n8:16 rbps=max wbps=9 riops=max "
			    "wiops=max\n" },
		{ "io.stat", "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6 cost.usage=7\n" },
		{ "blkio.throttle.read_bps_device", "8:0 5\n" },
		{ "blkio.throttle.write_bps_device", "8:16 9\n" },
		{ "blkio.throttle.read_iops_device", "" },
		{ "blkio.throttle.write_iops_device", "8:0 6\n" },
		{ "blkio.throttle.io_service_bytes",
		  "8:0 Read 1\n8:0 Write 2\n8:0 Sync 3\n8:0 Async 0\n8:0 Discard 5\n8:0 Total 8\n"
		  "Total 8\n" },
		{ "blkio.throttle.io_serviced", "8:0 Read 3\n8:0 Write 4\nTotal 7\n" },
	};

	(void)context;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (streq(files[i].name, file)) {
			*ret_text = strdup(files[i].text);
			return 0;
		}
	return -ENOENT;
}

static void disks_are_read(void **state)
{
	static const struct {
		bool disk_v2;
		const char *name, *text;
	} cases[] = {
		{ true, "blkio.throttle.read_bps_device", "8:0 5" },
		{ true, "blkio.throttle.write_bps_device", "8:16 9" },
		{ true, "blkio.throttle.read_iops_device", "" },
		{ false, "io.max",
		  "8:0 rbps=5 wbps=max riops=max wiops=6\n8:16 rbps=max wbps=9 "
		  "riops=max wiops=max" },
		{ true, "blkio.throttle.io_service_bytes",
		  "8:0 Read 1\n8:0 Write 2\n8:0 Discard 5\n8:0 Total 8\nTotal 8" },
		{ true, "blkio.throttle.io_serviced",
		  "8:0 Read 3\n8:0 Write 4\n8:0 Discard 6\n8:0 Total 13\nTotal 13" },
		{ false, "io.stat", "8:0 rbytes=1 rios=3 wbytes=2 wios=4 dbytes=5 dios=0" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *value = NULL;

		assert_int_equal(raw_convert_get(cases[i].name, cases[i].disk_v2, read_disks, NULL,
						 &value),
				 0);
		assert_string_equal(value, cases[i].text);
		free(value);
	}
}

static void disks_that_are_none_are_refused(void **state)
{
	static const char *const values[] = { "",      "8:0",	  "8 5",
					      "8:0 x", "8:0 5 6", "a:0 5",
					      "8: 5",  "8:0 -1",  "8:0 18446744073709551616" };
	struct raw_settings settings;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		assert_int_equal(raw_convert_set("blkio.throttle.read_bps_device", values[i], true,
						 read_file, NULL, &settings),
				 -EINVAL);
	assert_int_equal(raw_convert_set("io.max", "8:0", false, read_file, NULL, &settings),
			 -EINVAL);
	assert_int_equal(raw_convert_set("io.max", "8:0 rbsp=1", false, read_file, NULL, &settings),
			 -EINVAL);
	assert_int_equal(raw_convert_set("io.stat", "8:0 rios=1", false, read_file, NULL,
					 &settings),
			 -EOPNOTSUPP);
}

static void a_quota_of_v2_is_two_files_of_v1(void **state)
{
	struct raw_settings settings = { 0 };

	(void)state;
	assert_int_equal(raw_convert_set("cpu.max", "max 40000", false, read_file, NULL, &settings),
			 0);
	assert_int_equal(settings.count, 2);
	assert_string_equal(settings.items[0].name, "cpu.cfs_period_us");
	assert_string_equal(settings.items[0].value, "40000");
	assert_string_equal(settings.items[1].name, "cpu.cfs_quota_us");
	assert_string_equal(settings.items[1].value, "-1");
	raw_settings_done(&settings);
	assert_int_equal(raw_convert_set("cpu.max", "5000", false, read_file, NULL, &settings), 0);
	assert_int_equal(settings.count, 1);
	raw_settings_done(&settings);
}

static void told(void **state)
{
	static const struct group shares = { "cpu.shares", "512\n" };
	static const struct group weight = { "cpu.weight", "200\n" };
	static const struct group memory_v1 = { "memory.limit_in_bytes", "9223372036854771712\n" };
	static const struct group memory_v2 = { "memory.max", "max\n" };
	static const struct group partition = { "cpuset.cpus.partition", "root\n" };
	static const struct group cpus = { "cpuset.cpus", "\n" };
	static const struct {
		bool disk_v2;
		const struct group *group;
		const char *name, *value;
	} cases[] = {
		{ false, &shares, "cpu.weight", "50" },
		{ true, &weight, "cpu.shares", "2048" },
		{ true, &quota_v2, "cpu.cfs_quota_us", "10000" },
		{ true, &none_v2, "cpu.cfs_quota_us", "-1" },
		{ true, &quota_v2, "cpu.cfs_period_us", "100000" },
		{ false, &quota_v1, "cpu.max", "6000 26000" },
		{ false, &none_v1, "cpu.max", "max 41000" },
		{ false, &memory_v1, "memory.max", "max" },
		{ true, &memory_v2, "memory.limit_in_bytes", "9223372036854771712" },
		{ true, &partition, "cpuset.cpu_exclusive", "1" },
		{ true, &cpus, "cpuset.cpus", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(freep) char *value = NULL;
		struct group group = *cases[i].group;

		assert_int_equal(raw_convert_get(cases[i].name, cases[i].disk_v2, read_file, &group,
						 &value),
				 0);
		assert_string_equal(value, cases[i].value);
	}
}

static void refused(void **state)
{
	static const struct {
		const char *name, *value;
		bool disk_v2;
		int code;
	} cases[] = {
		{ "cpu.stat", "", true, -EOPNOTSUPP },
		{ "cpu.stat", "", false, -EOPNOTSUPP },
		{ "cpuset.memory_migrate", "1", true, -EOPNOTSUPP },
		{ "io.latency", "1", false, -EOPNOTSUPP },
		{ "hugetlb..max", "1", false, -EOPNOTSUPP },
		{ "hugetlb.a.b.max", "1", false, -EOPNOTSUPP },
		{ "cpu.shares", "abc", true, -EINVAL },
		{ "cpu.shares", "-5", true, -EINVAL },
		{ "cpu.shares", "99999999999999999999", true, -EINVAL },
		{ "cpu.max", "", false, -EINVAL },
		{ "freezer.state", "FREEZING?", true, -EINVAL },
		{ "cpu.cfs_quota_us", "1", true, -ENOENT }, /* there is no cpu.max to read */
	};
	struct group empty = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct raw_settings settings = { 0 };

		assert_int_equal(raw_convert_set(cases[i].name, cases[i].value, cases[i].disk_v2,
						 read_file, &empty, &settings),
				 cases[i].code);
		assert_int_equal(settings.count, 0);
	}
}

static void names_of_the_other_version(void **state)
{
	struct raw_settings names = { 0 };

	(void)state;
	assert_int_equal(raw_convert_names("cpu.max", true, &names), 0);
	assert_int_equal(names.count, 2);
	assert_string_equal(names.items[0].name, "cpu.cfs_period_us");
	raw_settings_done(&names);
	assert_int_equal(raw_convert_names("cpu.cfs_quota_us", false, &names), 0);
	assert_int_equal(names.count, 1);
	assert_string_equal(names.items[0].name, "cpu.max");
	raw_settings_done(&names);
	assert_int_equal(raw_convert_names("cpu.stat", true, &names), 0);
	assert_int_equal(names.count, 0);
	assert_string_equal(raw_convert_controller("freezer"), "cgroup");
	assert_string_equal(raw_convert_controller("io"), "blkio");
	assert_null(raw_convert_controller("cpu"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(written),
		cmocka_unit_test(what_the_other_version_would_not_take),
		cmocka_unit_test(disks_of_v2_are_four_files_of_v1),
		cmocka_unit_test(disks_are_read),
		cmocka_unit_test(disks_that_are_none_are_refused),
		cmocka_unit_test(a_quota_of_v2_is_two_files_of_v1),
		cmocka_unit_test(told),
		cmocka_unit_test(refused),
		cmocka_unit_test(names_of_the_other_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
