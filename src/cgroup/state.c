// SPDX-License-Identifier: MIT
/*
 * The record, <runtime dir>/state.json: every directory that was made (hierarchy and inode number),
 * the limits of each group, what raw files held before, which v2 controllers were enabled above our
 * own groups, which hierarchies got favordynmods. It is written before directories are made and
 * after, each time whole and renamed into place, and holds the boot's id: cgroups do not survive a
 * boot, so a record of another one is worth nothing.
 *
 * A record of an instance with another name is refused as long as anything of it is there: taking
 * it for ours or putting it aside would both leave that instance's groups behind for ever.
 *
 * A record that cannot be understood is put aside as state.json.bad and told by groups_warning():
 * then nothing of the earlier run is removed, which is the safe side.
 */
#include "cgroup/internal.h"
#include "util/fd.h"

#include <fcntl.h>
#include <jansson.h>
#include <sys/file.h>
#include <sys/stat.h>

#define STATE_FILE "state.json"
#define LOCK_FILE  "state.lock"

enum { STATE_VERSION = 1, STATE_MAX = 64 << 20 };

static void json_done(json_t **json)
{
	json_decref(*json);
}

int groups_state_lock(struct groups *groups, struct error *err)
{
	groups->runtime_fd = open(groups->runtime_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (groups->runtime_fd < 0)
		return error_set_errno(err, -errno, "cannot open the runtime folder %s",
				       groups->runtime_dir);
	groups->lock_fd = openat(groups->runtime_fd, LOCK_FILE,
				 O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
	if (groups->lock_fd < 0)
		return error_set_errno(err, -errno, "cannot open %s/%s", groups->runtime_dir,
				       LOCK_FILE);
	if (flock(groups->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK
			       ? error_set(err, -EBUSY,
					   "the groups of \"%s\" are in use by another process "
					   "(it holds %s/%s)",
					   groups->name, groups->runtime_dir, LOCK_FILE)
			       : error_set_errno(err, -errno, "cannot lock %s/%s",
						 groups->runtime_dir, LOCK_FILE);
	return 0;
}

/* ---- writing ---- */

static json_t *controllers_to_json(uint32_t mask)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < CONTROLLER_COUNT; i++)
		if (mask & UINT32_C(1) << i)
			json_array_append_new(list, json_string(controller_name((enum controller)i,
										true)));
	return list;
}

static json_t *mounts_to_json(const struct groups *groups, uint32_t mask)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < groups->layout->hierarchy_count; i++)
		if (mask & UINT32_C(1) << i)
			json_array_append_new(list,
					      json_string(
						      groups->layout->hierarchies[i].mount_point));
	return list;
}

/* Bytes that are no UTF-8 cannot stand in JSON; such a value is not kept. */
static json_t *kept_to_json(const struct group *group)
{
	json_t *object = json_object();

	for (size_t i = 0; i < group->kept_count; i++)
		json_object_set_new(object, group->kept[i].file,
				    group->kept[i].value ? json_string(group->kept[i].value)
							 : json_null());
	return object;
}

static json_t *bases_to_json(const struct groups *groups)
{
	json_t *object = json_object();

	for (unsigned i = 0; i < groups->layout->hierarchy_count; i++)
		if (groups->base[i])
			json_object_set_new(object, groups->layout->hierarchies[i].mount_point,
					    json_pack("{s:s, s:s}", "base", groups->base[i], "exit",
						      groups->exits[i]));
	return object;
}

static json_t *to_json(const struct groups *groups)
{
	json_t *directories = json_array(), *list = json_array(), *enabled = json_array();
	size_t seen;
	json_t *item;
	char boot[37] = "";

	(void)host_boot_id(groups->layout->host, boot);
	for (size_t i = 0; i < groups->made_count; i++) {
		const struct made *m = &groups->made[i];

		if (m->id == UINT64_MAX)
			continue;
		json_array_append_new(directories,
				      json_pack("{s:s, s:s, s:I}", "mount",
						groups->layout->hierarchies[m->hierarchy]
							.mount_point,
						"path", m->path, "id", (json_int_t)m->id));
	}
	json_array_foreach(groups->out_of_sight, seen, item) json_array_append(directories, item);
	for (size_t i = 0; i < groups->count; i++) {
		const struct group *g = groups->items[i];

		json_array_append_new(list, json_pack("{s:s, s:b, s:o, s:o}", "name", g->name,
						      "on_demand", g->on_demand, "limits",
						      limits_to_record(&g->limits), "raw",
						      kept_to_json(g)));
	}
	for (size_t i = 0; i < groups->enabled_count; i++)
		json_array_append_new(enabled, json_pack("{s:s, s:o}", "path",
							 groups->enabled[i].path, "controllers",
							 controllers_to_json(
								 groups->enabled[i].controllers)));
	return json_pack("{s:i, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "version", STATE_VERSION,
			 "boot_id", boot, "name", groups->name, "bases", bases_to_json(groups),
			 "directories", directories, "groups", list, "enabled", enabled,
			 "favordynmods", mounts_to_json(groups, groups->dynmods));
}

int groups_state_save(struct groups *groups, struct error *err)
{
	_cleanup_(json_done) json_t *json = NULL;
	_cleanup_(freep) char *text = NULL;
	int r;

	if (groups->runtime_fd < 0)
		return 0;
	json = to_json(groups);
	text = json ? json_dumps(json, JSON_INDENT(1)) : NULL;
	if (!text)
		return error_oom(err);
	if (groups->written && streq(text, groups->written))
		return 0;
	r = file_replace_until_boot(groups->runtime_fd, STATE_FILE, text, strlen(text), 0600);
	if (r < 0)
		return error_set_errno(err, r, "cannot record the groups in %s/%s",
				       groups->runtime_dir, STATE_FILE);
	free(groups->written);
	groups->written = TAKE_PTR(text);
	return 0;
}

void groups_state_remove(struct groups *groups)
{
	if (groups->runtime_fd >= 0)
		(void)unlinkat(groups->runtime_fd, STATE_FILE, 0);
	free(groups->written);
	groups->written = NULL;
}

/* ---- reading ---- */

static int hierarchy_by_mount(const struct groups *groups, const char *mount)
{
	for (unsigned i = 0; mount && i < groups->layout->hierarchy_count; i++)
		if (streq(groups->layout->hierarchies[i].mount_point, mount))
			return (int)i;
	return -1;
}

/* A record is only as good as its paths: none may lead out of the hierarchy. */
static bool path_is_bad(const char *path)
{
	if (!path || path[0] == '/' || path[0] == '\0')
		return true;
	for (const char *part = path;;) {
		size_t length = strcspn(part, "/");

		if (length == 0 || (length == 1 && part[0] == '.') ||
		    (length == 2 && part[0] == '.' && part[1] == '.'))
			return true;
		part += length;
		if (!*part++)
			return false;
	}
}

static int load_bases(struct groups *groups, json_t *bases)
{
	const char *mount;
	json_t *item;

	json_object_foreach(bases, mount, item)
	{
		const char *base = json_string_value(json_object_get(item, "base"));
		const char *out = json_string_value(json_object_get(item, "exit"));
		int hierarchy = hierarchy_by_mount(groups, mount);
		int r;

		if (!out || path_is_bad(base) || (*out && path_is_bad(out)))
			return -EBADMSG;
		/* Only systemd's answer has to be remembered. */
		if (hierarchy < 0 || !groups->layout->systemd)
			continue;
		r = base_set(groups, (unsigned)hierarchy, base, out);
		if (r < 0)
			return r;
	}
	return 0;
}

static int load_directories(struct groups *groups, json_t *directories)
{
	size_t i;
	json_t *item;

	json_array_foreach(directories, i, item)
	{
		const char *path = json_string_value(json_object_get(item, "path"));
		const char *mount = json_string_value(json_object_get(item, "mount"));
		json_int_t id = json_integer_value(json_object_get(item, "id"));
		int hierarchy = hierarchy_by_mount(groups, mount);
		int r;

		if (!mount || path_is_bad(path) || id < 0)
			return -EBADMSG;
		if (hierarchy < 0) {
			/* Unmounted since; what is in it comes back with it. */
			if (!groups->out_of_sight)
				groups->out_of_sight = json_array();
			if (json_array_append(groups->out_of_sight, item) < 0)
				return -ENOMEM;
			continue;
		}
		r = made_add(groups, (unsigned)hierarchy, path, (uint64_t)id);
		if (r < 0)
			return r;
	}
	tree_prune(groups);
	for (i = 0; i < groups->made_count; i++) /* noted, made, but the crash came before its id */
		if (groups->made[i].id == 0)
			groups->made[i].id =
				cgroup_path_id(&groups->layout
							->hierarchies[groups->made[i].hierarchy],
					       groups->made[i].path);
	return 0;
}

static int load_kept(struct group *group, json_t *raw)
{
	const char *file;
	json_t *value;

	group->kept = calloc(json_object_size(raw) + 1, sizeof(*group->kept));
	if (!group->kept)
		return -ENOMEM;
	json_object_foreach(raw, file, value)
	{
		struct kept *kept = &group->kept[group->kept_count];

		if (path_is_bad(file) || strchr(file, '/'))
			return -EBADMSG;
		kept->file = strdup(file);
		if (!kept->file)
			return -ENOMEM;
		group->kept_count++;
		if (json_is_string(value)) {
			kept->value = strdup(json_string_value(value));
			if (!kept->value)
				return -ENOMEM;
		}
	}
	return 0;
}

static int load_group(struct groups *groups, json_t *item)
{
	const char *name = json_string_value(json_object_get(item, "name"));
	_cleanup_(group_freep) struct group *group = NULL;
	_cleanup_(freep) char *above = NULL;
	struct group *parent = NULL;
	int r;

	if (!name || groups_check_name(name, NULL) < 0 || groups_find(groups, name))
		return -EBADMSG;
	above = cgroup_path_parent(name);
	if (!above)
		return -ENOMEM;
	if (*above) {
		parent = groups_find(groups, above);
		if (!parent)
			return -EBADMSG;
	}
	group = group_new(groups, name, parent);
	if (!group)
		return -ENOMEM;
	group->on_demand = json_is_true(json_object_get(item, "on_demand"));
	r = limits_from_record(json_object_get(item, "limits"), &group->limits);
	if (r < 0)
		return r;
	r = load_kept(group, json_object_get(item, "raw"));
	if (r < 0)
		return r;
	group_find_leaf(group);
	for (unsigned i = 0; i < groups->layout->hierarchy_count; i++) {
		_cleanup_(freep) char *path = group_directory(group, i, false);

		if (path && cgroup_path_id(&groups->layout->hierarchies[i], path))
			group->needs |= UINT32_C(1) << i;
	}
	if (group->needs == 0)
		return 0; /* all its directories are gone */
	if (placement_renew(group) < 0)
		group->needs = 0; /* the next apply will say why */
	r = groups_add(groups, group);
	if (r >= 0)
		(void)TAKE_PTR(group);
	return r;
}

static int load_enabled(struct groups *groups, json_t *list)
{
	size_t i;
	json_t *item, *name;

	groups->enabled = calloc(json_array_size(list) + 1, sizeof(*groups->enabled));
	if (!groups->enabled)
		return -ENOMEM;
	json_array_foreach(list, i, item)
	{
		const char *path = json_string_value(json_object_get(item, "path"));
		struct enabled *enabled = &groups->enabled[groups->enabled_count];
		enum controller controller;
		size_t k;

		if (!path || (*path && path_is_bad(path)))
			return -EBADMSG;
		enabled->path = strdup(path);
		if (!enabled->path)
			return -ENOMEM;
		groups->enabled_count++;
		json_array_foreach(json_object_get(item, "controllers"), k, name)
		{
			const char *text = json_string_value(name);

			if (text && controller_parse(text, strlen(text), &controller))
				enabled->controllers |= UINT32_C(1) << controller;
		}
	}
	return 0;
}

static int load(struct groups *groups, json_t *json)
{
	size_t i;
	json_t *item;
	int r = load_bases(groups, json_object_get(json, "bases"));

	if (r >= 0)
		r = base_resume(groups);
	if (r >= 0)
		r = load_directories(groups, json_object_get(json, "directories"));
	if (r >= 0)
		r = load_enabled(groups, json_object_get(json, "enabled"));
	if (r >= 0 && exits_open(groups) < 0)
		r = -ENOMEM;
	json_array_foreach(json_object_get(json, "groups"), i, item) if (r >= 0) r =
		load_group(groups, item);
	json_array_foreach(json_object_get(json, "favordynmods"), i, item)
	{
		int hierarchy = hierarchy_by_mount(groups, json_string_value(item));

		if (hierarchy >= 0)
			groups->dynmods |= UINT32_C(1) << hierarchy;
	}
	return r;
}

static void forget_all(struct groups *groups)
{
	while (groups->count > 0)
		groups_take_out(groups, groups->items[groups->count - 1]);
	groups_release_retired(groups);
	for (size_t i = 0; i < groups->made_count; i++)
		free(groups->made[i].path);
	for (size_t i = 0; i < groups->enabled_count; i++)
		free(groups->enabled[i].path);
	free(groups->enabled);
	groups->enabled = NULL;
	groups->made_count = groups->enabled_count = 0;
	json_decref(groups->out_of_sight);
	groups->out_of_sight = NULL;
	groups->dynmods = 0;
}

static int put_aside(struct groups *groups, const char *why)
{
	(void)renameat(groups->runtime_fd, STATE_FILE, groups->runtime_fd, STATE_FILE ".bad");
	if (asprintf(&groups->warning,
		     "the record %s/%s %s; it was put aside as %s.bad, and groups of an earlier "
		     "run will not be removed (reeve clean tells which and how)",
		     groups->runtime_dir, STATE_FILE, why, STATE_FILE) < 0) {
		groups->warning = NULL;
		return -ENOMEM;
	}
	return 0;
}

/* Whether anything that the record tells of is still there to be undone. */
static bool is_in_force(const struct groups *groups, const json_t *json)
{
	size_t i;
	json_t *item;

	json_array_foreach(json_object_get(json, "directories"), i, item)
	{
		const char *path = json_string_value(json_object_get(item, "path"));
		int hierarchy =
			hierarchy_by_mount(groups,
					   json_string_value(json_object_get(item, "mount")));
		json_int_t id = json_integer_value(json_object_get(item, "id"));

		/* What cannot be seen may come back. */
		if (hierarchy < 0 || path_is_bad(path))
			return true;
		if (cgroup_path_id(&groups->layout->hierarchies[hierarchy], path) == (uint64_t)id)
			return true;
	}
	return json_array_size(json_object_get(json, "favordynmods")) > 0;
}

static int check_name(const struct groups *groups, const json_t *json, const char *name,
		      struct error *err)
{
	if (streq(name, groups->name) || !is_in_force(groups, json))
		return 0;
	return error_set(err, -EEXIST,
			 "the runtime folder %s holds the groups of the instance \"%s\" (%s), and "
			 "the policy's name is \"%s\"; take that one's groups away (reeve clean "
			 "--runtime-dir %s), or give this one a runtime folder of its own "
			 "(--runtime-dir)",
			 groups->runtime_dir, name, STATE_FILE, groups->name, groups->runtime_dir);
}

static int understand(struct groups *groups, const char *text, size_t size, struct error *err)
{
	_cleanup_(json_done) json_t *json = NULL;
	const char *boot_then, *name;
	char boot[37] = "";
	int r;

	json = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	boot_then = json_string_value(json_object_get(json, "boot_id"));
	name = json_string_value(json_object_get(json, "name"));
	if (!boot_then || !name ||
	    json_integer_value(json_object_get(json, "version")) != STATE_VERSION)
		return put_aside(groups, "is damaged");
	(void)host_boot_id(groups->layout->host, boot);
	if (!streq(boot, boot_then))
		return 0;
	r = check_name(groups, json, name, err);
	if (r < 0 || !streq(name, groups->name))
		return r;
	r = load(groups, json);
	if (r == -EBADMSG) {
		forget_all(groups);
		return put_aside(groups, "is damaged");
	}
	return r;
}

char *groups_recorded_name(const char *runtime_dir)
{
	_cleanup_(freep) char *text = NULL, *path = NULL;
	_cleanup_(json_done) json_t *json = NULL;
	const char *name;
	size_t size;

	if (asprintf(&path, "%s/%s", runtime_dir, STATE_FILE) < 0) {
		path = NULL;
		return NULL;
	}
	if (file_read_at(AT_FDCWD, path, STATE_MAX, &text, &size) < 0)
		return NULL;
	json = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	name = json_string_value(json_object_get(json, "name"));
	return name ? strdup(name) : NULL;
}

int groups_state_load(struct groups *groups, struct error *err)
{
	_cleanup_(freep) char *text = NULL;
	size_t size;
	int r = groups->runtime_fd < 0
			? -ENOENT
			: file_read_at(groups->runtime_fd, STATE_FILE, STATE_MAX, &text, &size);

	if (r == -ENOENT)
		r = 0;
	else if (r == -EFBIG || r == -EISDIR || r == -ELOOP)
		r = put_aside(groups, "is not one of ours");
	else if (r >= 0)
		r = understand(groups, text, size, err);
	else
		return error_set_errno(err, r, "cannot read the record %s/%s", groups->runtime_dir,
				       STATE_FILE);
	if (r >= 0)
		r = base_resume(groups);
	if (r == -EEXIST)
		return r;
	return r < 0 ? error_oom(err) : 0;
}
