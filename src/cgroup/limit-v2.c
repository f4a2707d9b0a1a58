// SPDX-License-Identifier: MIT
/*
 * cgroup v2: which files a limit is, and its default. Protections come before limits, so that a
 * group that is squeezed keeps what it was promised.
 */
#include "cgroup/limit.h"

#include <inttypes.h>

static bool format_number(uint64_t number, char value[static LIMIT_VALUE_SIZE])
{
	if (number == LIMIT_MAX)
		snprintf(value, LIMIT_VALUE_SIZE, "max");
	else
		snprintf(value, LIMIT_VALUE_SIZE, "%" PRIu64, number);
	return true;
}

static bool format_low(const struct limits *want, char value[static LIMIT_VALUE_SIZE])
{
	return format_number(want->ram_low, value);
}

static bool format_min(const struct limits *want, char value[static LIMIT_VALUE_SIZE])
{
	return format_number(want->ram_min, value);
}

static bool format_swap(const struct limits *want, char value[static LIMIT_VALUE_SIZE])
{
	return format_number(want->swap, value);
}

static bool format_oom(const struct limits *want, char value[static LIMIT_VALUE_SIZE])
{
	return format_number(want->oom_group, value);
}

static bool format_pids(const struct limits *want, char value[static LIMIT_VALUE_SIZE])
{
	return format_number(want->pids, value);
}

const struct limit_row limit_rows_v2[] = {
	SPECIAL(LIMIT_CPU_IDLE, CONTROLLER_CPU, VALUE_NUMBER, "cpu.idle", limit_apply_idle),
	SPECIAL(LIMIT_CPU_WEIGHT, CONTROLLER_CPU, VALUE_NUMBER, "cpu.weight", limit_apply_weight),
	SPECIAL(LIMIT_CPU, CONTROLLER_CPU, VALUE_TEXT, "cpu.max", limit_apply_cpu_v2),
	SPECIAL(LIMIT_CPU_PERIOD, CONTROLLER_CPU, VALUE_TEXT, "cpu.max", limit_apply_nothing),
	SPECIAL(LIMIT_CPU_BURST, CONTROLLER_CPU, VALUE_NUMBER, "cpu.max.burst",
		limit_apply_nothing),
	SPECIAL(LIMIT_CPUS, CONTROLLER_CPUSET, VALUE_LIST, "cpuset.cpus", limit_apply_cpuset_v2),
	SPECIAL(LIMIT_MEMS, CONTROLLER_CPUSET, VALUE_LIST, "cpuset.mems", limit_apply_cpuset_v2),
	PLAIN(LIMIT_RAM_MIN, CONTROLLER_MEMORY, VALUE_BYTES, "memory.min", "0", format_min),
	PLAIN(LIMIT_RAM_LOW, CONTROLLER_MEMORY, VALUE_BYTES, "memory.low", "0", format_low),
	PLAIN(LIMIT_OOM, CONTROLLER_MEMORY, VALUE_NUMBER, "memory.oom.group", "0", format_oom),
	PLAIN(LIMIT_SWAP, CONTROLLER_MEMORY, VALUE_BYTES, "memory.swap.max", "max", format_swap),
	SPECIAL(LIMIT_RAM, CONTROLLER_MEMORY, VALUE_BYTES, "memory.max", limit_apply_memory_v2),
	SPECIAL(LIMIT_RAM_HIGH, CONTROLLER_MEMORY, VALUE_BYTES, "memory.high", limit_apply_nothing),
	PLAIN(LIMIT_PIDS, CONTROLLER_PIDS, VALUE_NUMBER, "pids.max", "max", format_pids),
	SPECIAL(LIMIT_IO, CONTROLLER_IO, VALUE_TEXT, "io.max", limit_apply_io_v2),
	SPECIAL(LIMIT_IO_WEIGHT, CONTROLLER_IO, VALUE_DEFAULT, "io.weight", limit_apply_io_weight),
	SPECIAL(LIMIT_HUGETLB, CONTROLLER_HUGETLB, VALUE_BYTES, "hugetlb.*.max",
		limit_apply_hugetlb),
	SPECIAL(LIMIT_FREEZE, CONTROLLER_FREEZER, VALUE_NUMBER, "cgroup.freeze",
		limit_apply_freeze),
};
const size_t limit_rows_v2_count = ARRAY_SIZE(limit_rows_v2);
