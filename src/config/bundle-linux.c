// SPDX-License-Identifier: MIT
/*
 * What a bundle says of Linux: namespaces and their maps, paths that are hidden or read-only,
 * settings, devices, the group's name, seccomp. A device is one of this host's, at the same place.
 */
#include "config/bundle-internal.h"

#include "util/text.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

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

static int read_read_only(struct bundle_reading *reading, const json_t *value)
{
	const char *path = json_string_value(value);

	return path ? bundle_option(reading, "read-only", "%s", path)
		    : bundle_expected(reading, "a path");
}

static int read_read_only_paths(struct bundle_reading *reading, const json_t *value)
{
	return bundle_list(reading, value, read_read_only);
}

static int read_settings(struct bundle_reading *reading, const json_t *value)
{
	const char *name;
	const json_t *text;
	int r = 0;

	if (!json_is_object(value))
		return bundle_expected(reading, "an object");
	json_object_foreach((json_t *)(uintptr_t)value, name, text)
	{
		if (!json_is_string(text))
			return bundle_expected(reading, "texts");
		r = bundle_option(reading, "sysctl", "%s=%s", name, json_string_value(text));
		if (r < 0)
			return r;
	}
	return r;
}

/* ---- devices ---- */

/* They come with /dev. */
static bool is_usual(const char *path)
{
	static const char *const usual[] = { "/dev/console", "/dev/full",   "/dev/null",
					     "/dev/ptmx",    "/dev/random", "/dev/tty",
					     "/dev/urandom", "/dev/zero" };

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		if (streq(usual[i], path))
			return true;
	return false;
}

/* Whether what is at `path` here is the device that is meant. */
static bool is_here(const char *path, const char *type, const json_t *device)
{
	const json_t *major_number = json_object_get(device, "major");
	const json_t *minor_number = json_object_get(device, "minor");
	struct stat st;

	if (stat(path, &st) < 0 ||
	    st.st_rdev != makedev((unsigned)json_integer_value(major_number),
				  (unsigned)json_integer_value(minor_number)))
		return false;
	return streq(type, "b") ? S_ISBLK(st.st_mode) : S_ISCHR(st.st_mode);
}

static int read_device(struct bundle_reading *reading, const json_t *value)
{
	const char *path = json_string_value(json_object_get(value, "path"));
	const char *type = json_string_value(json_object_get(value, "type"));

	if (!path || path[0] != '/' || !type)
		return bundle_expected(reading, "a type and an absolute path");
	if (is_usual(path))
		return 0;
	if (!streq(type, "b") && !streq(type, "c") && !streq(type, "u"))
		return bundle_remark(reading, "it is no device, and is not made");
	if (!is_here(path, type, value))
		return bundle_remark(reading,
				     "there is no such device on this host, and none is made");
	return bundle_option(reading, "device", "%s", path);
}

static int read_devices(struct bundle_reading *reading, const json_t *value)
{
	return bundle_list(reading, value, read_device);
}

/* ---- the group ---- */

/*
 * "/a/b", "a/b", or systemd's "SLICE:PREFIX:NAME", of which the unit is PREFIX-NAME. It becomes one
 * group below ours ("a-b"): those above it would be nobody's to remove.
 */
static int read_group(struct bundle_reading *reading, const json_t *value)
{
	const char *text = json_string_value(value), *slice;
	_cleanup_(freep) char *name = NULL;

	if (!text)
		return bundle_expected(reading, "a path");
	slice = strchr(text, ':');
	if (slice && strchr(slice + 1, ':'))
		text = slice + 1;
	text += strspn(text, "/:");
	name = strdup(text);
	if (!name)
		return error_oom(reading->err);
	for (char *at = name; *at; at++)
		if (*at == '/' || *at == ':')
			*at = '-';
	return *name ? bundle_option(reading, "name", "%s", name) : 0;
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
		{ "cgroupsPath", read_group },
		{ "devices", read_devices },
		{ "gidMappings", read_group_maps },
		{ "maskedPaths", read_masked_paths },
		{ "namespaces", read_namespaces },
		{ "readonlyPaths", read_read_only_paths },
		{ "resources", bundle_read_resources },
		{ "rootfsPropagation", read_propagation },
		{ "seccomp", read_seccomp },
		{ "sysctl", read_settings },
		{ "uidMappings", read_user_maps },
	};

	return bundle_object(reading, value, fields, ARRAY_SIZE(fields));
}
