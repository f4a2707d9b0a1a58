// SPDX-License-Identifier: MIT
/*
 * Every hierarchy that is mounted, named ones too, with every place where it is. A hierarchy is
 * known by the device of its file system; of several mounts of one, the one that shows most is
 * used, as layout.c does it. Controllers keep the order of /proc/cgroups, and of v2 the kernel's
 * own: that is the order in which libcgroup's commands print.
 */
#include "cgroup/raw.h"

#include "cgroup/internal.h"
#include "util/fd.h"

enum { RAW_TEXT_MAX = 16 << 20 };

static void free_strings(char **strings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(strings[i]);
	free(strings);
}

void raw_free(struct raw *raw)
{
	if (!raw)
		return;
	for (size_t i = 0; i < raw->hierarchy_count; i++) {
		struct raw_hierarchy *h = &raw->hierarchies[i];

		closep(&h->tree.fd);
		free(h->tree.mount_point);
		free(h->tree.mount_root);
		free_strings(h->names, h->name_count);
		free_strings(h->places, h->place_count);
	}
	free(raw->hierarchies);
	for (size_t i = 0; i < raw->known_count; i++)
		free(raw->known[i].name);
	free(raw->known);
	free(raw);
}

static int add_string(char ***strings, size_t *count, const char *string)
{
	char **larger = reallocarray(*strings, *count + 1, sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	*strings = larger;
	larger[*count] = strdup(string);
	if (!larger[*count])
		return -ENOMEM;
	(*count)++;
	return 0;
}

/* ---- /proc/cgroups ---- */

static int read_known(struct raw *raw)
{
	_cleanup_(freep) char *text = NULL;
	char *line, *rest;
	int r = file_read_at(raw->host->proc_fd, "cgroups", RAW_TEXT_MAX, &text, NULL);

	if (r < 0) /* a kernel with v2 alone need not have it */
		return r == -ENOENT ? 0 : r;
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		unsigned hierarchy, groups, enabled;
		struct raw_controller *larger;
		char name[64];

		if (sscanf(line, "%63s %u %u %u", name, &hierarchy, &groups, &enabled) != 4 ||
		    name[0] == '#')
			continue;
		larger = reallocarray(raw->known, raw->known_count + 1, sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		raw->known = larger;
		larger[raw->known_count] =
			(struct raw_controller){ strdup(name), hierarchy, enabled != 0 };
		if (!larger[raw->known_count].name)
			return -ENOMEM;
		raw->known_count++;
	}
	return 0;
}

/* ---- mounts ---- */

/* The names of a v1 hierarchy: controllers in the order of /proc/cgroups, then its own name. */
static int name_v1(const struct raw *raw, struct raw_hierarchy *h, const char *options)
{
	_cleanup_(freep) char *copy = strdup(options);
	char *word, *rest = copy;
	int r = 0;

	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < raw->known_count && r >= 0; i++)
		if (mount_option(options, raw->known[i].name))
			r = add_string(&h->names, &h->name_count, raw->known[i].name);
	while (r >= 0 && (word = strsep(&rest, ",")))
		if (strncmp(word, "name=", strlen("name=")) == 0)
			r = add_string(&h->names, &h->name_count, word);
	return r;
}

static int name_v2(struct raw_hierarchy *h)
{
	char text[1024];
	char *word, *rest = text;
	ssize_t n = cgroup_read(&h->tree, "", "cgroup.controllers", text, sizeof(text));
	int r = 0;

	if (n < 0)
		return n == -ENOENT ? 0 : (int)n;
	while (r >= 0 && (word = strsep(&rest, " ")))
		if (*word)
			r = add_string(&h->names, &h->name_count, word);
	return r;
}

static struct raw_hierarchy *find_mounted(struct raw *raw, const struct mount_entry *entry)
{
	for (size_t i = 0; i < raw->hierarchy_count; i++)
		if (raw->hierarchies[i].major == entry->major &&
		    raw->hierarchies[i].minor == entry->minor)
			return &raw->hierarchies[i];
	return NULL;
}

static int use_mount(struct raw_hierarchy *h, const struct mount_entry *entry, int fd)
{
	char *point = strdup(entry->mount_point), *root = strdup(entry->root);

	if (!point || !root) {
		free(point);
		free(root);
		close(fd);
		return -ENOMEM;
	}
	free(h->tree.mount_point);
	free(h->tree.mount_root);
	closep(&h->tree.fd);
	h->tree.mount_point = point;
	h->tree.mount_root = root;
	h->tree.fd = fd;
	h->tree.read_only =
		mount_option(entry->options, "ro") || mount_option(entry->super_options, "ro");
	return 0;
}

static int new_hierarchy(struct raw *raw, const struct mount_entry *entry, bool v2, int fd)
{
	struct raw_hierarchy *larger, *h;
	int r;

	larger = reallocarray(raw->hierarchies, raw->hierarchy_count + 1, sizeof(*larger));
	if (!larger) {
		close(fd);
		return -ENOMEM;
	}
	raw->hierarchies = larger;
	h = &larger[raw->hierarchy_count++];
	*h = (struct raw_hierarchy){ .tree = { .v2 = v2, .fd = -1 },
				     .major = entry->major,
				     .minor = entry->minor };
	r = use_mount(h, entry, fd);
	if (r >= 0)
		r = v2 ? name_v2(h) : name_v1(raw, h, entry->super_options);
	return r < 0 ? r : add_string(&h->places, &h->place_count, entry->mount_point);
}

static int add_mount(struct raw *raw, const struct mount_entry *entry)
{
	bool v2 = streq(entry->type, "cgroup2");
	bool read_only =
		mount_option(entry->options, "ro") || mount_option(entry->super_options, "ro");
	struct raw_hierarchy *h = find_mounted(raw, entry);
	int fd, r;

	fd = hierarchy_open_mount(raw->host, entry, v2);
	if (fd < 0) /* hidden by another mount, or not for us to see */
		return fd == -ENOMEM ? fd : 0;
	if (!h)
		return new_hierarchy(raw, entry, v2, fd);
	r = add_string(&h->places, &h->place_count, entry->mount_point);
	if (r < 0 || !hierarchy_is_better(entry, read_only, &h->tree)) {
		close(fd);
		return r;
	}
	return use_mount(h, entry, fd);
}

static int read_mounts(struct raw *raw, struct error *err)
{
	_cleanup_(freep) char *text = NULL;
	struct mount_entry entry;
	char *cursor;
	int r = file_read_at(raw->host->proc_fd, "self/mountinfo", RAW_TEXT_MAX, &text, NULL);

	if (r < 0)
		return error_set_errno(err, r, "cannot read %s/self/mountinfo",
				       raw->host->proc_path);
	cursor = text;
	while (mount_entry_next(&cursor, &entry, NULL)) {
		if (!streq(entry.type, "cgroup") && !streq(entry.type, "cgroup2"))
			continue;
		r = add_mount(raw, &entry);
		if (r < 0)
			return error_set_errno(err, r, "cannot look at the cgroups of %s",
					       entry.mount_point);
	}
	return 0;
}

int raw_open(const struct host *host, const struct cgroup_ops *ops, struct raw **ret_raw,
	     struct error *err)
{
	_cleanup_(raw_freep) struct raw *raw = calloc(1, sizeof(*raw));
	int r;

	if (!raw)
		return error_oom(err);
	raw->host = host;
	raw->ops = ops ? ops : &cgroup_ops_kernel;
	r = read_known(raw);
	if (r < 0)
		return error_set_errno(err, r, "cannot read %s/cgroups", host->proc_path);
	r = read_mounts(raw, err);
	if (r < 0)
		return r;
	*ret_raw = TAKE_PTR(raw);
	return 0;
}

/* ---- finding ---- */

bool raw_has_name(const struct raw_hierarchy *h, const char *name)
{
	for (size_t i = 0; i < h->name_count; i++)
		if (streq(h->names[i], name))
			return true;
	return false;
}

bool raw_is_systemd(const struct raw_hierarchy *h)
{
	return h->name_count == 1 && streq(h->names[0], "name=systemd");
}

const struct raw_hierarchy *raw_find_v2(const struct raw *raw)
{
	for (size_t i = 0; i < raw->hierarchy_count; i++)
		if (raw->hierarchies[i].tree.v2)
			return &raw->hierarchies[i];
	return NULL;
}

const struct raw_hierarchy *raw_find(const struct raw *raw, const char *controller)
{
	for (size_t i = 0; i < raw->hierarchy_count; i++)
		if (raw_has_name(&raw->hierarchies[i], controller))
			return &raw->hierarchies[i];
	return !*controller || streq(controller, "cgroup") ? raw_find_v2(raw) : NULL;
}
