// SPDX-License-Identifier: MIT
/*
 * Every limit as files of both versions: set, kept, put right, reset.
 *
 * covers: limit*.c values.c device.c check.c
 */
#include "cgroup/fake.h"
#include "cgroup/limit.h"
#include "cgroup/systemd.h"

#include "test/unit.h"

static struct fake fake;
static struct groups *groups;

static void begin(enum fake_kind kind)
{
	fake_init(&fake, kind);
	assert_int_equal(groups_open(fake.layout, "reeve", NULL, &groups, NULL), 0);
}

static void end(void)
{
	groups_free(groups);
	fake_done(&fake);
}

static void apply(const struct limits *limits, size_t problem_count)
{
	const struct group_spec spec = { "g", limits };
	struct group_problems problems = { 0 };
	struct error err = ERROR_INIT;

	if (groups_apply(groups, &spec, 1, &problems, &err) < 0)
		fail_msg("%s", error_text(&err));
	if (problems.count != problem_count)
		for (size_t i = 0; i < problems.count; i++)
			print_message("%s\n", problems.items[i].message);
	assert_int_equal(problems.count, problem_count);
	group_problems_done(&problems);
}

static void has(const char *path, const char *value)
{
	_cleanup_(freep) char *text = fake_read(&fake, path);

	if (!text)
		fail_msg("%s is missing", path);
	if (!streq(text, value))
		print_message("%s\n", path);
	assert_string_equal(text, value);
}

#define V2 "sys/fs/cgroup/reeve/g/"
#define V1 "sys/fs/cgroup/"

static const struct limits none;
static const struct limits everything = {
	.set = LIMIT_BIT(LIMIT_CPU) | LIMIT_BIT(LIMIT_CPU_BURST) | LIMIT_BIT(LIMIT_CPU_WEIGHT) |
	       LIMIT_BIT(LIMIT_RAM) | LIMIT_BIT(LIMIT_RAM_HIGH) | LIMIT_BIT(LIMIT_RAM_LOW) |
	       LIMIT_BIT(LIMIT_RAM_MIN) | LIMIT_BIT(LIMIT_SWAP) | LIMIT_BIT(LIMIT_OOM) |
	       LIMIT_BIT(LIMIT_PIDS) | LIMIT_BIT(LIMIT_CPUS) | LIMIT_BIT(LIMIT_IO) |
	       LIMIT_BIT(LIMIT_IO_WEIGHT) | LIMIT_BIT(LIMIT_HUGETLB) | LIMIT_BIT(LIMIT_FREEZE),
	.cpu = { true, 250000 }, /* a quarter of four */
	.cpu_burst = 20000,
	.cpu_weight = 200,
	.ram = 10000000,
	.ram_high = 8 << 20,
	.ram_low = 4 << 20,
	.ram_min = 1 << 20,
	.swap = LIMIT_MAX,
	.oom_group = true,
	.pids = 64,
	.cpus = (char[]){ "0-1" },
	.io = (struct io_limit[]){ { (char[]){ "8:0" }, 1000, LIMIT_MAX, LIMIT_MAX, 5 } },
	.io_count = 1,
	.io_weight = 1000,
	.hugetlb = (struct hugetlb_limit[]){ { (char[]){ "2MB" }, 4 << 20 } },
	.hugetlb_count = 1,
	.freeze = true,
};

static void v2_everything(void **state)
{
	(void)state;
	begin(FAKE_V2);
	apply(&everything, 0);
	has(V2 "cpu.max", "100000 100000");
	has(V2 "cpu.max.burst", "20000");
	has(V2 "cpu.weight", "200");
	has(V2 "memory.max", "9998336"); /* whole pages */
	has(V2 "memory.high", "8388608");
	has(V2 "memory.low", "4194304");
	has(V2 "memory.min", "1048576");
	has(V2 "memory.swap.max", "max");
	has(V2 "memory.oom.group", "1");
	has(V2 "pids.max", "64");
	has(V2 "cpuset.cpus", "0-1");
	has(V2 "io.max", "8:0 rbps=1000 wbps=max riops=max wiops=5");
	has(V2 "io.bfq.weight", "default 1000");
	has(V2 "hugetlb.2MB.max", "4194304");
	has(V2 "cgroup.freeze", "1");
	apply(&none, 0);
	has(V2 "cpu.max", "max 100000");
	has(V2 "cpu.max.burst", "0");
	has(V2 "cpu.weight", "100");
	has(V2 "memory.max", "max");
	has(V2 "memory.high", "max");
	has(V2 "memory.min", "0");
	has(V2 "memory.oom.group", "0");
	has(V2 "pids.max", "max");
	has(V2 "cpuset.cpus", "");
	has(V2 "io.max", "");
	has(V2 "io.bfq.weight", "default 100");
	has(V2 "hugetlb.2MB.max", "max");
	has(V2 "cgroup.freeze", "0");
	end();
}

static void v1_everything(void **state)
{
	struct limits limits = everything;

	(void)state;
	begin(FAKE_V1);
	limits.swap = 1 << 20;
	/* ram_high, ram_low, ram_min, oom: group, hugetlb (no controller) */
	apply(&limits, 5);
	has(V1 "cpu/reeve/g/cpu.cfs_quota_us", "100000");
	has(V1 "cpu/reeve/g/cpu.cfs_burst_us", "20000");
	has(V1 "cpu/reeve/g/cpu.shares", "2048");
	has(V1 "my memory/reeve/g/memory.limit_in_bytes", "9998336");
	has(V1 "my memory/reeve/g/memory.memsw.limit_in_bytes", "11046912");
	has(V1 "pids/reeve/g/pids.max", "64");
	has(V1 "cpuset/reeve/g/cpuset.cpus", "0-1");
	has(V1 "blkio/reeve/g/blkio.throttle.read_bps_device", "8:0 1000");
	has(V1 "blkio/reeve/g/blkio.throttle.write_iops_device", "8:0 5");
	has(V1 "blkio/reeve/g/blkio.throttle.write_bps_device", "");
	has(V1 "blkio/reeve/g/blkio.bfq.weight", "1000");
	has(V1 "freezer/reeve/g/freezer.state", "FROZEN");
	apply(&none, 0);
	has(V1 "freezer/reeve/g/freezer.state", "THAWED");
	assert_false(fake_exists(&fake, V1 "cpu/reeve/g"));
	end();
}

static void hand_made_changes_are_put_right(void **state)
{
	const struct limits limits = { .set = LIMIT_BIT(LIMIT_PIDS) | LIMIT_BIT(LIMIT_CPU),
				       .pids = 5,
				       .cpu = { false, 1500000 } };

	(void)state;
	begin(FAKE_V2);
	apply(&limits, 0);
	has(V2 "cpu.max", "150000 100000");
	fake_write(&fake, V2 "pids.max", "99\n");
	fake_write(&fake, V2 "cpu.max", "1000 5000\n");
	fake_write(&fake, V2 "cpu.max.burst", "1000\n");
	fake_write(&fake, V2 "cgroup.freeze", "1\n");
	apply(&limits, 0);
	has(V2 "pids.max", "5");
	has(V2 "cpu.max", "150000 100000");
	has(V2 "cpu.max.burst", "0");
	has(V2 "cgroup.freeze", "0");
	end();
}

static void v1_memory_order(void **state)
{
	struct limits limits = { .set = LIMIT_BIT(LIMIT_RAM) | LIMIT_BIT(LIMIT_SWAP) };
	static const uint64_t steps[][2] = { { 4, 2 }, { 1, 0 }, { 8, 8 }, { 2, 14 }, { 16, 0 } };

	(void)state;
	begin(FAKE_V1);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		char ram[32], both[32];

		limits.ram = steps[i][0] << 20;
		limits.swap = steps[i][1] << 20;
		apply(&limits, 0);
		snprintf(ram, sizeof(ram), "%llu", (unsigned long long)steps[i][0] << 20);
		snprintf(both, sizeof(both), "%llu",
			 (unsigned long long)(steps[i][0] + steps[i][1]) << 20);
		has(V1 "my memory/reeve/g/memory.limit_in_bytes", ram);
		has(V1 "my memory/reeve/g/memory.memsw.limit_in_bytes", both);
	}
	end();
}

static void v1_memory_in_use(void **state)
{
	struct limits limits = { .set = LIMIT_BIT(LIMIT_RAM), .ram = 64 << 20 };

	(void)state;
	begin(FAKE_V1);
	apply(&limits, 0);
	fake_write(&fake, V1 "my memory/reeve/g/memory.usage_in_bytes", "33554432\n");
	limits.ram = 1 << 20;
	apply(&limits, 1);
	has(V1 "my memory/reeve/g/memory.limit_in_bytes", "67108864");
	end();
}

static void v2_memory_is_squeezed_first(void **state)
{
	struct limits limits = { .set = LIMIT_BIT(LIMIT_RAM), .ram = 64 << 20 };

	(void)state;
	begin(FAKE_V2);
	apply(&limits, 0);
	fake_write(&fake, V2 "memory.current", "33554432\n");
	limits.ram = 1 << 20;
	apply(&limits, 0); /* the fake's memory.reclaim gives all back */
	has(V2 "memory.max", "1048576");
	has(V2 "memory.high", "max");
	/* now nothing can be reclaimed: no such file */
	limits.ram = 64 << 20;
	apply(&limits, 0);
	fake_remove(&fake, V2 "memory.reclaim");
	fake_write(&fake, V2 "memory.current", "33554432\n");
	limits.ram = 1 << 20;
	apply(&limits, 1);
	has(V2 "memory.max", "67108864");
	has(V2 "memory.high", "max");
	end();
}

static void v1_swap_needs_ram(void **state)
{
	const struct limits limits = { .set = LIMIT_BIT(LIMIT_SWAP), .swap = 0 };

	(void)state;
	begin(FAKE_V1);
	apply(&limits, 1);
	end();
	begin(FAKE_V1);
	apply(&none, 0);
	fake_remove(&fake, V1 "my memory/memory.memsw.limit_in_bytes");
	end();
}

static void v1_parent_and_child_share(void **state)
{
	const struct limits half = { .set = LIMIT_BIT(LIMIT_CPU), .cpu = { true, 500000 } };
	const struct limits tenth = { .set = LIMIT_BIT(LIMIT_CPU), .cpu = { true, 100000 } };
	struct group_spec specs[] = { { "p", &half }, { "p/c", &half } };
	struct group_problems problems = { 0 };

	(void)state;
	begin(FAKE_V1);
	assert_int_equal(groups_apply(groups, specs, 2, &problems, NULL), 0);
	assert_int_equal(problems.count, 0);
	specs[1].limits = &tenth; /* then the parent: the child has to go first */
	specs[0].limits = &tenth;
	assert_int_equal(groups_apply(groups, specs, 2, &problems, NULL), 0);
	assert_int_equal(problems.count, 0);
	has(V1 "cpu/reeve/p/cpu.cfs_quota_us", "40000");
	has(V1 "cpu/reeve/p/c/cpu.cfs_quota_us", "40000");
	specs[1].limits = &half;
	assert_int_equal(groups_apply(groups, specs, 2, &problems, NULL), 0);
	assert_int_equal(problems.count, 1);
	assert_int_equal(problems.items[0].code, -EINVAL);
	assert_non_null(strstr(problems.items[0].message, "parent"));
	has(V1 "cpu/reeve/p/c/cpu.cfs_quota_us", "40000");
	group_problems_done(&problems);
	end();
}

static void idle_and_weight(void **state)
{
	struct limits limits = { .set = LIMIT_BIT(LIMIT_CPU_IDLE) | LIMIT_BIT(LIMIT_CPU_WEIGHT),
				 .cpu_idle = true,
				 .cpu_weight = 50 };

	(void)state;
	begin(FAKE_V2);
	apply(&limits, 0);
	has(V2 "cpu.idle", "1");
	limits.cpu_idle = false;
	apply(&limits, 0);
	has(V2 "cpu.idle", "0");
	has(V2 "cpu.weight", "50");
	end();
}

static void raw_files_go_back(void **state)
{
	struct raw_limit raw[] = { { (char[]){ "memory.swappiness" }, (char[]){ "10" } } };
	const struct limits limits = { .set = LIMIT_BIT(LIMIT_RAW), .raw = raw, .raw_count = 1 };
	struct raw_limit bad[] = { { (char[]){ "cgroup.procs" }, (char[]){ "1" } },
				   { (char[]){ "memory/../x" }, (char[]){ "1" } },
				   { (char[]){ "rdma.max" }, (char[]){ "1" } },
				   { (char[]){ "memory.nothing" }, (char[]){ "1" } } };
	const struct limits wrong = { .set = LIMIT_BIT(LIMIT_RAW), .raw = bad, .raw_count = 4 };

	(void)state;
	begin(FAKE_HYBRID);
	apply(&limits, 0);
	has(V1 "memory/reeve/g/memory.swappiness", "10");
	apply(&limits, 0);
	fake_write(&fake, V1 "memory/reeve/g/cgroup.procs", "1234\n"); /* so that it stays */
	apply(&none, 0);
	has(V1 "memory/reeve/g/memory.swappiness", "60");
	apply(&wrong, 4);
	end();
}

static void raw_wins_over_the_default(void **state)
{
	struct raw_limit raw[] = { { (char[]){ "pids.max" }, (char[]){ "3" } } };
	const struct limits limits = { .set = LIMIT_BIT(LIMIT_RAW), .raw = raw, .raw_count = 1 };

	(void)state;
	begin(FAKE_V2);
	apply(&limits, 0);
	has(V2 "pids.max", "3");
	apply(&limits, 0);
	has(V2 "pids.max", "3");
	end();
}

static void small_shares(void **state)
{
	struct limits limits = { .set = LIMIT_BIT(LIMIT_CPU), .cpu = { false, 5000 } };
	uint64_t quota, period;

	(void)state;
	assert_true(limit_cpu_quota(&limits, 2, &quota, &period)); /* 0.5 % of one */
	assert_int_equal(quota, 5000);
	assert_int_equal(period, 1000000);
	limits.cpu.millionths = 100;
	assert_false(limit_cpu_quota(&limits, 2, &quota, &period));
	limits.cpu = (struct cpu_share){ true, 900000 };
	assert_true(limit_cpu_quota(&limits, 3, &quota, &period));
	assert_int_equal(quota, 270000);
}

static void shares_of_weights(void **state)
{
	(void)state;
	assert_int_equal(limit_shares_of_weight(1), 10);
	assert_int_equal(limit_shares_of_weight(100), 1024);
	assert_int_equal(limit_shares_of_weight(300), 3072);
	assert_int_equal(limit_shares_of_weight(10000), 102400);
}

static void values(void **state)
{
	(void)state;
	assert_true(limit_value_equal(VALUE_NUMBER, "-1", "max"));
	assert_true(limit_value_equal(VALUE_NUMBER, "9223372036854771712", "max"));
	assert_false(limit_value_equal(VALUE_NUMBER, "1", "10"));
	assert_true(limit_value_equal(VALUE_BYTES, "10000000", "9998336"));
	assert_true(limit_value_equal(VALUE_LIST, "0,1,2", "0-2"));
	assert_false(limit_value_equal(VALUE_LIST, "0-3", "0-2"));
	assert_true(limit_value_equal(VALUE_LIST, "", ""));
	assert_true(limit_value_equal(VALUE_DEFAULT, "default 100\n8:0 50", "100"));
}

static void disks(void **state)
{
	unsigned a = 0, b = 0;

	(void)state;
	begin(FAKE_V2);
	assert_int_equal(device_resolve(fake.host, "259:7", &a, &b), 0);
	assert_int_equal(a, 259);
	assert_int_equal(device_resolve(fake.host, "/nowhere", &a, &b), -ENOENT);
	assert_int_equal(device_resolve(fake.host, "8:0x", &a, &b), -ENOENT);
	end();
}

static void check_tells(void **state)
{
	const struct limits limits = { .set = LIMIT_BIT(LIMIT_RAM_HIGH) | LIMIT_BIT(LIMIT_IO) |
					      LIMIT_BIT(LIMIT_CPU) | LIMIT_BIT(LIMIT_CPU_BURST),
				       .ram_high = 1 << 20,
				       .io = (struct io_limit[]){ { (char[]){ "/none" } } },
				       .io_count = 1,
				       .cpu = { false, 100000 },
				       .cpu_burst = 50000 };
	const struct group_spec spec = { "g", &limits };
	struct group_problems problems = { 0 };

	(void)state;
	begin(FAKE_V2);
	assert_int_equal(groups_check(fake.layout, &spec, 1, &problems, NULL), 0);
	assert_int_equal(problems.count, 3);
	assert_int_equal(problems.items[0].limit, LIMIT_RAM_HIGH);
	assert_int_equal(problems.items[0].code, 0); /* a warning */
	assert_int_equal(problems.items[1].limit, LIMIT_CPU_BURST);
	assert_int_equal(problems.items[2].limit, LIMIT_IO);
	group_problems_done(&problems);
	end();
	begin(FAKE_V1);
	assert_int_equal(groups_check(fake.layout, &spec, 1, &problems, NULL), 0);
	assert_int_equal(problems.items[0].code, -EOPNOTSUPP);
	group_problems_done(&problems);
	end();
}

static void scope_names(void **state)
{
	_cleanup_(freep) char *scope = systemd_scope_name("my-name");
	_cleanup_(freep) char *a = systemd_unit_path("/system.slice/reeved.service");
	_cleanup_(freep) char *b = systemd_unit_path("/system.slice/reeved.service/daemon");
	_cleanup_(freep) char *c = systemd_unit_path("/user.slice/user-0.slice");
	_cleanup_(freep) char *d = systemd_unit_path("/a.service/b/c");

	(void)state;
	assert_string_equal(scope, "reeve-my\\x2dname.scope");
	assert_string_equal(a, "/system.slice/reeved.service");
	assert_string_equal(b, "/system.slice/reeved.service");
	assert_null(c);
	assert_null(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(v2_everything),
		cmocka_unit_test(v1_everything),
		cmocka_unit_test(hand_made_changes_are_put_right),
		cmocka_unit_test(v1_memory_order),
		cmocka_unit_test(v1_memory_in_use),
		cmocka_unit_test(v2_memory_is_squeezed_first),
		cmocka_unit_test(v1_swap_needs_ram),
		cmocka_unit_test(v1_parent_and_child_share),
		cmocka_unit_test(idle_and_weight),
		cmocka_unit_test(raw_files_go_back),
		cmocka_unit_test(raw_wins_over_the_default),
		cmocka_unit_test(small_shares),
		cmocka_unit_test(shares_of_weights),
		cmocka_unit_test(values),
		cmocka_unit_test(disks),
		cmocka_unit_test(check_tells),
		cmocka_unit_test(scope_names),
	};

	return cmocka_run_group_tests_name("cgroup limits", tests, NULL, NULL);
}
