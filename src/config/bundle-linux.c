// SPDX-License-Identifier: MIT
/* What a bundle says of Linux: namespaces and their maps, paths that are hidden, limits, seccomp.
 */
#include "config/bundle-internal.h"

#include "util/text.h"

/* ---- namespaces ---- */

static int read_namespace(struct bundle_reading *reading, const json_t *value)
{
	static const struct {
		const char *name, *key;
	} kinds[] = {
		{ "cgroup", "cgroup" }, { "ipc", "ipc" }, { "mount", "mount" },
		{ "network", "net" },	{ "pid", "pid" }, { "time", "time" },
		{ "user", "user" },	{ "uts", "uts" },
	};
	const char *type = json_string_value(json_object_get(value, "type"));
	const char *path = json_string_value(json_object_get(value, "path"));

	for (size_t i = 0; type && i < ARRAY_SIZE(kinds); i++) {
		if (!streq(kinds[i].name, type))
			continue;
		if (path && *path)
			return error_set(reading->err, -EOPNOTSUPP,
					 "%s: a namespace that is there already (%s) cannot be "
					 "joined by a bundle (reeve enter joins a process's)",
					 reading->where, path);
		return bundle_option(reading, "unshare", "%s", kinds[i].key);
	}
	return bundle_expected(reading, "a type such as \"pid\" or \"network\"");
}

static int read_namespaces(struct bundle_reading *reading, const json_t *value)
{
	return bundle_list(reading, value, read_namespace);
}

static int read_map(struct bundle_reading *reading, const json_t *value, const char *key)
{
	const json_t *inside = json_object_get(value, "containerID");
	const json_t *outside = json_object_get(value, "hostID");
	const json_t *size = json_object_get(value, "size");

	if (!json_is_integer(inside) || !json_is_integer(outside) || !json_is_integer(size))
		return bundle_expected(reading, "containerID, hostID and size");
	return bundle_option(reading, key, "%lld:%lld:%lld", (long long)json_integer_value(inside),
			     (long long)json_integer_value(outside),
			     (long long)json_integer_value(size));
}

static int read_user_map(struct bundle_reading *reading, const json_t *value)
{
	return read_map(reading, value, "map-user");
}

static int read_group_map(struct bundle_reading *reading, const json_t *value)
{
	return read_map(reading, value, "map-group");
}

static int read_user_maps(struct bundle_reading *reading, const json_t *value)
{
	return bundle_list(reading, value, read_user_map);
}

static int read_group_maps(struct bundle_reading *reading, const json_t *value)
{
	return bundle_list(reading, value, read_group_map);
}

static int read_masked(struct bundle_reading *reading, const json_t *value)
{
	const char *path = json_string_value(value);

	return path ? bundle_option(reading, "mask", "%s", path)
		    : bundle_expected(reading, "a path");
}

static int read_masked_paths(struct bundle_reading *reading, const json_t *value)
{
	return bundle_list(reading, value, read_masked);
}

static int read_seccomp(struct bundle_reading *reading, const json_t *value)
{
	_cleanup_(freep) char *text = json_dumps(value, JSON_COMPACT);

	return text ? bundle_option(reading, "seccomp", "%s", text) : error_oom(reading->err);
}

/* ---- resources ---- */

/* A limit that the specification has as a number, -1 for none. */
static int read_number(struct bundle_reading *reading, const json_t *value, const char *key)
{
	json_int_t number = json_integer_value(value);

	if (!json_is_integer(value))
		return bundle_expected(reading, "a whole number");
	if (number < 0)
		return bundle_option(reading, key, "max");
	return bundle_option(reading, key, "%lld", (long long)number);
}

static int read_bytes(struct bundle_reading *reading, const json_t *value, const char *key)
{
	json_int_t number = json_integer_value(value);

	if (!json_is_integer(value))
		return bundle_expected(reading, "a whole number");
	if (number < 0)
		return bundle_option(reading, key, "max");
	return bundle_option(reading, key, "%lldB", (long long)number);
}

static int read_ram(struct bundle_reading *reading, const json_t *value)
{
	return read_bytes(reading, value, "ram");
}

static int read_ram_low(struct bundle_reading *reading, const json_t *value)
{
	return read_bytes(reading, value, "ram-low");
}

/* Theirs is memory and swap together. */
static int read_swap(struct bundle_reading *reading, const json_t *memory)
{
	const json_t *swap = json_object_get(memory, "swap");
	json_int_t limit = json_integer_value(json_object_get(memory, "limit"));
	json_int_t both = json_integer_value(swap);

	if (!swap)
		return 0;
	if (both < 0)
		return bundle_option(reading, "swap", "max");
	if (limit <= 0 || both < limit)
		return bundle_expected(reading, "a limit, and a swap that is not below it,");
	return bundle_option(reading, "swap", "%lldB", (long long)(both - limit));
}

static int read_memory(struct bundle_reading *reading, const json_t *value)
{
	static const struct bundle_field fields[] = { { "limit", read_ram },
						      { "reservation", read_ram_low },
						      { "swap", NULL } };
	int r = bundle_object(reading, value, fields, ARRAY_SIZE(fields));

	return r < 0 ? r : read_swap(reading, value);
}

static int read_cpus(struct bundle_reading *reading, const json_t *value)
{
	const char *list = json_string_value(value);

	return list && *list ? bundle_option(reading, "cpus", "%s", list) : 0;
}

static int read_mems(struct bundle_reading *reading, const json_t *value)
{
	const char *list = json_string_value(value);

	return list && *list ? bundle_option(reading, "mems", "%s", list) : 0;
}

/* So that 2, 1024 and 262144 are 1, 100 and 10000: the two scales' ends and defaults. */
static int read_shares(struct bundle_reading *reading, const json_t *value)
{
	json_int_t shares = json_integer_value(value);
	json_int_t weight = shares <= 1024 ? shares * 100 / 1024
					   : 100 + (shares - 1024) * 9900 / (262144 - 1024);

	if (!json_is_integer(value) || shares < 0 || shares > 262144)
		return bundle_expected(reading, "a number from 2 to 262144");
	return shares == 0 ? 0
			   : bundle_option(reading, "cpu-weight", "%lld",
					   (long long)MAX(weight, (json_int_t)1));
}

static int read_cpu(struct bundle_reading *reading, const json_t *value)
{
	static const struct bundle_field fields[] = { { "cpus", read_cpus },
						      { "mems", read_mems },
						      { "period", NULL },
						      { "quota", NULL },
						      { "shares", read_shares } };
	json_int_t quota = json_integer_value(json_object_get(value, "quota"));
	json_int_t period = json_integer_value(json_object_get(value, "period"));
	int r = bundle_object(reading, value, fields, ARRAY_SIZE(fields));

	period = period > 0 ? period : 100000;
	if (r < 0 || quota <= 0)
		return r;
	return bundle_option(reading, "cpu", "%.4f cores", (double)quota / (double)period);
}

static int read_pids_limit(struct bundle_reading *reading, const json_t *value)
{
	return read_number(reading, value, "pids");
}

static int read_pids(struct bundle_reading *reading, const json_t *value)
{
	static const struct bundle_field fields[] = { { "limit", read_pids_limit } };

	return bundle_object(reading, value, fields, ARRAY_SIZE(fields));
}

static int read_resources(struct bundle_reading *reading, const json_t *value)
{
	static const struct bundle_field fields[] = { { "cpu", read_cpu },
						      { "memory", read_memory },
						      { "pids", read_pids } };

	return bundle_object(reading, value, fields, ARRAY_SIZE(fields));
}

int bundle_read_linux(struct bundle_reading *reading, const json_t *value)
{
	static const struct bundle_field fields[] = {
		{ "gidMappings", read_group_maps }, { "maskedPaths", read_masked_paths },
		{ "namespaces", read_namespaces },  { "resources", read_resources },
		{ "seccomp", read_seccomp },	    { "uidMappings", read_user_maps },
	};

	return bundle_object(reading, value, fields, ARRAY_SIZE(fields));
}
