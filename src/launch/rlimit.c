// SPDX-License-Identifier: MIT
/* The kernel's sixteen resource limits in one table, with the unit in which each is counted. */
#include "launch/rlimit.h"

#include "util/suggest.h"
#include "util/units.h"

#include <sys/syscall.h>

enum unit { UNIT_NUMBER, UNIT_BYTES, UNIT_SECONDS, UNIT_MICROSECONDS };

static const struct rlimit_row {
	const char *name;
	int resource;
	enum unit unit;
} rows[] = {
	{ "as", RLIMIT_AS, UNIT_BYTES },
	{ "core", RLIMIT_CORE, UNIT_BYTES },
	{ "cpu", RLIMIT_CPU, UNIT_SECONDS },
	{ "data", RLIMIT_DATA, UNIT_BYTES },
	{ "fsize", RLIMIT_FSIZE, UNIT_BYTES },
	{ "locks", RLIMIT_LOCKS, UNIT_NUMBER },
	{ "memlock", RLIMIT_MEMLOCK, UNIT_BYTES },
	{ "msgqueue", RLIMIT_MSGQUEUE, UNIT_BYTES },
	{ "nice", RLIMIT_NICE, UNIT_NUMBER },
	{ "nofile", RLIMIT_NOFILE, UNIT_NUMBER },
	{ "nproc", RLIMIT_NPROC, UNIT_NUMBER },
	{ "rss", RLIMIT_RSS, UNIT_BYTES },
	{ "rtprio", RLIMIT_RTPRIO, UNIT_NUMBER },
	{ "rttime", RLIMIT_RTTIME, UNIT_MICROSECONDS },
	{ "sigpending", RLIMIT_SIGPENDING, UNIT_NUMBER },
	{ "stack", RLIMIT_STACK, UNIT_BYTES },
};

const char *rlimit_name(int resource)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].resource == resource)
			return rows[i].name;
	return "?";
}

static const struct rlimit_row *find_row(const char *name, struct error *err)
{
	const char *names[ARRAY_SIZE(rows)], *near;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (streq(rows[i].name, name))
			return &rows[i];
		names[i] = rows[i].name;
	}
	near = suggest(name, names, ARRAY_SIZE(rows));
	error_set(err, -EINVAL, "there is no resource limit \"%s\"%s%s%s", name,
		  near ? "; did you mean \"" : " (setrlimit(2))", near ? near : "",
		  near ? "\"?" : "");
	return NULL;
}

static int parse_value(const struct rlimit_row *row, const char *text, rlim_t *ret_value,
		       struct error *err)
{
	uint64_t value = 0;
	int r;

	if (streq(text, "unlimited") || streq(text, "infinity") || streq(text, "max")) {
		*ret_value = RLIM_INFINITY;
		return 0;
	}
	if (row->unit == UNIT_BYTES)
		r = parse_bytes(text, 1, &value);
	else if (row->unit == UNIT_NUMBER)
		r = parse_u64(text, &value);
	else
		r = parse_duration(text, row->unit == UNIT_SECONDS ? 1000000000 : 1000, &value);
	if (row->unit == UNIT_SECONDS)
		value = value / 1000000000 + (value % 1000000000 != 0);
	else if (row->unit == UNIT_MICROSECONDS)
		value /= 1000;
	if (r == 0 && (rlim_t)value == RLIM_INFINITY)
		r = -ERANGE;
	if (r < 0)
		return error_set(err, r, "the resource limit %s cannot be \"%s\"", row->name, text);
	*ret_value = (rlim_t)value;
	return 0;
}

int rlimit_parse(const char *text, struct launch_rlimit *ret_limit, struct error *err)
{
	_cleanup_(freep) char *copy = strdup(text);
	const struct rlimit_row *row;
	struct rlimit limit;
	char *soft, *hard;
	int r = 0;

	if (!copy)
		return error_oom(err);
	soft = strchr(copy, '=');
	if (!soft || !soft[1])
		return error_set(err, -EINVAL,
				 "the resource limit \"%s\" is not written NAME=VALUE or "
				 "NAME=SOFT:HARD",
				 text);
	*soft++ = '\0';
	row = find_row(copy, err);
	if (!row)
		return -EINVAL;
	/* C libraries differ in the type of its second argument. */
	if (syscall(SYS_prlimit64, 0, row->resource, NULL, &limit) < 0)
		return error_set_errno(err, -errno, "cannot read the resource limit %s", row->name);
	hard = strchr(soft, ':');
	if (hard)
		*hard++ = '\0';
	if (*soft)
		r = parse_value(row, soft, &limit.rlim_cur, err);
	if (r == 0 && !hard)
		limit.rlim_max = limit.rlim_cur;
	else if (r == 0 && *hard)
		r = parse_value(row, hard, &limit.rlim_max, err);
	if (r < 0)
		return r;
	if (limit.rlim_cur > limit.rlim_max)
		return error_set(err, -EINVAL,
				 "the resource limit \"%s\" has a soft value above the hard one",
				 text);
	*ret_limit = (struct launch_rlimit){ .resource = row->resource, .limit = limit };
	return 0;
}
