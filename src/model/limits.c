// SPDX-License-Identifier: MIT
/* Plain data with deep copies; what a value may be is checked where it is read (config/). */
#include "model/limits.h"

static const char *const names[LIMIT_COUNT] = {
	[LIMIT_CPU] = "cpu",
	[LIMIT_CPU_PERIOD] = "cpu_period",
	[LIMIT_CPU_BURST] = "cpu_burst",
	[LIMIT_CPU_WEIGHT] = "cpu_weight",
	[LIMIT_CPU_IDLE] = "cpu_idle",
	[LIMIT_CPUS] = "cpus",
	[LIMIT_MEMS] = "mems",
	[LIMIT_RAM] = "ram",
	[LIMIT_RAM_HIGH] = "ram_high",
	[LIMIT_RAM_LOW] = "ram_low",
	[LIMIT_RAM_MIN] = "ram_min",
	[LIMIT_SWAP] = "swap",
	[LIMIT_OOM] = "oom",
	[LIMIT_PIDS] = "pids",
	[LIMIT_IO] = "io",
	[LIMIT_IO_WEIGHT] = "io_weight",
	[LIMIT_HUGETLB] = "hugetlb",
	[LIMIT_FREEZE] = "freeze",
	[LIMIT_RAW] = "raw",
};
_Static_assert(LIMIT_COUNT <= 32, "limits.set has 32 bits");

const char *limit_name(enum limit limit)
{
	return (unsigned)limit < LIMIT_COUNT ? names[limit] : "?";
}

void limits_done(struct limits *limits)
{
	free(limits->cpus);
	free(limits->mems);
	for (size_t i = 0; i < limits->io_count; i++)
		free(limits->io[i].device);
	free(limits->io);
	for (size_t i = 0; i < limits->hugetlb_count; i++)
		free(limits->hugetlb[i].page_size);
	free(limits->hugetlb);
	for (size_t i = 0; i < limits->raw_count; i++) {
		free(limits->raw[i].file);
		free(limits->raw[i].value);
	}
	free(limits->raw);
	*limits = (struct limits){ 0 };
}

/* Copies a string that may be NULL; false when out of memory. */
static bool copy_string(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return *to || !from;
}

static bool copy_lists(struct limits *to, const struct limits *from)
{
	to->io = calloc(from->io_count + 1, sizeof(*to->io));
	to->hugetlb = calloc(from->hugetlb_count + 1, sizeof(*to->hugetlb));
	to->raw = calloc(from->raw_count + 1, sizeof(*to->raw));
	if (!to->io || !to->hugetlb || !to->raw)
		return false;
	for (; to->io_count < from->io_count; to->io_count++) {
		to->io[to->io_count] = from->io[to->io_count];
		if (!copy_string(&to->io[to->io_count].device, from->io[to->io_count].device))
			return false;
	}
	for (; to->hugetlb_count < from->hugetlb_count; to->hugetlb_count++) {
		to->hugetlb[to->hugetlb_count] = from->hugetlb[to->hugetlb_count];
		if (!copy_string(&to->hugetlb[to->hugetlb_count].page_size,
				 from->hugetlb[to->hugetlb_count].page_size))
			return false;
	}
	for (; to->raw_count < from->raw_count; to->raw_count++) {
		struct raw_limit *raw = &to->raw[to->raw_count];

		if (!copy_string(&raw->file, from->raw[to->raw_count].file))
			return false;
		if (!copy_string(&raw->value, from->raw[to->raw_count].value)) {
			free(raw->file);
			return false;
		}
	}
	return true;
}

int limits_copy(struct limits *to, const struct limits *from)
{
	*to = *from;
	to->cpus = to->mems = NULL;
	to->io = NULL;
	to->hugetlb = NULL;
	to->raw = NULL;
	to->io_count = to->hugetlb_count = to->raw_count = 0;
	if (!copy_string(&to->cpus, from->cpus) || !copy_string(&to->mems, from->mems) ||
	    !copy_lists(to, from)) {
		limits_done(to);
		return -ENOMEM;
	}
	return 0;
}

static bool equal_strings(const char *a, const char *b)
{
	return a && b ? streq(a, b) : a == b;
}

static bool equal_io(const struct limits *a, const struct limits *b)
{
	if (a->io_count != b->io_count)
		return false;
	for (size_t i = 0; i < a->io_count; i++) {
		const struct io_limit *x = &a->io[i], *y = &b->io[i];

		if (!streq(x->device, y->device) || x->rbps != y->rbps || x->wbps != y->wbps ||
		    x->riops != y->riops || x->wiops != y->wiops)
			return false;
	}
	return true;
}

static bool equal_hugetlb(const struct limits *a, const struct limits *b)
{
	if (a->hugetlb_count != b->hugetlb_count)
		return false;
	for (size_t i = 0; i < a->hugetlb_count; i++)
		if (!streq(a->hugetlb[i].page_size, b->hugetlb[i].page_size) ||
		    a->hugetlb[i].bytes != b->hugetlb[i].bytes)
			return false;
	return true;
}

static bool equal_raw(const struct limits *a, const struct limits *b)
{
	if (a->raw_count != b->raw_count)
		return false;
	for (size_t i = 0; i < a->raw_count; i++)
		if (!streq(a->raw[i].file, b->raw[i].file) ||
		    !streq(a->raw[i].value, b->raw[i].value))
			return false;
	return true;
}

static bool equal_lists(const struct limits *a, const struct limits *b)
{
	return (!limits_has(a, LIMIT_IO) || equal_io(a, b)) &&
	       (!limits_has(a, LIMIT_HUGETLB) || equal_hugetlb(a, b)) &&
	       (!limits_has(a, LIMIT_RAW) || equal_raw(a, b));
}

/* Where each limit that is one number stands. */
static const struct {
	enum limit limit;
	size_t offset;
} numbers[] = {
	{ LIMIT_CPU_PERIOD, offsetof(struct limits, cpu_period) },
	{ LIMIT_CPU_BURST, offsetof(struct limits, cpu_burst) },
	{ LIMIT_CPU_WEIGHT, offsetof(struct limits, cpu_weight) },
	{ LIMIT_RAM, offsetof(struct limits, ram) },
	{ LIMIT_RAM_HIGH, offsetof(struct limits, ram_high) },
	{ LIMIT_RAM_LOW, offsetof(struct limits, ram_low) },
	{ LIMIT_RAM_MIN, offsetof(struct limits, ram_min) },
	{ LIMIT_SWAP, offsetof(struct limits, swap) },
	{ LIMIT_PIDS, offsetof(struct limits, pids) },
	{ LIMIT_IO_WEIGHT, offsetof(struct limits, io_weight) },
};

static bool equal_numbers(const struct limits *a, const struct limits *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		const char *x = (const char *)a + numbers[i].offset;
		const char *y = (const char *)b + numbers[i].offset;

		if (limits_has(a, numbers[i].limit) && memcmp(x, y, sizeof(uint64_t)) != 0)
			return false;
	}
	return true;
}

static bool equal_flags(const struct limits *a, const struct limits *b)
{
	return (!limits_has(a, LIMIT_CPU_IDLE) || a->cpu_idle == b->cpu_idle) &&
	       (!limits_has(a, LIMIT_FREEZE) || a->freeze == b->freeze) &&
	       (!limits_has(a, LIMIT_OOM) || a->oom_group == b->oom_group);
}

static bool equal_share(const struct limits *a, const struct limits *b)
{
	return !limits_has(a, LIMIT_CPU) ||
	       (a->cpu.of_machine == b->cpu.of_machine && a->cpu.millionths == b->cpu.millionths);
}

bool limits_equal(const struct limits *a, const struct limits *b)
{
	return a->set == b->set && equal_share(a, b) && equal_numbers(a, b) && equal_flags(a, b) &&
	       (!limits_has(a, LIMIT_CPUS) || equal_strings(a->cpus, b->cpus)) &&
	       (!limits_has(a, LIMIT_MEMS) || equal_strings(a->mems, b->mems)) && equal_lists(a, b);
}
