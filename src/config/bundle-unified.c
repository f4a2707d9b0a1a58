// SPDX-License-Identifier: MIT
/*
 * linux.resources.unified: files of cgroup v2 with what is to be written to them. Those that reeve
 * has limits for become these, so that they hold on v1, too; others are written as they are.
 */
#include "config/bundle-internal.h"

#include "util/text.h"

struct file;
typedef int file_reader(struct bundle_reading *reading, const struct file *file, char *value);
struct file {
	const char *name, *key;
	file_reader *read;
};

static int take_word(struct bundle_reading *reading, const struct file *file, char *value)
{
	return bundle_option(reading, file->key, "%s", value);
}

/* A plain number is bytes here, and MiB in an option. */
static int take_bytes(struct bundle_reading *reading, const struct file *file, char *value)
{
	bool plain = *value && value[strspn(value, "0123456789")] == '\0';

	return bundle_option(reading, file->key, "%s%s", value, plain ? "B" : "");
}

static int take_time(struct bundle_reading *reading, const struct file *file, char *value)
{
	return bundle_option(reading, file->key, "%sus", value);
}

static int take_oom(struct bundle_reading *reading, const struct file *file, char *value)
{
	if (!streq(value, "0") && !streq(value, "1"))
		return bundle_expected(reading, "\"0\" or \"1\"");
	return bundle_option(reading, file->key, "%s", streq(value, "1") ? "group" : "process");
}

/* "max", "50000" or "50000 100000" */
static int take_quota(struct bundle_reading *reading, const struct file *file, char *value)
{
	char *rest = value, *quota = strsep(&rest, " "), *end;
	long long time = strtoll(quota, &end, 10), period = 100000;

	if (streq(quota, "max"))
		return bundle_option(reading, file->key, "max");
	if (*end || end == quota || time <= 0)
		return bundle_expected(reading, "\"QUOTA PERIOD\" in microseconds, or \"max\",");
	if (rest) {
		period = strtoll(rest, &end, 10);
		if (*end || end == rest || period <= 0)
			return bundle_expected(reading, "a period in microseconds");
	}
	if (bundle_option(reading, file->key, "%.6f cores", (double)time / (double)period) < 0)
		return -EINVAL;
	return rest ? bundle_option(reading, "cpu-period", "%lldus", period) : 0;
}

/* "100" or "default 100"; a line of a device has none here. */
static int take_weight(struct bundle_reading *reading, const struct file *file, char *value)
{
	static const char word[] = "default ";

	if (strncmp(value, word, sizeof(word) - 1) == 0)
		value += sizeof(word) - 1;
	if (strchr(value, '\n') || strchr(value, ':'))
		return bundle_remark(reading, "a weight is for all devices");
	return bundle_option(reading, file->key, "%s", value);
}

/* "8:0 rbps=1048576 wiops=max", a line a device. */
static int take_rates(struct bundle_reading *reading, const struct file *file, char *value)
{
	char *rest = value, *line;
	int r = 0;

	while (r >= 0 && (line = strsep(&rest, "\n"))) {
		for (char *at = line; *at; at++)
			if (*at == ' ')
				*at = ',';
		if (*line)
			r = bundle_option(reading, file->key, "%s", line);
	}
	return r;
}

static const struct file files[] = {
	{ "cpu.idle", "cpu-idle", take_word },	       { "cpu.max", "cpu", take_quota },
	{ "cpu.max.burst", "cpu-burst", take_time },   { "cpu.weight", "cpu-weight", take_word },
	{ "cpuset.cpus", "cpus", take_word },	       { "cpuset.mems", "mems", take_word },
	{ "io.bfq.weight", "io-weight", take_weight }, { "io.max", "io", take_rates },
	{ "io.weight", "io-weight", take_weight },     { "memory.high", "ram-high", take_bytes },
	{ "memory.low", "ram-low", take_bytes },       { "memory.max", "ram", take_bytes },
	{ "memory.min", "ram-min", take_bytes },       { "memory.oom.group", "oom", take_oom },
	{ "memory.swap.max", "swap", take_bytes },     { "pids.max", "pids", take_word },
};

/* "2MB" of "hugetlb.2MB.max", or NULL; owned. */
static char *page_size(const char *name)
{
	static const char first[] = "hugetlb.", last[] = ".max";
	size_t before = sizeof(first) - 1, after = sizeof(last) - 1, size = strlen(name);

	if (size <= before + after || strncmp(name, first, before) != 0 ||
	    !streq(name + size - after, last) || strstr(name, ".rsvd."))
		return NULL;
	return strndup(name + before, size - before - after);
}

static int take_file(struct bundle_reading *reading, const char *name, char *value)
{
	_cleanup_(freep) char *page = page_size(name);

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (streq(files[i].name, name))
			return files[i].read(reading, &files[i], value);
	if (page)
		return bundle_option(reading, "hugetlb", "%s=%s%s", page, value,
				     value[strspn(value, "0123456789")] ? "" : "B");
	return bundle_option(reading, "raw", "%s=%s", name, value);
}

int bundle_read_unified(struct bundle_reading *reading, const json_t *value)
{
	size_t length = strlen(reading->where);
	const char *name;
	const json_t *entry;
	int r = 0;

	snprintf(reading->where + length, sizeof(reading->where) - length, ".unified");
	if (!json_is_object(value))
		return bundle_expected(reading, "an object");
	json_object_foreach((json_t *)(uintptr_t)value, name, entry)
	{
		size_t here = strlen(reading->where);
		const char *text = json_string_value(entry);
		_cleanup_(freep) char *copy = text ? strdup(text) : NULL;

		snprintf(reading->where + here, sizeof(reading->where) - here, "[\"%.60s\"]", name);
		if (!text)
			return bundle_expected(reading, "a text");
		r = copy ? take_file(reading, name, copy) : error_oom(reading->err);
		if (r < 0)
			return r;
		reading->where[here] = '\0';
	}
	reading->where[length] = '\0';
	return 0;
}
