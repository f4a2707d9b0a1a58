// SPDX-License-Identifier: MIT
/*
 * cgclear: removes the groups of configuration files, the last ones first, and unmounts what these
 * mount; without files, all groups of the machine, and unmounts cgroup v1. Processes go to the
 * groups above. Where systemd is process 1 its trees stay: it would lose its services.
 *
 * libcgroup's took a word that it did not know for nothing, and cleared the machine; here it is a
 * wrong command line.
 */
#include "compat/cgapply.h"
#include "compat/cgfiles.h"
#include "compat/cgmount.h"
#include "compat/compat.h"

#include <sys/mount.h>

/* libcgroup's own. */
enum { EXIT_FAILED = 3, EXIT_NOT_READY = 4 };

struct clearing {
	struct cgtool tool;
	bool only_empty;
	char **places; /* to be unmounted, in this order */
	size_t place_count;
	int status;
};

static void failed(struct clearing *clearing, int r, const char *what)
{
	fprintf(stderr, "%s failed with %s (%s)\n", clearing->tool.name, strerror(-r), what);
	clearing->status = EXIT_FAILED;
}

/* A group that is not there, or with -e one that is in use, is no failure. */
static void clear_group(struct clearing *clearing, const struct raw_hierarchy *h, const char *path,
			enum raw_remove_flags flags)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	int r;

	if (clearing->only_empty)
		flags |= RAW_ONLY_EMPTY;
	r = raw_remove(clearing->tool.raw, h, path, flags, &err);
	if (r >= 0 || r == -ENOENT || (r == -EBUSY && clearing->only_empty))
		return;
	failed(clearing, r, error_text(&err));
}

static int refuse_child(void *context, const char *path)
{
	(void)context;
	return *path ? -EEXIST : 0;
}

static bool has_groups(const struct raw_hierarchy *h)
{
	return raw_walk(h, "", false, refuse_child, NULL) == -EEXIST;
}

/* To be unmounted when nobody holds the hierarchies open any more: we do. */
static void note_mount(struct clearing *clearing, const struct raw_hierarchy *h, const char *place)
{
	char **larger, *copy;

	if (clearing->only_empty && has_groups(h))
		return;
	larger = reallocarray(clearing->places, clearing->place_count + 1, sizeof(*larger));
	copy = strdup(place);
	if (larger)
		clearing->places = larger;
	if (!larger || !copy) {
		free(copy);
		failed(clearing, -ENOMEM, place);
		return;
	}
	larger[clearing->place_count++] = copy;
}

static void unmount_noted(struct clearing *clearing)
{
	raw_free(TAKE_PTR(clearing->tool.raw));
	for (size_t i = 0; i < clearing->place_count; i++) {
		if (umount(clearing->places[i]) < 0)
			failed(clearing, -errno, clearing->places[i]);
		free(clearing->places[i]);
	}
	free(TAKE_PTR(clearing->places));
	clearing->place_count = 0;
}

/* ---- of files ---- */

struct found {
	const struct raw_hierarchy *h;
	char *path;
};

static int by_depth(const void *a, const void *b)
{
	const struct found *left = a, *right = b;
	size_t l = strlen(left->path), r = strlen(right->path);

	/* What is below has a longer path. */
	return l < r ? 1 : l > r ? -1 : strcmp(left->path, right->path);
}

static void clear_groups(struct clearing *clearing, const struct cgconfig *config)
{
	struct found *list = NULL;
	size_t count = 0;

	for (size_t i = 0; i < config->groups.count; i++) {
		const struct cgconfig_group *group = &config->groups.items[i];

		for (size_t j = 0; j < group->controller_count; j++) {
			const char *name = group->controllers[j].name;
			struct found *larger = reallocarray(list, count + 1, sizeof(*larger));

			if (!larger) {
				failed(clearing, -ENOMEM, group->name);
				break;
			}
			list = larger;
			list[count].h = raw_find(clearing->tool.raw, name);
			list[count].path = cgapply_path(&clearing->tool, config, name, group);
			if (list[count].h && list[count].path && *list[count].path)
				count++;
			else
				free(list[count].path);
		}
	}
	if (count > 0)
		qsort(list, count, sizeof(*list), by_depth);
	for (size_t i = 0; i < count; i++) {
		clear_group(clearing, list[i].h, list[i].path, 0);
		free(list[i].path);
	}
	free(list);
}

static void clear_mounts(struct clearing *clearing, const struct cgconfig *config)
{
	for (size_t i = config->mounts.count; i > 0; i--) {
		const char *place = config->mounts.items[i - 1].value;

		for (size_t j = 0; j < clearing->tool.raw->hierarchy_count; j++) {
			const struct raw_hierarchy *h = &clearing->tool.raw->hierarchies[j];

			for (size_t k = 0; k < h->place_count && !h->tree.v2; k++)
				if (streq(h->places[k], place))
					note_mount(clearing, h, place);
		}
	}
}

static void clear_file(struct clearing *clearing, const char *path)
{
	_cleanup_(cgconfig_freep) struct cgconfig *config = NULL;
	int r = 0;
	int code = cgfiles_read(path, &config, &r);

	if (code) {
		fprintf(stderr, "%s failed with %s (%s)\n", clearing->tool.name, cg_text(code, r),
			path);
		clearing->status = EXIT_FAILED;
		return;
	}
	clear_groups(clearing, config);
	clear_mounts(clearing, config);
}

/* ---- the whole machine ---- */

static void clear_machine(struct clearing *clearing)
{
	bool systemd = access("/run/systemd/system", F_OK) == 0;

	for (size_t i = clearing->tool.raw->hierarchy_count; i > 0; i--) {
		const struct raw_hierarchy *h = &clearing->tool.raw->hierarchies[i - 1];

		if (systemd && (h->tree.v2 || raw_is_systemd(h)))
			continue;
		clear_group(clearing, h, "", RAW_RECURSIVE);
		for (size_t j = h->place_count; j > 0 && !h->tree.v2; j--)
			note_mount(clearing, h, h->places[j - 1]);
	}
}

static int look(struct clearing *clearing)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;

	if (!clearing->tool.host)
		return cgtool_look(&clearing->tool, false) ? EXIT_NOT_READY : 0;
	if (raw_open(clearing->tool.host, NULL, &clearing->tool.raw, &err) >= 0)
		return 0;
	fprintf(stderr, "%s failed with %s\n", clearing->tool.name, error_text(&err));
	return EXIT_NOT_READY;
}

/* No file at all: the machine. */
static int clear(struct clearing *clearing, const struct cgfiles *files, bool machine)
{
	size_t i = files->count;

	do {
		int status = i > 0 || machine ? look(clearing) : 0;

		if (status)
			return status;
		if (i > 0)
			clear_file(clearing, files->paths[--i]);
		else if (machine)
			clear_machine(clearing);
		unmount_noted(clearing);
	} while (i > 0);
	return clearing->status;
}

int compat_cgclear(int argc, char **argv)
{
	_cleanup_(option_list_done) struct option_list files = { 0 }, folders = { 0 };
	_cleanup_(cgfiles_done) struct cgfiles list = { 0 };
	struct clearing clearing = { 0 };
	const struct option options[] = {
		{ "empty", 'e', OPTION_FLAG, NULL, "Remove only groups without processes",
		  &clearing.only_empty },
		{ "load", 'l', OPTION_LIST, "FILE", "Take back this configuration file; repeatable",
		  &files },
		{ "load-directory", 'L', OPTION_LIST, "DIR",
		  "Take back a folder's files *.conf; repeatable", &folders },
	};
	const struct command_line line = {
		.usage = "[-h] [-l FILE] [-L DIR] [-e]",
		.summary = "Unload the cgroup filesystem: without -l and -L, all of the machine's",
		.options = options,
		.option_count = ARRAY_SIZE(options),
	};
	int first = cgtool_options(&clearing.tool, &line, argc, argv), status;

	if (first < 0)
		return cgtool_exit(first) == CG_EXIT_USAGE ? 1 : cgtool_exit(first);
	if (first < argc)
		return cgtool_usage(&clearing.tool, "\"%s\" is no option", argv[first]) > 0;
	status = cgfiles_list(&clearing.tool, &files, &folders, argv, &list);
	if (!status)
		status = clear(&clearing, &list, files.count + folders.count == 0);
	cgtool_done(&clearing.tool);
	return status;
}
