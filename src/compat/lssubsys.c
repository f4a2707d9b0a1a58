// SPDX-License-Identifier: MIT
/*
 * lssubsys: the controllers by hierarchy, in the order of /proc/cgroups. A controller that is
 * mounted nowhere as v1 (v2 has it, or nobody) is shown by -a alone, on a line of its own; it
 * keeps nobody from seeing the others, as it did in libcgroup.
 */
#include "compat/cgtool.h"
#include "compat/compat.h"

struct listing {
	struct cgtool tool;
	bool all, numbers, points, all_points;
	const char *const *wanted;
	size_t wanted_count;
};

static bool is_wanted(const struct listing *listing, const struct raw_hierarchy *h)
{
	if (listing->all || listing->wanted_count == 0)
		return true;
	for (size_t i = 0; i < listing->wanted_count; i++)
		if (raw_has_name(h, listing->wanted[i]))
			return true;
	return false;
}

static void print_hierarchy(const struct listing *listing, const struct raw_hierarchy *h,
			    unsigned number)
{
	_cleanup_(text_done) struct text names = { 0 };

	for (size_t i = 0; i < h->name_count; i++)
		if (strncmp(h->names[i], "name=", strlen("name=")) != 0)
			text_addf(&names, "%s%s", names.size ? "," : "", h->names[i]);
	if (!listing->points) {
		printf("%s", names.data);
		if (listing->numbers)
			printf(" %u", number);
		putchar('\n');
		return;
	}
	for (size_t i = 0; i < (listing->all_points ? h->place_count : 1); i++)
		printf("%s %s\n", names.data,
		       listing->all_points ? h->places[i] : h->tree.mount_point);
}

/* Whether an earlier row of /proc/cgroups is of the same hierarchy. */
static bool was_printed(const struct raw *raw, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (raw->known[i].hierarchy == raw->known[index].hierarchy)
			return true;
	return false;
}

/* v1's hierarchy that has the controller, or NULL. */
static const struct raw_hierarchy *find_v1(const struct raw *raw, const char *name)
{
	const struct raw_hierarchy *h = raw_find(raw, name);

	return h && !h->tree.v2 ? h : NULL;
}

static bool is_known(const struct raw *raw, const char *name)
{
	for (size_t i = 0; i < raw->known_count; i++)
		if (streq(raw->known[i].name, name))
			return true;
	return false;
}

static void print_unmounted(const struct raw *raw)
{
	const struct raw_hierarchy *v2 = raw_find_v2(raw);

	for (size_t i = 0; i < raw->known_count; i++)
		if (!find_v1(raw, raw->known[i].name))
			puts(raw->known[i].name);
	/* A kernel may have built v2's half of a controller alone; blkio is v2's io. */
	for (size_t i = 0; v2 && i < v2->name_count; i++)
		if (!is_known(raw, v2->names[i]) &&
		    !(streq(v2->names[i], "io") && is_known(raw, "blkio")))
			puts(v2->names[i]);
}

static void print_all(const struct listing *listing)
{
	const struct raw *raw = listing->tool.raw;

	if (listing->all)
		print_unmounted(raw);
	for (size_t i = 0; i < raw->known_count; i++) {
		const struct raw_hierarchy *h = find_v1(raw, raw->known[i].name);

		if (h && !was_printed(raw, i) && is_wanted(listing, h))
			print_hierarchy(listing, h, raw->known[i].hierarchy);
	}
}

int compat_lssubsys(int argc, char **argv)
{
	struct listing listing = { 0 };
	const struct option options[] = {
		{ "all", 'a', OPTION_FLAG, NULL, "Show those that are not mounted as v1, too",
		  &listing.all },
		{ "all-mount-points", 'M', OPTION_FLAG, NULL, "Show all mount points",
		  &listing.all_points },
		{ "hierarchies", 'i', OPTION_FLAG, NULL, "Show the hierarchies' numbers",
		  &listing.numbers },
		{ "mount-points", 'm', OPTION_FLAG, NULL, "Show mount points", &listing.points },
	};
	const struct command_line line = {
		.usage = "[-i] [-m] [-M] [controller] [...]\n[-a] [-i] [-m] [-M]",
		.summary = "List information about given controller(s); about all that are "
			   "mounted, if none is given",
		.options = options,
		.option_count = ARRAY_SIZE(options),
	};
	int first = cgtool_options(&listing.tool, &line, argc, argv), status;

	if (first < 0)
		return cgtool_exit(first);
	listing.points |= listing.all_points;
	listing.wanted = (const char *const *)(argv + first);
	listing.wanted_count = (size_t)(argc - first);
	status = cgtool_open(&listing.tool, true);
	if (!status)
		print_all(&listing);
	cgtool_done(&listing.tool);
	return status;
}
