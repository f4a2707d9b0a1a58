// SPDX-License-Identifier: MIT
/*
 * What is there to work with. mountinfo says what is mounted and where; a hierarchy counts only
 * where its mount point can be opened, is a cgroup file system by its magic number and is the very
 * one that mountinfo meant (same device and mount): it may be hidden below a later mount.
 * Below a test's root the files are ordinary ones, so these two checks are left out there.
 *
 * A hierarchy can be mounted more than once (containers do it); the mount that shows most of it,
 * and that can be written to, is taken.
 */
#include "cgroup/layout.h"

#include "cgroup/internal.h"
#include "cgroup/membership.h"
#include "cgroup/ops.h"
#include "util/fd.h"
#include "util/mountinfo.h"
#include "util/text.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

enum { PROC_TEXT_MAX = 16 << 20 };

static void hierarchy_done(struct hierarchy *h)
{
	closep(&h->fd);
	free(h->mount_point);
	free(h->mount_root);
	free(h->name);
	free(h->own_path);
	*h = (struct hierarchy){ .fd = -1 };
}

void layout_free(struct layout *layout)
{
	if (!layout)
		return;
	for (size_t i = 0; i < layout->hierarchy_count; i++)
		hierarchy_done(&layout->hierarchies[i]);
	for (size_t i = 0; i < layout->named_count; i++)
		hierarchy_done(&layout->named[i]);
	free(layout);
}

/* The controllers in a comma-separated list; words that are none are passed over. */
static uint32_t parse_controllers(const char *list, size_t length, char separator)
{
	const char *end = list + length;
	uint32_t mask = 0;

	for (const char *at = list; at < end;) {
		const char *stop = memchr(at, separator, (size_t)(end - at));
		enum controller controller;

		if (!stop)
			stop = end;
		if (controller_parse(at, (size_t)(stop - at), &controller))
			mask |= UINT32_C(1) << controller;
		at = stop + 1;
	}
	return mask;
}

static bool is_what_mountinfo_meant(int fd, const struct mount_entry *entry, bool v2)
{
	struct statfs fs;
	struct statx stx;
	struct stat st;

	if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return false;
	/* From 5.8 on; a part of the same file system may have been mounted over it. */
	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) == 0 && stx.stx_mask & STATX_MNT_ID &&
	    stx.stx_mnt_id != entry->id)
		return false;
	return fs.f_type == (v2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC) &&
	       st.st_dev == makedev(entry->major, entry->minor);
}

int hierarchy_open_mount(const struct host *host, const struct mount_entry *entry, bool v2)
{
	_cleanup_(freep) char *path = NULL;
	_cleanup_(closep) int fd = -1;

	if (asprintf(&path, "%s%s", host->root, entry->mount_point) < 0)
		return -ENOMEM;
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (host->root[0] == '\0' && !is_what_mountinfo_meant(fd, entry, v2))
		return -ENODEV;
	return TAKE_FD(fd);
}

static bool same_hierarchy(const struct hierarchy *h, bool v2, uint32_t controllers)
{
	return v2 ? h->v2 : !h->v2 && (h->controllers & controllers) != 0;
}

/* Whether a second mount of a hierarchy serves better than the one that is known. */
bool hierarchy_is_better(const struct mount_entry *entry, bool read_only,
			 const struct hierarchy *than)
{
	bool whole = streq(entry->root, "/"), was_whole = streq(than->mount_root, "/");

	if (read_only != than->read_only)
		return !read_only;
	return whole && !was_whole;
}

static bool is_read_only(const struct mount_entry *entry)
{
	return mount_option(entry->options, "ro") || mount_option(entry->super_options, "ro");
}

static int fill_hierarchy(struct hierarchy *h, const struct mount_entry *entry, bool v2,
			  uint32_t controllers)
{
	h->v2 = v2;
	h->controllers = controllers;
	h->read_only = is_read_only(entry);
	h->favordynmods = mount_option(entry->super_options, "favordynmods");
	h->mount_point = strdup(entry->mount_point);
	h->mount_root = strdup(entry->root);
	return h->mount_point && h->mount_root ? 0 : -ENOMEM;
}

/* The option "name=mine" among others, or size 0. */
static struct slice name_option(const char *options)
{
	for (const char *at = options; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, "name=", strlen("name=")) == 0)
			return (struct slice){ at, strcspn(at, ",") };
	}
	return (struct slice){ 0 };
}

static int add_named(struct layout *layout, const struct mount_entry *entry)
{
	struct slice name = name_option(entry->super_options);
	struct hierarchy *h = NULL;
	int fd, r;

	if (name.size == 0)
		return 0;
	for (size_t i = 0; i < layout->named_count && !h; i++)
		if (slice_eq(name, slice_of(layout->named[i].name)))
			h = &layout->named[i];
	if (h ? !hierarchy_is_better(entry, is_read_only(entry), h)
	      : layout->named_count == NAMED_MAX)
		return 0;
	fd = hierarchy_open_mount(layout->host, entry, false);
	if (fd < 0)
		return fd == -ENOMEM ? fd : 0;
	if (h)
		hierarchy_done(h);
	else
		h = &layout->named[layout->named_count++];
	*h = (struct hierarchy){ .fd = fd };
	r = fill_hierarchy(h, entry, false, 0);
	h->name = r < 0 ? NULL : strndup(name.data, name.size);
	return h->name ? 0 : -ENOMEM;
}

static int add_mount(struct layout *layout, const struct mount_entry *entry)
{
	bool v2 = streq(entry->type, "cgroup2");
	bool read_only = is_read_only(entry);
	uint32_t controllers = 0;
	struct hierarchy *h = NULL;
	int fd;

	if (!v2)
		controllers =
			parse_controllers(entry->super_options, strlen(entry->super_options), ',');
	if (!v2 && controllers == 0)
		return add_named(layout, entry);
	for (size_t i = 0; i < layout->hierarchy_count && !h; i++)
		if (same_hierarchy(&layout->hierarchies[i], v2, controllers))
			h = &layout->hierarchies[i];
	if (h && !hierarchy_is_better(entry, read_only, h))
		return 0;
	if (!h && layout->hierarchy_count == ARRAY_SIZE(layout->hierarchies))
		return 0;
	fd = hierarchy_open_mount(layout->host, entry, v2);
	if (fd < 0)
		return fd == -ENOMEM ? fd : 0;
	if (h)
		hierarchy_done(h);
	else
		h = &layout->hierarchies[layout->hierarchy_count++];
	*h = (struct hierarchy){ .fd = fd };
	return fill_hierarchy(h, entry, v2, controllers);
}

static int read_mounts(struct layout *layout, struct error *err)
{
	_cleanup_(freep) char *text = NULL;
	struct mount_entry entry;
	char *cursor;
	int r;

	r = file_read_at(layout->host->proc_fd, "self/mountinfo", PROC_TEXT_MAX, &text, NULL);
	if (r < 0)
		return error_set_errno(err, r, "cannot read %s/self/mountinfo",
				       layout->host->proc_path);
	cursor = text;
	while (mount_entry_next(&cursor, &entry, NULL)) {
		if (!streq(entry.type, "cgroup") && !streq(entry.type, "cgroup2"))
			continue;
		r = add_mount(layout, &entry);
		if (r < 0)
			return error_oom(err);
	}
	return 0;
}

/* /proc/self/cgroup: the number, the name and our own place in each hierarchy. */
static int read_own(struct layout *layout, struct error *err)
{
	_cleanup_(freep) char *text = NULL;
	struct membership_line line;
	const char *cursor;
	size_t size;
	int r;

	r = file_read_at(layout->host->proc_fd, "self/cgroup", PROC_TEXT_MAX, &text, &size);
	if (r < 0)
		return r == -ENOENT ? 0 : /* a kernel without cgroups */
			       error_set_errno(err, r, "cannot read %s/self/cgroup",
					       layout->host->proc_path);
	cursor = text;
	while (membership_next(&cursor, text + size, &line)) {
		uint32_t controllers = parse_controllers(line.names, line.names_length, ',');

		for (size_t i = 0; i < layout->hierarchy_count; i++) {
			struct hierarchy *h = &layout->hierarchies[i];

			if (h->v2 ? line.id != 0 : controllers != h->controllers || line.id == 0)
				continue;
			free(h->own_path);
			free(h->name);
			h->id = line.id;
			h->own_path = strndup(line.path, line.path_length);
			h->name = strndup(line.names, line.names_length);
			if (!h->own_path || !h->name)
				return error_oom(err);
		}
		for (size_t i = 0; i < layout->named_count; i++) {
			struct hierarchy *h = &layout->named[i];

			if (!slice_eq(slice_of(h->name),
				      (struct slice){ line.names, line.names_length }))
				continue;
			free(h->own_path);
			h->id = line.id;
			h->own_path = strndup(line.path, line.path_length);
			if (!h->own_path)
				return error_oom(err);
		}
	}
	return 0;
}

/* /proc/cgroups: what this kernel could mount besides. "#subsys_name hierarchy num enabled" */
static void read_known(struct layout *layout)
{
	_cleanup_(freep) char *text = NULL;
	char *line, *rest;

	if (file_read_at(layout->host->proc_fd, "cgroups", PROC_TEXT_MAX, &text, NULL) < 0)
		return;
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		size_t length = strcspn(line, "\t ");
		unsigned hierarchy, count, enabled;
		enum controller controller;

		if (!controller_parse(line, length, &controller) ||
		    sscanf(line + length, "%u %u %u", &hierarchy, &count, &enabled) != 3)
			continue;
		if (enabled && hierarchy == 0)
			layout->unmounted |= UINT32_C(1) << controller;
	}
	layout->unmounted &= ~layout->available;
	/* v2 has these in its core or in BPF, and never lists them among its controllers. */
	if (layout->mode == LAYOUT_V2)
		layout->unmounted &=
			~(UINT32_C(1) << CONTROLLER_FREEZER | UINT32_C(1) << CONTROLLER_DEVICES |
			  UINT32_C(1) << CONTROLLER_CPUACCT | UINT32_C(1) << CONTROLLER_PERF_EVENT);
}

static void sum_up(struct layout *layout)
{
	bool v1 = false;
	char text[512];

	for (size_t i = 0; i < layout->hierarchy_count; i++) {
		struct hierarchy *h = &layout->hierarchies[i];
		ssize_t n;

		if (h->v2) {
			layout->v2 = (int)i;
			n = file_read_into(h->fd, "cgroup.controllers", text, sizeof(text));
			while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
				n--;
			h->controllers = n > 0 ? parse_controllers(text, (size_t)n, ' ') : 0;
			layout->available |= UINT32_C(1) << CONTROLLER_FREEZER;
		}
		v1 = v1 || !h->v2;
		layout->available |= h->controllers;
	}
	if (layout->v2 >= 0)
		layout->mode = v1 ? LAYOUT_HYBRID : LAYOUT_V2;
	else
		layout->mode = v1 ? LAYOUT_V1 : LAYOUT_NONE;
}

static int name_the_unnamed(struct layout *layout)
{
	/* /proc/self/cgroup is missing a hierarchy only in made-up trees; pointers stay usable. */
	for (size_t i = 0; i < layout->hierarchy_count; i++) {
		struct hierarchy *h = &layout->hierarchies[i];

		if (!h->name)
			h->name = strdup("");
		if (!h->own_path)
			h->own_path = strdup("/");
		if (!h->name || !h->own_path)
			return -ENOMEM;
	}
	for (size_t i = 0; i < layout->named_count; i++) {
		struct hierarchy *h = &layout->named[i];

		if (!h->own_path && !(h->own_path = strdup("/")))
			return -ENOMEM;
	}
	return 0;
}

int layout_detect(const struct host *host, struct layout **ret_layout, struct error *err)
{
	_cleanup_(layout_freep) struct layout *layout = calloc(1, sizeof(*layout));
	_cleanup_(freep) char *systemd = NULL;
	int r;

	if (!layout)
		return error_oom(err);
	layout->host = host;
	layout->ops = &cgroup_ops_kernel;
	layout->v2 = -1;
	r = read_mounts(layout, err);
	if (r >= 0)
		r = read_own(layout, err);
	if (r < 0)
		return r;
	if (name_the_unnamed(layout) < 0 ||
	    asprintf(&systemd, "%s/run/systemd/system", host->root) < 0)
		return error_oom(err);
	layout->systemd = access(systemd, F_OK) == 0;
	sum_up(layout);
	read_known(layout);
	*ret_layout = TAKE_PTR(layout);
	return 0;
}

const struct hierarchy *layout_find(const struct layout *layout, enum controller controller)
{
	const struct hierarchy *found = NULL;

	for (size_t i = 0; i < layout->hierarchy_count; i++) {
		const struct hierarchy *h = &layout->hierarchies[i];

		if (!(h->controllers & UINT32_C(1) << controller))
			continue;
		if (!found || found->v2)
			found = h;
	}
	return found;
}

static bool is_among(const struct hierarchy *hierarchies, size_t count,
		     const struct hierarchy *hierarchy)
{
	for (size_t i = 0; i < count; i++)
		if (hierarchies[i].v2 == hierarchy->v2 &&
		    streq(hierarchies[i].name, hierarchy->name) &&
		    !(hierarchy->controllers & ~hierarchies[i].controllers))
			return true;
	return false;
}

bool layout_has(const struct layout *layout, const struct hierarchy *hierarchy)
{
	return is_among(layout->hierarchies, layout->hierarchy_count, hierarchy) ||
	       is_among(layout->named, layout->named_count, hierarchy);
}

bool hierarchy_is_systemd(const struct hierarchy *h)
{
	return h->controllers == 0 && !h->v2 && streq(h->name, "name=systemd");
}

const char *layout_mode_name(enum layout_mode mode)
{
	static const char *const names[] = {
		[LAYOUT_NONE] = "none",
		[LAYOUT_V1] = "v1",
		[LAYOUT_V2] = "v2",
		[LAYOUT_HYBRID] = "hybrid",
	};

	return names[mode];
}
