// SPDX-License-Identifier: MIT
/* Groups and their limits in a policy: what they become, and what is said about wrong values. */
#include "config/schema.h"
#include "config/test-policy.h"

#define NO_LIMIT " (take the key out for no limit)"
#define RULES	 "rules: {r: {paths: [/x], action: execute, trigger: KILL}}\n"

/* Parses "groups: {g: {<limits>}}" and hands the group over. */
static struct parsed group(const char *limits)
{
	_cleanup_(freep) char *text = NULL;
	struct parsed parsed;

	assert_true(asprintf(&text, "groups: {g: {%s}}\n" RULES, limits) > 0);
	parsed = parse(text);
	if (parsed.result != 0) {
		_cleanup_(freep) char *why = told(&parsed.diagnostics);

		print_message("%s: %s\n", limits, why);
	}
	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.policy->group_count, 1);
	return parsed;
}

static void expect_group(const char *limits, const char *expected)
{
	_cleanup_(freep) char *text = NULL;

	assert_true(asprintf(&text, "groups: {g: {%s}}\n" RULES, limits) > 0);
	expect(text, expected);
}

static void expect_cpu(const char *value, bool of_machine, uint64_t millionths)
{
	_cleanup_(parsed_done) struct parsed parsed = group(value);
	const struct limits *limits = &parsed.policy->groups[0].limits;

	assert_int_equal(limits->set, LIMIT_BIT(LIMIT_CPU));
	assert_int_equal(limits->cpu.of_machine, of_machine);
	assert_int_equal(limits->cpu.millionths, millionths);
	assert_int_equal(parsed.policy->groups[0].limit_at[LIMIT_CPU].line, 1);
	assert_int_equal(parsed.policy->groups[0].limit_at[LIMIT_CPU].column, 19);
}

static void cpu(void **state)
{
	_cleanup_(parsed_done) struct parsed none = group("cpu: max");

	expect_cpu("cpu: 90", true, 900000);
	expect_cpu("cpu: 0x10", true, 160000);
	expect_cpu("cpu: 90%", true, 900000);
	expect_cpu("cpu: \"12.5%\"", true, 125000);
	expect_cpu("cpu: 12.5 %", true, 125000);
	expect_cpu("cpu: 1.5 cores", false, 1500000);
	expect_cpu("cpu: \"1 core\"", false, 1000000);
	expect_cpu("cpu: 0.001 cores", false, 1000);
	assert_int_equal(none.policy->groups[0].limits.set, 0);
	expect_group("cpu: 0", "1:19 error: \"cpu\" must be 1 to 1000000, not 0" NO_LIMIT "\n");
	expect_group("cpu: -5", "1:19 error: \"cpu\" must be 1 to 1000000, not -5" NO_LIMIT "\n");
	expect_group("cpu: 12.5", "1:19 error: \"cpu\" must be a whole number of percent, not 12.5 "
				  "(write a part of a percent as \"12.5%\")\n");
	expect_group("cpu: 0%", "1:19 error: \"cpu\" cannot be zero" NO_LIMIT "\n");
	expect_group("cpu: 0.0001 cores",
		     "1:19 error: \"cpu\": 0.001 cores is the least that the kernel can do\n");
	expect_group("cpu: 9000 cores", "1:19 error: \"cpu\" is more than any machine has\n");
	expect_group("cpu: -1%",
		     "1:19 error: \"cpu\": -1% is out of range (write 90 (percent of the "
		     "machine), \"90%\" or \"1.5 cores\")\n");
	expect_group("cpu: half",
		     "1:19 error: \"cpu\": \"half\" is no share (write 90 (percent of the "
		     "machine), \"90%\" or \"1.5 cores\")\n");
	expect_group("cpu: 1.5.5 cores",
		     "1:19 error: \"cpu\": \"1.5.5 cores\" is no share (write 90 (percent of the "
		     "machine), \"90%\" or \"1.5 cores\")\n");
	expect_group("cpu: 500",
		     "1:19 warning: \"cpu\" is more than the whole machine: no limit in "
		     "effect\n");
	expect_group("cpu: []", "1:19 error: \"cpu\" must be a number, not a list\n");
	expect_group("cpu: ",
		     "1:19 error: \"cpu\" has no value (take the key out for its default)\n");
	expect_group("cpu: 010",
		     "1:19 error: \"cpu\" must be a whole number, not \"010\" (a leading "
		     "zero means octal in YAML)\n");
}

static void cpu_times(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed =
		group("cpu: 2 cores, cpu_period: 50ms, cpu_burst: 100_000");
	const struct limits *limits = &parsed.policy->groups[0].limits;

	assert_int_equal(limits->cpu_period, 50000);
	assert_int_equal(limits->cpu_burst, 100000);
	expect_group("cpu: 1 core, cpu_period: 999",
		     "1:39 error: \"cpu_period\" must be 1000 to 1000000, not 999\n");
	expect_group("cpu: 1 core, cpu_period: 2s",
		     "1:39 error: \"cpu_period\" must be 1000 to 1000000, not 2s\n");
	expect_group("cpu: 1 core, cpu_period: 1.5us", "1:39 error: \"cpu_period\": \"1.5us\" is "
						       "no time in whole microseconds (write "
						       "100000 (microseconds) or \"100ms\")\n");
	expect_group("cpu: 0.1 cores, cpu_period: 5ms",
		     "1:42 error: \"cpu\" leaves less than 1 ms in a period of 5000 us (make the "
		     "period longer)\n");
	expect_group("cpu: 0.5 cores, cpu_burst: 50001",
		     "1:41 error: \"cpu_burst\" is more than the 50000 us that \"cpu\" gives in "
		     "one "
		     "period (make \"cpu_burst\" smaller, or \"cpu_period\" longer)\n");
	/* So small a share gets a period of a second, which leaves room for this. */
	expect_group("cpu: 0.005 cores, cpu_burst: 5ms", "");
	expect_group("cpu_period: 5ms",
		     "1:26 warning: \"cpu_period\" has no effect without \"cpu\"\n");
	expect_group("cpu_burst: 5ms",
		     "1:25 warning: \"cpu_burst\" has no effect without \"cpu\"\n");
}

static void cpu_others(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed =
		group("cpu_weight: '10000', cpus: '0', mems: 0-1");
	_cleanup_(parsed_done) struct parsed idle = group("cpu_idle: On, freeze: n");
	const struct limits *limits = &parsed.policy->groups[0].limits;

	assert_int_equal(limits->cpu_weight, 10000);
	assert_string_equal(limits->cpus, "0");
	assert_string_equal(limits->mems, "0-1");
	assert_true(idle.policy->groups[0].limits.cpu_idle);
	assert_false(idle.policy->groups[0].limits.freeze);
	assert_true(limits_has(&idle.policy->groups[0].limits, LIMIT_FREEZE));
	expect_group("cpu_weight: 0", "1:26 error: \"cpu_weight\" must be 1 to 10000, not 0\n");
	expect_group("cpu_weight: 10001",
		     "1:26 error: \"cpu_weight\" must be 1 to 10000, not 10001\n");
	expect_group("cpu_weight: 1.0",
		     "1:26 error: \"cpu_weight\" must be a whole number, not 1.0\n");
	expect_group("cpu_weight: max",
		     "1:26 error: \"cpu_weight\" must be a whole number, not \"max\"\n");
	expect_group("cpu_weight: 5, cpu_idle: true", "1:26 error: \"cpu_weight\" and \"cpu_idle: "
						      "true\" exclude each other (take one of "
						      "them out)\n");
	expect_group("cpu_idle: 1", "1:24 error: \"cpu_idle\" must be true or false, not \"1\"\n");
	expect_group("cpu_idle: 'true'",
		     "1:24 error: \"cpu_idle\" must be true or false, not \"true\" "
		     "(without quotes)\n");
	expect_group("mems: 0-3-4",
		     "1:20 error: \"mems\": \"0-3-4\" is no list of numbers below 1024 "
		     "(write a list such as \"0-3,8\")\n");
	expect_group("mems: '0,'",
		     "1:20 error: \"mems\": \"0,\" is no list of numbers below 1024 (write "
		     "a list such as \"0-3,8\")\n");
	expect_group("mems: 5-2",
		     "1:20 error: \"mems\": \"5-2\" is no list of numbers below 1024 (write "
		     "a list such as \"0-3,8\")\n");
	expect_group("mems: 99999999999999999999", "1:20 error: \"mems\": \"99999999999999999999\" "
						   "is no list of numbers below 1024 "
						   "(write a list such as \"0-3,8\")\n");
}

static void a_processor_that_is_not_here(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed = group("cpus: 8191");

	assert_int_equal(parsed.diagnostics.warnings, 1);
	assert_non_null(strstr(parsed.diagnostics.items[0].message, "has no processor 8191"));
}

static void memory(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed = group(
		"ram: 4500, ram_high: 4.25G, ram_low: \"0\", ram_min: 1 MiB, swap: 0, oom: group");
	_cleanup_(parsed_done) struct parsed max = group("ram: max, swap: infinity, oom: process");
	const struct limits *limits = &parsed.policy->groups[0].limits;

	assert_int_equal(limits->ram, UINT64_C(4500) << 20);
	assert_int_equal(limits->ram_high, UINT64_C(4352) << 20);
	assert_int_equal(limits->ram_low, 0);
	assert_int_equal(limits->ram_min, 1 << 20);
	assert_int_equal(limits->swap, 0);
	assert_true(limits->oom_group);
	assert_int_equal(limits->set, LIMIT_BIT(LIMIT_RAM) | LIMIT_BIT(LIMIT_RAM_HIGH) |
					      LIMIT_BIT(LIMIT_RAM_LOW) | LIMIT_BIT(LIMIT_RAM_MIN) |
					      LIMIT_BIT(LIMIT_SWAP) | LIMIT_BIT(LIMIT_OOM));
	assert_true(max.policy->groups[0].limits.ram == LIMIT_MAX);
	assert_true(max.policy->groups[0].limits.swap == LIMIT_MAX);
	assert_false(max.policy->groups[0].limits.oom_group);
	expect_group("ram: 0", "1:19 error: \"ram\" must be 4K or more, not 0" NO_LIMIT "\n");
	expect_group("ram: -1", "1:19 error: \"ram\" must be 4K or more, not -1" NO_LIMIT "\n");
	expect_group("ram: -1G", "1:19 error: \"ram\" must be 4K or more, not -1G" NO_LIMIT "\n");
	expect_group("ram: 4.5", "1:19 error: \"ram\" must be a whole number, not 4.5\n");
	expect_group("ram: 1e3", "1:19 error: \"ram\" must be a whole number, not 1e3\n");
	expect_group("ram: 99999999999999999999", "1:19 error: \"ram\": 99999999999999999999 is "
						  "more than any machine has (write "
						  "\"max\" for no limit)\n");
	expect_group("ram: 9000000000000", "1:19 error: \"ram\": 9000000000000 is more than any "
					   "machine has (write \"max\" for "
					   "no limit)\n");
	expect_group("ram: 2X",
		     "1:19 error: \"ram\": \"2X\" is no amount of bytes (write 4500 (MiB) or "
		     "\"4.5G\")\n");
	expect_group("ram: 100K",
		     "1:19 warning: hardly any program runs in so little memory (a plain "
		     "number is MiB)\n");
	expect_group("ram: 10, ram_high: 11, ram_low: max, ram_min: 1G",
		     "1:33 warning: \"ram_high\" is above \"ram\" and has no effect\n"
		     "1:60 warning: \"ram_min\" is above \"ram\" and has no effect\n");
	expect_group("oom: both", "1:19 error: \"oom\" must be process or group, not \"both\"\n");
}

static void pids(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed = group("pids: 0b11");
	_cleanup_(parsed_done) struct parsed max = group("pids: \"max\"");

	assert_int_equal(parsed.policy->groups[0].limits.pids, 3);
	assert_true(max.policy->groups[0].limits.pids == LIMIT_MAX);
	expect_group("pids: 0",
		     "1:20 error: \"pids\" must be 1 to 4194304 or \"max\", not 0" NO_LIMIT "\n");
	expect_group("pids: 4194305", "1:20 error: \"pids\" must be 1 to 4194304 or \"max\", not "
				      "4194305" NO_LIMIT "\n");
	expect_group("pids: 1e99", "1:20 error: \"pids\" must be a whole number, not 1e99\n");
	expect_group("pids: .inf", "1:20 error: \"pids\" must be a whole number, not .inf\n");
	expect_group("pids: many", "1:20 error: \"pids\" must be a whole number, not \"many\"\n");
	expect_group("pids: yes", "1:20 error: \"pids\" must be a whole number, not \"yes\"\n");
	expect_group("pids: {}", "1:20 error: \"pids\" must be a number, not a map\n");
}

static void io(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed = group(
		"io: {/dev/sda: {rbps: 10M, wiops: 100}, 8:16: {wbps: max, riops: 1}, /srv: }, "
		"io_weight: 1");
	const struct limits *limits = &parsed.policy->groups[0].limits;

	assert_int_equal(limits->io_count, 3);
	assert_string_equal(limits->io[0].device, "/dev/sda");
	assert_int_equal(limits->io[0].rbps, 10 << 20);
	assert_true(limits->io[0].wbps == LIMIT_MAX);
	assert_true(limits->io[0].riops == LIMIT_MAX);
	assert_int_equal(limits->io[0].wiops, 100);
	assert_string_equal(limits->io[1].device, "8:16");
	assert_true(limits->io[1].wbps == LIMIT_MAX);
	assert_int_equal(limits->io[1].riops, 1);
	assert_int_equal(limits->io_weight, 1);
	expect_group("io: 5", "1:18 error: \"io\" must be a map of keys and values, not \"5\"\n");
	expect_group("io: ", "1:18 error: \"io\" has no value (take the key out)\n");
	expect_group("io: {sda: {rbps: 1}}", "1:19 error: \"sda\" is no device (write /dev/sda, "
					     "\"8:0\" or a mount point)\n");
	expect_group("io: {8:0x: {rbps: 1}}", "1:19 error: \"8:0x\" is no device (write /dev/sda, "
					      "\"8:0\" or a mount point)\n");
	expect_group("io: {/a: {rbps: 0, riops: 0}}",
		     "1:30 error: \"rbps\" must be 1 or more, not 0\n"
		     "1:40 error: \"riops\" must be 1 to 4611686018427387904 or \"max\", not 0\n");
	expect_group("io: {/a: {rbp: 1}}",
		     "1:24 error: unknown key \"rbp\" in an io limit (did you mean \"rbps\"?)\n");
	expect_group("io: {/a: {riops: 1M}}",
		     "1:31 error: \"riops\" must be a whole number, not \"1M\"\n");
	expect_group("io_weight: 0", "1:25 error: \"io_weight\" must be 1 to 10000, not 0\n");
}

static void hugetlb(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed =
		group("hugetlb: {2MB: 512, 1GB: 2G, 64KB: max}");
	const struct limits *limits = &parsed.policy->groups[0].limits;

	assert_int_equal(limits->hugetlb_count, 3);
	assert_string_equal(limits->hugetlb[0].page_size, "2MB");
	assert_int_equal(limits->hugetlb[0].bytes, 512 << 20);
	assert_true(limits->hugetlb[2].bytes == LIMIT_MAX);
	expect_group("hugetlb: {2M: 2}",
		     "1:24 error: \"2M\" is no size of a huge page (write \"2MB\" or \"1GB\")\n");
	expect_group("hugetlb: {2MB: 3}",
		     "1:29 warning: this is no multiple of 2MB: the kernel rounds "
		     "it down\n");
	expect_group("hugetlb: {2MB: -3}", "1:29 error: \"2MB\" must be 0 or more, not -3\n");
}

static void raw(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed = group(
		"raw: {memory.swappiness: 0x10, cpu.uclamp.min: \"20.5\", cgroup.max.depth: 3}");
	const struct limits *limits = &parsed.policy->groups[0].limits;

	assert_int_equal(limits->raw_count, 3);
	assert_string_equal(limits->raw[0].file, "memory.swappiness");
	assert_string_equal(limits->raw[0].value, "0x10");
	assert_string_equal(limits->raw[1].value, "20.5");
	expect_group("raw: {memory.max: 5}", "1:20 error: \"memory.max\" is written by reeve "
					     "itself (use the key \"ram\")\n");
	expect_group("raw: {hugetlb.2MB.max: 5}",
		     "1:20 error: \"hugetlb.2MB.max\" is written by reeve "
		     "itself (use the key \"hugetlb\")\n");
	expect_group("raw: {hugetlb.2MB.rsvd.max: 5}", "");
	expect_group("raw: {cgroup.procs: 5}",
		     "1:20 error: \"cgroup.procs\" is reeve's alone to write\n");
	expect_group("raw: {cgroup.subtree_control: +cpu}",
		     "1:20 error: \"cgroup.subtree_control\" is reeve's alone to write\n");
	expect_group("raw: {../memory.max: 5}", "1:20 error: \"../memory.max\" is no file of a "
						"controller (write a name such as "
						"memory.swappiness)\n");
	expect_group("raw: {tasks: 5}",
		     "1:20 error: \"tasks\" is no file of a controller (write a name "
		     "such as memory.swappiness)\n");
	expect_group("raw: {memory.x: \"1\\n2\"}",
		     "1:30 error: \"memory.x\": the value must be one line, without control "
		     "characters\n");
	expect_group("raw: {memory.x: [1]}",
		     "1:30 error: \"memory.x\" must be a text, not a list\n");
	expect_group("raw: {memory.x: }",
		     "1:30 error: \"memory.x\" has no value (take the key out for its default)\n");
}

static void groups(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed =
		parse("groups:\n"
		      "  a/b/c: {pids: 1}\n"
		      "  x:\n"
		      "  a/d: {}\n"
		      "  a: {pids: 9}\n"
		      "rules:\n"
		      "  r: {paths: [/x], action: read, group: a/b}\n"
		      "  s: {paths: [/y], action: read, group: a/d}\n");
	static const char *const names[] = { "x", "a", "a/d", "a/b", "a/b/c" };
	const struct policy *policy = parsed.policy;

	assert_int_equal(parsed.result, 0);
	assert_int_equal(policy->group_count, ARRAY_SIZE(names));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_string_equal(policy->groups[i].name, names[i]);
		assert_int_equal(policy_find_group(policy, names[i]), i);
	}
	assert_int_equal(policy_find_group(policy, "b"), POLICY_NONE);
	assert_int_equal(policy->groups[1].limits.pids, 9);
	assert_int_equal(policy->groups[3].limits.set, 0);
	assert_int_equal(policy->groups[3].at.line, 2);
	assert_int_equal(rule_effect(&policy->rules[0], EFFECT_GROUP)->group.index, 3);
	assert_int_equal(rule_effect(&policy->rules[1], EFFECT_GROUP)->group.index, 2);
	expect("groups: {../x: {}}\n" RULES,
	       "1:10 error: a group cannot be named \"../x\": \"..\" is not "
	       "allowed in it\n");
	expect("groups: {a: 5}\n" RULES,
	       "1:13 error: \"a\" must be a map of keys and values, not \"5\"\n");
	expect("groups: {a: {pid: 5}}\n" RULES,
	       "1:14 error: unknown key \"pid\" in a group (did you mean \"pids\"?)\n");
	expect("groups: {a: {kill: true}}\n" RULES, "1:14 error: unknown key \"kill\" in a group "
						    "(write \"trigger: KILL\" in the rule)\n");
}
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpu),	      cmocka_unit_test(cpu_times),
		cmocka_unit_test(cpu_others), cmocka_unit_test(a_processor_that_is_not_here),
		cmocka_unit_test(memory),     cmocka_unit_test(pids),
		cmocka_unit_test(io),	      cmocka_unit_test(hugetlb),
		cmocka_unit_test(raw),	      cmocka_unit_test(groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
