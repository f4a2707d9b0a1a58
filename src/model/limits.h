/* SPDX-License-Identifier: MIT */
/*
 * What a group is held to, as a policy says it: independent of the cgroup version. `config` fills
 * it, `cgroup` applies it. A limit that is not in `set` is the kernel's default.
 */
#pragma once

#include "util/macros.h"

/* One bit of limits.set each. The order is the order in which they are shown. */
enum limit {
	LIMIT_CPU,	  /* share of processor time */
	LIMIT_CPU_PERIOD, /* µs, 1000 to 1000000 */
	LIMIT_CPU_BURST,  /* µs */
	LIMIT_CPU_WEIGHT, /* 1 to 10000 (v2 scale; v1 shares are computed from it) */
	LIMIT_CPU_IDLE,
	LIMIT_CPUS, /* list such as "0-3,8" */
	LIMIT_MEMS,
	LIMIT_RAM, /* bytes */
	LIMIT_RAM_HIGH,
	LIMIT_RAM_LOW,
	LIMIT_RAM_MIN,
	LIMIT_SWAP, /* bytes of swap beyond ram (v2 meaning); v1: memsw = ram + swap */
	LIMIT_OOM,
	LIMIT_PIDS,
	LIMIT_IO,
	LIMIT_IO_WEIGHT, /* 1 to 10000 */
	LIMIT_HUGETLB,
	LIMIT_FREEZE,
	LIMIT_RAW,
	LIMIT_COUNT
};

#define LIMIT_BIT(limit) (UINT32_C(1) << (limit))
#define LIMIT_MAX	 UINT64_MAX /* "max": no limit, said explicitly */

struct cpu_share {
	bool of_machine; /* true: millionths of all processors; false: millionths of one */
	uint64_t millionths;
};

struct io_limit {
	char *device; /* /dev/x, "8:0", or a mount point (its backing device); owned */
	uint64_t rbps, wbps, riops, wiops; /* LIMIT_MAX: no limit */
};

struct hugetlb_limit {
	char *page_size; /* as in the file's name: "2MB", "1GB"; owned */
	uint64_t bytes;
};

struct raw_limit {
	char *file; /* "memory.swappiness": a plain name, checked to have no '/' */
	char *value;
};

struct limits {
	uint32_t set; /* LIMIT_BIT()s */
	struct cpu_share cpu;
	uint64_t cpu_period, cpu_burst, cpu_weight;
	bool cpu_idle, freeze, oom_group;
	char *cpus, *mems; /* owned */
	uint64_t ram, ram_high, ram_low, ram_min, swap, pids, io_weight;
	struct io_limit *io;
	size_t io_count;
	struct hugetlb_limit *hugetlb;
	size_t hugetlb_count;
	struct raw_limit *raw;
	size_t raw_count;
};

static inline bool limits_has(const struct limits *limits, enum limit limit)
{
	return (limits->set & LIMIT_BIT(limit)) != 0;
}

/* The key of a limit in the policy file ("cpu_weight"). */
const char *limit_name(enum limit limit);

void limits_done(struct limits *limits);
/* Deep copy into an empty one; -ENOMEM leaves `to` empty. */
int limits_copy(struct limits *to, const struct limits *from);
/* Whether both set the same limits to the same values; what is not in `set` does not matter. */
bool limits_equal(const struct limits *a, const struct limits *b);
