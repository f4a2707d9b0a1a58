// SPDX-License-Identifier: MIT
/*
 * cgroup v1: which files a limit is, and its default. Shares are a number of their own there,
 * 1024 where v2's weight is 100. They are its multiple, so that groups of the weights 300 and 100
 * divide a processor 3 to 1 on both versions. (The curve of the container runtimes uses the whole
 * of v1's range instead, and makes 4 to 1 of it.)
 */
#include "cgroup/limit.h"

#include <inttypes.h>

uint64_t limit_shares_of_weight(uint64_t weight)
{
	return (weight * 1024 + 50) / 100;
}

static bool format_pids(const struct limits *want, char value[static LIMIT_VALUE_SIZE])
{
	if (want->pids == LIMIT_MAX)
		snprintf(value, LIMIT_VALUE_SIZE, "max");
	else
		snprintf(value, LIMIT_VALUE_SIZE, "%" PRIu64, want->pids);
	return true;
}

#define NEEDS_V2(limit_)                                                                       \
	{                                                                                      \
		.limit = limit_, .controller = CONTROLLER_MEMORY,                              \
		.refused = "only cgroup v2 has it, and the memory controller is a v1 one here" \
	}

const struct limit_row limit_rows_v1[] = {
	SPECIAL(LIMIT_CPU_IDLE, CONTROLLER_CPU, VALUE_NUMBER, "cpu.idle", limit_apply_idle),
	SPECIAL(LIMIT_CPU_WEIGHT, CONTROLLER_CPU, VALUE_NUMBER, "cpu.shares", limit_apply_weight),
	SPECIAL(LIMIT_CPU, CONTROLLER_CPU, VALUE_NUMBER, "cpu.cfs_quota_us", limit_apply_cpu_v1),
	SPECIAL(LIMIT_CPU_PERIOD, CONTROLLER_CPU, VALUE_NUMBER, "cpu.cfs_period_us",
		limit_apply_nothing),
	SPECIAL(LIMIT_CPU_BURST, CONTROLLER_CPU, VALUE_NUMBER, "cpu.cfs_burst_us",
		limit_apply_nothing),
	SPECIAL(LIMIT_CPUS, CONTROLLER_CPUSET, VALUE_LIST, "cpuset.cpus", limit_apply_cpuset_v1),
	SPECIAL(LIMIT_MEMS, CONTROLLER_CPUSET, VALUE_LIST, "cpuset.mems", limit_apply_cpuset_v1),
	SPECIAL(LIMIT_RAM, CONTROLLER_MEMORY, VALUE_BYTES, "memory.limit_in_bytes",
		limit_apply_memory_v1),
	NEEDS_V2(LIMIT_RAM_HIGH),
	NEEDS_V2(LIMIT_RAM_LOW),
	NEEDS_V2(LIMIT_RAM_MIN),
	SPECIAL(LIMIT_OOM, CONTROLLER_MEMORY, VALUE_TEXT, NULL, limit_apply_oom_v1),
	SPECIAL(LIMIT_SWAP, CONTROLLER_MEMORY, VALUE_BYTES, "memory.memsw.limit_in_bytes",
		limit_apply_nothing),
	PLAIN(LIMIT_PIDS, CONTROLLER_PIDS, VALUE_NUMBER, "pids.max", "max", format_pids),
	SPECIAL(LIMIT_IO, CONTROLLER_IO, VALUE_TEXT, "blkio.throttle.read_bps_device",
		limit_apply_io_v1),
	SPECIAL(LIMIT_IO_WEIGHT, CONTROLLER_IO, VALUE_NUMBER, "blkio.bfq.weight",
		limit_apply_io_weight),
	SPECIAL(LIMIT_HUGETLB, CONTROLLER_HUGETLB, VALUE_BYTES, "hugetlb.*.limit_in_bytes",
		limit_apply_hugetlb),
	SPECIAL(LIMIT_FREEZE, CONTROLLER_FREEZER, VALUE_TEXT, "freezer.state", limit_apply_freeze),
};
const size_t limit_rows_v1_count = ARRAY_SIZE(limit_rows_v1);
