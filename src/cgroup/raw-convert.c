// SPDX-License-Identifier: MIT
/*
 * One row a setting that both versions have. v1 keeps a processor quota in two files and v2 in one
 * ("quota period"), so these rows read the other half before they write theirs.
 *
 * Default weights are 1024 in v1 and 100 in v2, and everything is in proportion to them, rounded
 * down, as libcgroup does it; the kernel's own bounds are kept. "No limit" of v1's memory is the
 * greatest multiple of a page.
 */
#include "cgroup/raw-convert.h"

#include "cgroup/raw-convert-io.h"

#define NO_LIMIT_V1 UINT64_C(9223372036854771712)

enum kind {
	KIND_SAME,
	KIND_WEIGHT,
	KIND_QUOTA,
	KIND_PERIOD,
	KIND_PARTITION,
	KIND_BYTES,
	KIND_FREEZE,
	KIND_DISKS,   /* raw-convert-io.c's */
	KIND_DEFAULT, /* v2 has "default 100", and lines of disks behind it */
	KIND_IO_WEIGHT,
};

/* "*" stands for what both have there. */
static const struct row {
	const char *v1, *v2;
	enum kind kind;
} rows[] = {
	{ "blkio.bfq.weight", "io.bfq.weight", KIND_DEFAULT },
	{ "blkio.throttle.io_service_bytes", "io.stat", KIND_DISKS },
	{ "blkio.throttle.io_serviced", "io.stat", KIND_DISKS },
	{ "blkio.throttle.read_bps_device", "io.max", KIND_DISKS },
	{ "blkio.throttle.read_iops_device", "io.max", KIND_DISKS },
	{ "blkio.throttle.write_bps_device", "io.max", KIND_DISKS },
	{ "blkio.throttle.write_iops_device", "io.max", KIND_DISKS },
	{ "blkio.weight", "io.weight", KIND_IO_WEIGHT },
	{ "cpu.cfs_period_us", "cpu.max", KIND_PERIOD },
	{ "cpu.cfs_quota_us", "cpu.max", KIND_QUOTA },
	{ "cpu.shares", "cpu.weight", KIND_WEIGHT },
	{ "cpuset.cpu_exclusive", "cpuset.cpus.partition", KIND_PARTITION },
	{ "cpuset.cpus", "cpuset.cpus", KIND_SAME },
	{ "cpuset.effective_cpus", "cpuset.cpus.effective", KIND_SAME },
	{ "cpuset.effective_mems", "cpuset.mems.effective", KIND_SAME },
	{ "cpuset.mems", "cpuset.mems", KIND_SAME },
	{ "freezer.state", "cgroup.freeze", KIND_FREEZE },
	{ "hugetlb.*.limit_in_bytes", "hugetlb.*.max", KIND_BYTES },
	{ "hugetlb.*.usage_in_bytes", "hugetlb.*.current", KIND_SAME },
	{ "memory.limit_in_bytes", "memory.max", KIND_BYTES },
	{ "memory.max_usage_in_bytes", "memory.peak", KIND_SAME },
	{ "memory.soft_limit_in_bytes", "memory.high", KIND_BYTES },
	{ "memory.usage_in_bytes", "memory.current", KIND_SAME },
	{ "pids.current", "pids.current", KIND_SAME },
	{ "pids.max", "pids.max", KIND_SAME },
};

void raw_settings_done(struct raw_settings *settings)
{
	for (size_t i = 0; i < settings->count; i++) {
		free(settings->items[i].name);
		free(settings->items[i].value);
	}
	*settings = (struct raw_settings){ 0 };
}

/* Adds one; takes `value` (may be NULL) over, also when it fails. */
static int add(struct raw_settings *settings, char *name, char *value, bool with_value)
{
	if (!name || (with_value && !value)) {
		free(name);
		free(value);
		return -ENOMEM;
	}
	settings->items[settings->count++] = (struct raw_setting){ name, value };
	return 0;
}

/* What stands for "*" when `name` fits the pattern; false if it does not. */
static bool fits(const char *pattern, const char *name, const char **ret_part, size_t *ret_length)
{
	const char *star = strchr(pattern, '*');
	size_t before = star ? (size_t)(star - pattern) : 0;
	size_t after = star ? strlen(star + 1) : 0, length = strlen(name);

	*ret_part = NULL;
	*ret_length = 0;
	if (!star)
		return streq(pattern, name);
	if (length <= before + after || strncmp(name, pattern, before) != 0 ||
	    !streq(name + length - after, star + 1))
		return false;
	*ret_part = name + before;
	*ret_length = length - before - after;
	return memchr(*ret_part, '.', *ret_length) == NULL;
}

static char *fill_in(const char *pattern, const char *part, size_t length)
{
	const char *star = strchr(pattern, '*');
	char *name;

	if (!star)
		return strdup(pattern);
	return asprintf(&name, "%.*s%.*s%s", (int)(star - pattern), pattern, (int)length, part,
			star + 1) < 0
		       ? NULL
		       : name;
}

/* The next row from `from` on that has the name on its side; NULL: none. Also the other's name. */
static const struct row *find(const struct row *from, const char *name, bool v2, char **ret_other)
{
	const char *part;
	size_t length;

	for (const struct row *row = from; row < rows + ARRAY_SIZE(rows); row++) {
		if (!fits(v2 ? row->v2 : row->v1, name, &part, &length))
			continue;
		*ret_other = fill_in(v2 ? row->v1 : row->v2, part, length);
		return row;
	}
	return NULL;
}

/* ---- values ---- */

static bool parse_number(const char *text, uint64_t *ret_number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret_number = strtoull(text, &end, 10);
	while (*end == '\n' || *end == ' ')
		end++;
	return errno == 0 && *end == '\0';
}

static char *print_number(uint64_t number)
{
	char *text;

	return asprintf(&text, "%llu", (unsigned long long)number) < 0 ? NULL : text;
}

static int convert_weight(const char *value, bool to_v2, char **ret_value)
{
	uint64_t number;

	if (!parse_number(value, &number) || number > UINT64_MAX / 1024)
		return -EINVAL;
	number = to_v2 ? number * 100 / 1024 : number * 1024 / 100;
	number = to_v2 ? MIN(MAX(number, UINT64_C(1)), UINT64_C(10000)) : MAX(number, UINT64_C(2));
	*ret_value = print_number(number);
	return *ret_value ? 0 : -ENOMEM;
}

static int convert_bytes(const char *value, bool to_v2, char **ret_value)
{
	uint64_t number;
	bool none = to_v2 ? streq(value, "-1") ||
				    (parse_number(value, &number) && number >= NO_LIMIT_V1)
			  : streq(value, "max");

	*ret_value = none && to_v2 ? strdup("max")
		     : none	   ? print_number(NO_LIMIT_V1)
				   : strdup(value);
	return *ret_value ? 0 : -ENOMEM;
}

static int convert_words(const char *value, bool to_v2, char **ret_value)
{
	*ret_value = strdup(to_v2		   ? streq(value, "1") ? "root" : "member"
			    : streq(value, "root") ? "1"
						   : "0");
	return *ret_value ? 0 : -ENOMEM;
}

static int convert_freeze(const char *value, bool to_v2, char **ret_value)
{
	bool frozen =
		to_v2 ? streq(value, "FROZEN") || streq(value, "FREEZING") : streq(value, "1");

	if (to_v2 ? !frozen && !streq(value, "THAWED") : !frozen && !streq(value, "0"))
		return -EINVAL;
	*ret_value = strdup(to_v2 ? frozen ? "1" : "0" : frozen ? "FROZEN" : "THAWED");
	return *ret_value ? 0 : -ENOMEM;
}

/* The first line of v2's, without "default ". */
static int convert_default(const char *value, bool to_v2, char **ret_value)
{
	static const char word[] = "default ";
	size_t skip = strncmp(value, word, strlen(word)) == 0 ? strlen(word) : 0;
	int r;

	if (to_v2)
		r = asprintf(ret_value, "%s%s", word, value + skip);
	else
		r = asprintf(ret_value, "%.*s", (int)strcspn(value + skip, "\n"), value + skip);
	return r < 0 ? -ENOMEM : 0;
}

/* Of 10 to 1000 in v1, where 500 is what is not said, and 1 to 10000 in v2, where 100 is. */
static int convert_io_weight(const char *value, bool to_v2, char **ret_value)
{
	_cleanup_(freep) char *plain = NULL, *scaled = NULL;
	uint64_t number;
	int r = convert_default(value, false, &plain);

	if (r < 0)
		return r;
	if (!parse_number(plain, &number) || number > UINT64_MAX / 100)
		return -EINVAL;
	number = to_v2 ? MAX(number * 100 / 500, UINT64_C(1))
		       : MIN(MAX(number * 500 / 100, UINT64_C(10)), UINT64_C(1000));
	scaled = print_number(number);
	return scaled ? convert_default(scaled, to_v2, ret_value) : -ENOMEM;
}

/* Whether a kernel that knows the file would take it; what is converted is asked of none. */
static bool is_value(enum kind kind, const char *value, bool to_v2)
{
	_cleanup_(freep) char *plain = NULL;
	uint64_t number;

	if (kind == KIND_PARTITION)
		/* "isolated" is more than v1 can say. */
		return to_v2 ? streq(value, "0") || streq(value, "1")
			     : streq(value, "root") || streq(value, "member");
	if (kind == KIND_BYTES && !to_v2)
		return *value != '-';
	if (to_v2 || (kind != KIND_WEIGHT && kind != KIND_IO_WEIGHT))
		return true;
	return convert_default(value, false, &plain) == 0 && parse_number(plain, &number) &&
	       number >= 1 && number <= 10000;
}

static int convert_value(enum kind kind, const char *value, bool to_v2, char **ret_value)
{
	switch (kind) {
	case KIND_WEIGHT:
		return convert_weight(value, to_v2, ret_value);
	case KIND_BYTES:
		return convert_bytes(value, to_v2, ret_value);
	case KIND_PARTITION:
		return convert_words(value, to_v2, ret_value);
	case KIND_FREEZE:
		return convert_freeze(value, to_v2, ret_value);
	case KIND_DEFAULT:
		return convert_default(value, to_v2, ret_value);
	case KIND_IO_WEIGHT:
		return convert_io_weight(value, to_v2, ret_value);
	default:
		*ret_value = strdup(value);
		return *ret_value ? 0 : -ENOMEM;
	}
}

/* ---- cpu.max ---- */

/* "quota period" in two owned words; the second is NULL where it is not there. */
static int split_max(const char *text, char **ret_quota, char **ret_period)
{
	size_t quota = strcspn(text, " \n");
	const char *rest = text + quota + strspn(text + quota, " \n");
	size_t period = strcspn(rest, " \n");

	if (quota == 0)
		return -EINVAL;
	*ret_quota = strndup(text, quota);
	*ret_period = period ? strndup(rest, period) : NULL;
	return *ret_quota && (*ret_period || !period) ? 0 : -ENOMEM;
}

static int join_max(enum kind kind, const char *value, raw_convert_read read, void *context,
		    char **ret_value)
{
	_cleanup_(freep) char *text = NULL, *quota = NULL, *period = NULL;
	int r = read(context, "cpu.max", &text);

	if (r >= 0)
		r = split_max(text, &quota, &period);
	if (r < 0)
		return r;
	if (kind == KIND_QUOTA)
		r = asprintf(ret_value, "%s %s", streq(value, "-1") ? "max" : value,
			     period ? period : "100000");
	else
		r = asprintf(ret_value, "%s %s", quota, value);
	return r < 0 ? -ENOMEM : 0;
}

static int set_both(const char *value, struct raw_settings *settings)
{
	_cleanup_(freep) char *quota = NULL, *period = NULL;
	int r = split_max(value, &quota, &period);

	if (r >= 0 && period)
		r = add(settings, strdup("cpu.cfs_period_us"), strdup(period), true);
	if (r >= 0)
		r = add(settings, strdup("cpu.cfs_quota_us"),
			strdup(streq(quota, "max") ? "-1" : quota), true);
	return r;
}

static int get_both(raw_convert_read read, void *context, char **ret_value)
{
	_cleanup_(freep) char *quota = NULL, *period = NULL;
	int r = read(context, "cpu.cfs_quota_us", &quota);

	if (r >= 0)
		r = read(context, "cpu.cfs_period_us", &period);
	if (r < 0)
		return r;
	quota[strcspn(quota, "\n")] = '\0';
	period[strcspn(period, "\n")] = '\0';
	return asprintf(ret_value, "%s %s", streq(quota, "-1") ? "max" : quota, period) < 0
		       ? -ENOMEM
		       : 0;
}

static int get_half(enum kind kind, const char *text, char **ret_value)
{
	_cleanup_(freep) char *quota = NULL, *period = NULL;
	int r = split_max(text, &quota, &period);

	if (r < 0)
		return r;
	if (kind == KIND_QUOTA)
		*ret_value = strdup(streq(quota, "max") ? "-1" : quota);
	else
		*ret_value = strdup(period ? period : "100000");
	return *ret_value ? 0 : -ENOMEM;
}

/* ---- the whole ---- */

static bool is_half(const struct row *row)
{
	return row->kind == KIND_QUOTA || row->kind == KIND_PERIOD;
}

int raw_convert_set(const char *name, const char *value, bool disk_v2, raw_convert_read read,
		    void *context, struct raw_settings *ret_settings)
{
	_cleanup_(raw_settings_done) struct raw_settings settings = { 0 };
	_cleanup_(freep) char *other = NULL;
	const struct row *row = find(rows, name, !disk_v2, &other);
	char *converted = NULL;
	int r;

	if (!row)
		return -EOPNOTSUPP;
	if (!other)
		return -ENOMEM;
	if (row->kind == KIND_DISKS)
		return raw_convert_io_set(name, value, disk_v2, ret_settings);
	if (!is_value(row->kind, value, disk_v2))
		return -EINVAL;
	if (is_half(row) && !disk_v2) {
		r = set_both(value, &settings);
	} else {
		r = is_half(row) ? join_max(row->kind, value, read, context, &converted)
				 : convert_value(row->kind, value, disk_v2, &converted);
		if (r >= 0)
			r = add(&settings, TAKE_PTR(other), converted, true);
	}
	if (r < 0)
		return r;
	*ret_settings = settings;
	settings = (struct raw_settings){ 0 };
	return 0;
}

int raw_convert_get(const char *name, bool disk_v2, raw_convert_read read, void *context,
		    char **ret_value)
{
	_cleanup_(freep) char *other = NULL, *text = NULL;
	const struct row *row = find(rows, name, !disk_v2, &other);
	size_t length;
	int r;

	if (!row)
		return -EOPNOTSUPP;
	if (is_half(row) && !disk_v2)
		return get_both(read, context, ret_value);
	if (row->kind == KIND_DISKS)
		return raw_convert_io_get(name, disk_v2, read, context, ret_value);
	if (!other)
		return -ENOMEM;
	r = read(context, other, &text);
	if (r < 0)
		return r;
	length = strlen(text);
	if (length > 0 && text[length - 1] == '\n')
		text[length - 1] = '\0';
	return is_half(row) ? get_half(row->kind, text, ret_value)
			    : convert_value(row->kind, text, !disk_v2, ret_value);
}

int raw_convert_names(const char *file, bool disk_v2, struct raw_settings *ret_names)
{
	_cleanup_(raw_settings_done) struct raw_settings names = { 0 };
	const struct row *row = rows;
	char *other;
	int r = 0;

	while (r >= 0 && names.count < ARRAY_SIZE(names.items) &&
	       (row = find(row, file, disk_v2, &other))) {
		r = add(&names, other, NULL, false);
		row++;
	}
	if (r < 0)
		return r;
	*ret_names = names;
	names = (struct raw_settings){ 0 };
	return 0;
}

const char *raw_convert_controller(const char *controller)
{
	static const char *const pairs[][2] = { { "blkio", "io" }, { "freezer", "cgroup" } };

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		for (size_t side = 0; side < 2; side++)
			if (streq(controller, pairs[i][side]))
				return pairs[i][!side];
	return NULL;
}
