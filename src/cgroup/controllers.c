// SPDX-License-Identifier: MIT
/* The names of controllers: those of v1 and those of v2 differ in one. */
#include "cgroup/layout.h"

static const struct {
	const char *v1, *v2;
} names[CONTROLLER_COUNT] = {
	[CONTROLLER_CPU] = { "cpu", "cpu" },
	[CONTROLLER_CPUACCT] = { "cpuacct", "cpuacct" },
	[CONTROLLER_CPUSET] = { "cpuset", "cpuset" },
	[CONTROLLER_MEMORY] = { "memory", "memory" },
	[CONTROLLER_IO] = { "blkio", "io" },
	[CONTROLLER_PIDS] = { "pids", "pids" },
	[CONTROLLER_HUGETLB] = { "hugetlb", "hugetlb" },
	[CONTROLLER_FREEZER] = { "freezer", "freezer" },
	[CONTROLLER_DEVICES] = { "devices", "devices" },
	[CONTROLLER_RDMA] = { "rdma", "rdma" },
	[CONTROLLER_MISC] = { "misc", "misc" },
	[CONTROLLER_NET_CLS] = { "net_cls", "net_cls" },
	[CONTROLLER_NET_PRIO] = { "net_prio", "net_prio" },
	[CONTROLLER_PERF_EVENT] = { "perf_event", "perf_event" },
};

const char *controller_name(enum controller controller, bool v2)
{
	return v2 ? names[controller].v2 : names[controller].v1;
}

static bool is(const char *name, size_t length, const char *other)
{
	return strlen(other) == length && memcmp(name, other, length) == 0;
}

bool controller_parse(const char *name, size_t length, enum controller *ret_controller)
{
	for (size_t i = 0; i < CONTROLLER_COUNT; i++) {
		if (!is(name, length, names[i].v1) && !is(name, length, names[i].v2))
			continue;
		*ret_controller = (enum controller)i;
		return true;
	}
	return false;
}
