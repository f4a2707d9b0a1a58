// SPDX-License-Identifier: MIT
/* What a bundle says of Linux: namespaces and their maps, paths that are hidden, seccomp. */
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

/* ---- the whole ---- */

static int read_propagation(struct bundle_reading *reading, const json_t *value)
{
	static const char *const as_is[] = { "", "private", "rprivate", "slave", "rslave" };
	const char *text = json_string_value(value);

	for (size_t i = 0; text && i < ARRAY_SIZE(as_is); i++)
		if (streq(as_is[i], text))
			return 0;
	return bundle_remark(reading, "no mount goes back to the host");
}

int bundle_read_linux(struct bundle_reading *reading, const json_t *value)
{
	static const struct bundle_field fields[] = {
		{ "cgroupsPath", NULL, "the group is one of reeve's (--group, --name)" },
		{ "devices", NULL, "/dev has the usual devices and no others (--bind adds some)" },
		{ "gidMappings", read_group_maps },
		{ "maskedPaths", read_masked_paths },
		{ "namespaces", read_namespaces },
		{ "readonlyPaths", NULL, "they can be written by whom their mode allows to" },
		{ "resources", bundle_read_resources },
		{ "rootfsPropagation", read_propagation },
		{ "seccomp", read_seccomp },
		{ "sysctl", NULL, "no setting of the kernel is changed" },
		{ "uidMappings", read_user_maps },
	};

	return bundle_object(reading, value, fields, ARRAY_SIZE(fields));
}
