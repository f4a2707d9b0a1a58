// SPDX-License-Identifier: MIT
/*
 * What a bundle's program is held to: linux.resources, in the units of cgroup v1, as options of
 * limits. `unified` (bundle-unified.c) is read last: it is what the bundle says for v2.
 */
#include "config/bundle-internal.h"

#include "util/text.h"

#include <limits.h>

/* A limit that the specification has as a number, negative for none. */
static int take_limit(struct bundle_reading *reading, const json_t *value, const char *key,
		      const char *unit)
{
	json_int_t number = json_integer_value(value);

	if (!json_is_integer(value))
		return bundle_expected(reading, "a whole number");
	if (number < 0)
		return bundle_option(reading, key, "max");
	return bundle_option(reading, key, "%lld%s", (long long)number, unit);
}

/* ---- memory ---- */

static int read_ram(struct bundle_reading *reading, const json_t *value)
{
	return take_limit(reading, value, "ram", "B");
}

static int read_ram_low(struct bundle_reading *reading, const json_t *value)
{
	return take_limit(reading, value, "ram-low", "B");
}

/* Theirs is memory and swap together. */
static int read_swap(struct bundle_reading *reading, const json_t *memory)
{
	const json_t *swap = json_object_get(memory, "swap");
	long long both, limit;
	int r = bundle_number(reading, memory, "swap", -1, LLONG_MAX, &both);

	if (r >= 0)
		r = bundle_number(reading, memory, "limit", -1, LLONG_MAX, &limit);
	if (r < 0 || !swap || json_is_null(swap))
		return r;
	if (both < 0)
		return bundle_option(reading, "swap", "max");
	if (limit <= 0 || both < limit)
		return bundle_expected(reading, "a limit, and a swap that is not below it,");
	return bundle_option(reading, "swap", "%lldB", both - limit);
}

static int read_hierarchy(struct bundle_reading *reading, const json_t *value)
{
	bool whole = false;
	int r = bundle_flag(reading, value, &whole);

	return r < 0 || whole ? r : bundle_remark(reading, "what is below counts always");
}

static int read_memory(struct bundle_reading *reading, const json_t *value)
{
	static const struct bundle_field fields[] = {
		/* Of limits that are changed later. */
		{ "checkBeforeUpdate", NULL },
		{ "disableOOMKiller", NULL, "who runs out of memory is killed" },
		{ "kernel", NULL, "the kernel's memory has no limit of its own" },
		{ "kernelTCP", NULL, "memory for TCP has no limit of its own" },
		{ "limit", read_ram },
		{ "reservation", read_ram_low },
		{ "swap", NULL },
		{ "swappiness", NULL, "only cgroup v1 has it (--raw memory.swappiness=N)" },
		{ "useHierarchy", read_hierarchy },
	};
	int r = bundle_object(reading, value, fields, ARRAY_SIZE(fields));

	return r < 0 ? r : read_swap(reading, value);
}

/* ---- processors ---- */

static int take_list(struct bundle_reading *reading, const json_t *value, const char *key)
{
	const char *list = json_string_value(value);

	return list && !*list ? 0 : bundle_text_as(reading, value, key);
}

static int read_cpus(struct bundle_reading *reading, const json_t *value)
{
	return take_list(reading, value, "cpus");
}

static int read_mems(struct bundle_reading *reading, const json_t *value)
{
	return take_list(reading, value, "mems");
}

/* So that 2, 1024 and 262144 are 1, 100 and 10000: the two scales' ends and defaults. */
static int take_shares(struct bundle_reading *reading, long long shares)
{
	long long weight = shares <= 1024 ? shares * 100 / 1024
					  : 100 + (shares - 1024) * 9900 / (262144 - 1024);

	return bundle_option(reading, "cpu-weight", "%lld", MAX(weight, 1LL));
}

static int take_quota(struct bundle_reading *reading, const json_t *cpu)
{
	long long quota, period, burst;
	int r = bundle_number(reading, cpu, "quota", -1, LLONG_MAX, &quota);

	if (r >= 0)
		r = bundle_number(reading, cpu, "period", 0, 1000000, &period);
	if (r >= 0)
		r = bundle_number(reading, cpu, "burst", 0, LLONG_MAX, &burst);
	if (r < 0 || quota <= 0)
		return r;
	r = bundle_option(reading, "cpu", "%.6f cores",
			  (double)quota / (double)(period > 0 ? period : 100000));
	if (r >= 0 && period > 0)
		r = bundle_option(reading, "cpu-period", "%lldus", period);
	if (r >= 0 && burst > 0)
		r = bundle_option(reading, "cpu-burst", "%lldus", burst);
	return r;
}

static int read_cpu(struct bundle_reading *reading, const json_t *value)
{
	static const char realtime[] = "real-time scheduling has no limit of the group's own";
	static const struct bundle_field fields[] = {
		{ "burst", NULL },
		{ "cpus", read_cpus },
		{ "idle", NULL },
		{ "mems", read_mems },
		{ "period", NULL },
		{ "quota", NULL },
		{ "realtimePeriod", NULL, realtime },
		{ "realtimeRuntime", NULL, realtime },
		{ "shares", NULL },
	};
	long long shares = 0, idle = 0;
	int r = bundle_object(reading, value, fields, ARRAY_SIZE(fields));

	if (r >= 0)
		r = bundle_number(reading, value, "shares", 0, 262144, &shares);
	if (r >= 0)
		r = bundle_number(reading, value, "idle", 0, 1, &idle);
	/* Who is idle has no weight: the kernel takes one of them. */
	if (r >= 0 && idle)
		r = bundle_option(reading, "cpu-idle", "yes");
	else if (r >= 0 && shares > 0)
		r = take_shares(reading, shares);
	return r < 0 ? r : take_quota(reading, value);
}

/* ---- devices ---- */

static int take_rate(struct bundle_reading *reading, const json_t *value, const char *rate)
{
	long long major, minor, number;
	int r = bundle_number(reading, value, "major", 0, INT_MAX, &major);

	if (r >= 0)
		r = bundle_number(reading, value, "minor", 0, INT_MAX, &minor);
	if (r >= 0)
		r = bundle_number(reading, value, "rate", 0, LLONG_MAX, &number);
	/* 0 takes a limit away. */
	return r < 0 || number == 0 ? r
				    : bundle_option(reading, "io", "%lld:%lld,%s=%lld", major,
						    minor, rate, number);
}

static int read_rbps(struct bundle_reading *reading, const json_t *value)
{
	return take_rate(reading, value, "rbps");
}

static int read_wbps(struct bundle_reading *reading, const json_t *value)
{
	return take_rate(reading, value, "wbps");
}

static int read_riops(struct bundle_reading *reading, const json_t *value)
{
	return take_rate(reading, value, "riops");
}

static int read_wiops(struct bundle_reading *reading, const json_t *value)
{
	return take_rate(reading, value, "wiops");
}

static int read_all_rbps(struct bundle_reading *reading, const json_t *value)
{
	return bundle_list(reading, value, read_rbps);
}

static int read_all_wbps(struct bundle_reading *reading, const json_t *value)
{
	return bundle_list(reading, value, read_wbps);
}

static int read_all_riops(struct bundle_reading *reading, const json_t *value)
{
	return bundle_list(reading, value, read_riops);
}

static int read_all_wiops(struct bundle_reading *reading, const json_t *value)
{
	return bundle_list(reading, value, read_wiops);
}

/* The numbers are BFQ's, on both sides. */
static int read_block_weight(struct bundle_reading *reading, const json_t *value)
{
	if (json_is_integer(value) && json_integer_value(value) == 0)
		return 0;
	return take_limit(reading, value, "io-weight", "");
}

static int read_block(struct bundle_reading *reading, const json_t *value)
{
	static const struct bundle_field fields[] = {
		{ "leafWeight", NULL, "the kernel has no such weight any more" },
		{ "throttleReadBpsDevice", read_all_rbps },
		{ "throttleReadIOPSDevice", read_all_riops },
		{ "throttleWriteBpsDevice", read_all_wbps },
		{ "throttleWriteIOPSDevice", read_all_wiops },
		{ "weight", read_block_weight },
		{ "weightDevice", NULL, "a weight is for all devices" },
	};

	return bundle_object(reading, value, fields, ARRAY_SIZE(fields));
}

/* ---- the others ---- */

static int read_pids_limit(struct bundle_reading *reading, const json_t *value)
{
	/* 0 is none, as for all that read this. */
	if (json_is_integer(value) && json_integer_value(value) == 0)
		return bundle_option(reading, "pids", "max");
	return take_limit(reading, value, "pids", "");
}

static int read_pids(struct bundle_reading *reading, const json_t *value)
{
	static const struct bundle_field fields[] = { { "limit", read_pids_limit } };

	return bundle_object(reading, value, fields, ARRAY_SIZE(fields));
}

static int read_huge_page(struct bundle_reading *reading, const json_t *value)
{
	const char *size = json_string_value(json_object_get(value, "pageSize"));
	long long bytes;
	int r = bundle_number(reading, value, "limit", 0, LLONG_MAX, &bytes);

	if (r >= 0 && !size)
		r = bundle_expected(reading, "a pageSize such as \"2MB\"");
	return r < 0 ? r : bundle_option(reading, "hugetlb", "%s=%lldB", size, bytes);
}

static int read_huge_pages(struct bundle_reading *reading, const json_t *value)
{
	return bundle_list(reading, value, read_huge_page);
}

static int read_network(struct bundle_reading *reading, const json_t *value)
{
	static const struct bundle_field fields[] = {
		{ "classID", NULL, "packets are not marked (--raw net_cls.classid=N on v1)" },
		{ "priorities", NULL, "packets have no priority of the group's" },
	};

	return bundle_object(reading, value, fields, ARRAY_SIZE(fields));
}

int bundle_read_resources(struct bundle_reading *reading, const json_t *value)
{
	static const struct bundle_field fields[] = {
		{ "blockIO", read_block },
		{ "cpu", read_cpu },
		{ "devices", NULL,
		  "no device is refused by the group: /dev has the usual ones, and mknod takes a "
		  "capability" },
		{ "hugepageLimits", read_huge_pages },
		{ "memory", read_memory },
		{ "network", read_network },
		{ "pids", read_pids },
		{ "rdma", NULL, "RDMA has no limit" },
		{ "unified", NULL },
	};
	const json_t *unified = json_object_get(value, "unified");
	int r = bundle_object(reading, value, fields, ARRAY_SIZE(fields));

	return r < 0 || !unified || json_is_null(unified) ? r
							  : bundle_read_unified(reading, unified);
}
