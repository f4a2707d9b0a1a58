// SPDX-License-Identifier: MIT
/* See systemd.h for what is done and why. Works with systemd 239 and later. */
#include "cgroup/systemd.h"

#include "cgroup/internal.h"
#include "cgroup/membership.h"
#include "cgroup/scope.h"
#include "util/fd.h"
#include "util/mountinfo.h"
#include "util/text.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define MANAGER	     "org.freedesktop.systemd1.Manager"
#define SCOPE	     "org.freedesktop.systemd1.Scope"

/* What systemd manages in v1; it never touches the other hierarchies. */
enum {
	MANAGED = 1 << CONTROLLER_CPU | 1 << CONTROLLER_CPUACCT | 1 << CONTROLLER_IO |
		  1 << CONTROLLER_MEMORY | 1 << CONTROLLER_DEVICES | 1 << CONTROLLER_PIDS
};

/* ---- names ---- */

char *systemd_scope_name(const char *name)
{
	_cleanup_(text_done) struct text text = { 0 };

	text_add(&text, "reeve-");
	for (const char *at = name; *at; at++) {
		bool plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
			     (*at >= '0' && *at <= '9') || *at == '_' || *at == ':' || *at == '.';

		if (plain)
			text_add_bytes(&text, at, 1);
		else
			text_addf(&text, "\\x%02x", (unsigned char)*at);
	}
	text_add(&text, ".scope");
	return text_take(&text);
}

static bool ends_with(const char *text, const char *end)
{
	size_t a = strlen(text), b = strlen(end);

	return a > b && streq(text + a - b, end);
}

char *systemd_unit_path(const char *own_path)
{
	_cleanup_(freep) char *path = strdup(own_path);

	for (int part = 0; path && part < 2; part++) {
		char *slash = strrchr(path, '/');

		if (ends_with(path, ".service") || ends_with(path, ".scope"))
			return TAKE_PTR(path);
		if (!slash)
			break;
		*slash = '\0';
	}
	return NULL;
}

/* ---- the unit that we run in ---- */

/* Our path as systemd counts it: in its own hierarchy where it has one, else in v2. */
static char *own_path(const struct layout *layout)
{
	_cleanup_(freep) char *text = NULL;
	struct membership_line line;
	const char *cursor;
	char *path = NULL;
	size_t size;

	if (file_read_at(layout->host->proc_fd, "self/cgroup", 1 << 20, &text, &size) < 0)
		return NULL;
	cursor = text;
	while (membership_next(&cursor, text + size, &line)) {
		bool named = line.names_length == strlen("name=systemd") &&
			     memcmp(line.names, "name=systemd", line.names_length) == 0;

		if (!named && (line.id != 0 || path))
			continue;
		free(path);
		path = strndup(line.path, line.path_length);
		if (named)
			break;
	}
	return path;
}

static bool has_mark(const char *path)
{
	static const char *const names[] = { "trusted.delegate", "user.delegate" };
	char value[8];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (getxattr(path, names[i], value, sizeof(value)) == 1 && value[0] == '1')
			return true;
	return false;
}

/* Whether systemd has marked the directory as handed over, in any hierarchy that it uses. */
static bool is_delegated(const struct layout *layout, const char *unit)
{
	_cleanup_(freep) char *text = NULL;
	struct mount_entry entry;
	char *cursor;

	if (file_read_at(layout->host->proc_fd, "self/mountinfo", 16 << 20, &text, NULL) < 0)
		return false;
	cursor = text;
	while (mount_entry_next(&cursor, &entry, NULL)) {
		_cleanup_(freep) char *path = NULL;

		if (!streq(entry.type, "cgroup2") &&
		    !(streq(entry.type, "cgroup") &&
		      mount_option(entry.super_options, "name=systemd")))
			continue;
		if (asprintf(&path, "%s%s%s", layout->host->root, entry.mount_point, unit) < 0)
			return false;
		if (has_mark(path))
			return true;
	}
	return false;
}

/* ---- the scope that we ask for ---- */

static int attach(sd_bus *bus, const char *scope, const char *below, sd_bus_error *error)
{
	return sd_bus_call_method(bus, SYSTEMD_NAME, SYSTEMD_PATH, MANAGER, "AttachProcessesToUnit",
				  error, NULL, "ssau", scope, below, 1, (uint32_t)getpid());
}

static int join_scope(sd_bus *bus, const char *scope, sd_bus_error *error)
{
	int r = attach(bus, scope, "/daemon", error);

	if (r >= 0)
		return r;
	/* v1 has no such leaf, and needs none. */
	sd_bus_error_free(error);
	return attach(bus, scope, "", error);
}

static int scope_path(sd_bus *bus, const char *scope, sd_bus_error *error, char **ret_path)
{
	_cleanup_(freep) char *object = NULL;
	int r = sd_bus_path_encode("/org/freedesktop/systemd1/unit", scope, &object);

	if (r < 0)
		return r;
	return sd_bus_get_property_string(bus, SYSTEMD_NAME, object, SCOPE, "ControlGroup", error,
					  ret_path);
}

static int ask_for_scope(const struct groups *groups, char **ret_path, struct error *err)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
	_cleanup_(freep) char *scope = systemd_scope_name(groups->name);
	struct scope_request request = { .description = "Groups of the reeve process governor",
					 .pid = getpid() };
	int r;

	if (!scope)
		return error_oom(err);
	r = scope_open_bus(&bus);
	if (r < 0)
		return error_set_errno(err, r,
				       "systemd owns the cgroup tree of this host, this process is "
				       "not in a unit with Delegate=yes, and systemd cannot be "
				       "asked "
				       "for a scope over D-Bus");
	request.scope = scope;
	r = scope_start(bus, &request, &error);
	if (r == -EEXIST) {
		sd_bus_error_free(&error);
		r = join_scope(bus, scope, &error);
	}
	if (r >= 0)
		r = scope_path(bus, scope, &error, ret_path);
	if (r >= 0 && (*ret_path)[0] != '/') {
		free(TAKE_PTR(*ret_path));
		r = -ENOENT;
	}
	if (r < 0)
		return error_set(err, r, "systemd refused the scope %s: %s", scope,
				 sd_bus_error_is_set(&error) ? error.message : strerror(-r));
	return 0;
}

/* ---- settling in ---- */

/* The path below the mount point, without a leading '/'; NULL where it is not shown there. */
static const char *below_root(const struct hierarchy *h, const char *unit)
{
	size_t root = streq(h->mount_root, "/") ? 0 : strlen(h->mount_root);

	if (strncmp(unit, h->mount_root, root) != 0 || unit[root] != '/')
		return NULL;
	return unit + root + 1;
}

/* v2: whoever is in the unit's directory itself, ourselves at least, goes to the leaf. */
static int move_to_leaf(const struct groups *groups, unsigned hierarchy, const char *unit,
			const char *leaf, struct error *err)
{
	const struct hierarchy *h = &groups->layout->hierarchies[hierarchy];
	int r = 0;

	if (!cgroup_path_id(h, leaf))
		r = groups->layout->ops->make_dir(h->fd, leaf);
	if (r >= 0 || r == -EEXIST)
		r = members_move(groups, hierarchy, unit, leaf);
	if (r < 0)
		return error_set_errno(err, r, "cannot move this process to %s/%s", h->mount_point,
				       leaf);
	return 0;
}

static int settle(struct groups *groups, unsigned hierarchy, const char *unit, struct error *err)
{
	const struct hierarchy *h = &groups->layout->hierarchies[hierarchy];
	_cleanup_(freep) char *base = NULL, *leaf = NULL;
	const char *below;
	int r;

	if (h->read_only)
		return 0;
	if (!h->v2 && !(h->controllers & MANAGED))
		return base_set(groups, hierarchy, groups->name, "") < 0 ? error_oom(err) : 0;
	below = below_root(h, unit);
	if (!below || !cgroup_path_id(h, below))
		return 0; /* not handed to us in this hierarchy: limits there are problems */
	base = cgroup_path_join(below, groups->name);
	leaf = cgroup_path_join(below, streq(groups->name, "daemon") ? "reeved" : "daemon");
	if (!base || !leaf)
		return error_oom(err);
	if (h->v2) {
		r = move_to_leaf(groups, hierarchy, below, leaf, err);
		if (r < 0)
			return r;
		free(groups->top);
		groups->top = strdup(below);
		if (!groups->top)
			return error_oom(err);
	}
	return base_set(groups, hierarchy, base, h->v2 ? leaf : below) < 0 ? error_oom(err) : 0;
}

/*
 * An earlier run may have lived in another unit (started by hand then, a service now). Its groups
 * stay recorded, so that they can be removed, but are no groups of this run.
 */
static void leave_old_base(struct groups *groups, unsigned main, const char *unit)
{
	const char *below = below_root(&groups->layout->hierarchies[main], unit);
	const char *base = groups->base[main];

	if (below && strncmp(base, below, strlen(below)) == 0 && base[strlen(below)] == '/')
		return;
	while (groups->count > 0)
		groups_take_out(groups, groups->items[groups->count - 1]);
	groups_release_retired(groups);
	exits_free(groups->leave);
	groups->leave = NULL;
}

int systemd_claim(struct groups *groups, struct error *err)
{
	_cleanup_(freep) char *own = own_path(groups->layout);
	_cleanup_(freep) char *unit = own ? systemd_unit_path(own) : NULL;
	int main = groups_main_hierarchy(groups->layout);
	int r = 0;

	if (groups->claimed)
		return 0;
	if (!unit || !is_delegated(groups->layout, unit)) {
		free(TAKE_PTR(unit));
		r = ask_for_scope(groups, &unit, err);
	}
	if (r >= 0 && main >= 0 && groups->base[main])
		leave_old_base(groups, (unsigned)main, unit);
	for (unsigned i = 0; r >= 0 && i < groups->layout->hierarchy_count; i++)
		r = settle(groups, i, unit, err);
	if (r < 0)
		return r;
	if (main < 0 || !groups->base[main])
		return error_set(err, -ENOENT, "the unit %s is not shown in %s", unit,
				 main < 0 ? "any hierarchy"
					  : groups->layout->hierarchies[main].mount_point);
	groups->claimed = true;
	return 0;
}

void systemd_check(const struct layout *layout, const char *group, struct group_problems *problems)
{
	_cleanup_(freep) char *own = own_path(layout);
	_cleanup_(freep) char *unit = own ? systemd_unit_path(own) : NULL;

	if (unit && is_delegated(layout, unit))
		return;
	group_problem_add(
		problems, group, LIMIT_COUNT, NULL, 0,
		"systemd owns the cgroup tree of this host: a service with Delegate=yes has its "
		"groups below its own unit; started otherwise, reeved asks systemd for a scope");
}
