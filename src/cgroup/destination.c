// SPDX-License-Identifier: MIT
/*
 * Paths are those that the administrator gave, so nothing is taken for granted of what is there:
 * directories that are missing may be made, none is ever removed, and a controller that cannot be
 * enabled (its parent has processes of its own) does not keep the process from the group.
 */
#include "cgroup/destination.h"

#include "cgroup/internal.h"
#include "util/text.h"

#include <limits.h>

void destination_begin(struct destination *destination)
{
	destination->placement.count = 0;
	destination->placement.exits = NULL;
	destination->used = 0;
}

/* A copy with a NUL behind it, or NULL where it does not fit. */
static char *keep(struct destination *destination, const char *first, const char *second)
{
	char *at = destination->text + destination->used;
	size_t room = sizeof(destination->text) - destination->used;
	int n = snprintf(at, room, "%s%s", first, second);

	if (n < 0 || (size_t)n >= room)
		return NULL;
	destination->used += (size_t)n + 1;
	return at;
}

/* ---- which hierarchies ---- */

/* Those with controllers come first, then those that have names only. */
static const struct hierarchy *hierarchy_at(const struct layout *layout, size_t index)
{
	return index < layout->hierarchy_count ? &layout->hierarchies[index]
					       : &layout->named[index - layout->hierarchy_count];
}

static size_t count_all(const struct layout *layout)
{
	return layout->hierarchy_count + layout->named_count;
}

/* "name=mine" in "cpu,name=mine". */
static bool has_name(const struct hierarchy *h, struct slice name)
{
	for (const char *word = h->name; word; word = strchr(word, ',')) {
		word += *word == ',';
		if (slice_eq(name, (struct slice){ word, strcspn(word, ",") }))
			return true;
	}
	return false;
}

static int find_hierarchy(const struct layout *layout, struct slice name, uint32_t *ret_controller)
{
	enum controller controller;
	const struct hierarchy *found;

	*ret_controller = 0;
	if (controller_parse(name.data, name.size, &controller)) {
		found = layout_find(layout, controller);
		*ret_controller = UINT32_C(1) << controller;
		return found ? (int)(found - layout->hierarchies) : -ENODEV;
	}
	for (size_t i = 0; name.size > 0 && i < count_all(layout); i++)
		if (has_name(hierarchy_at(layout, i), name))
			return (int)i;
	return -ENODEV;
}

/* Controllers that are wanted in each hierarchy; bit 31 says that the hierarchy is. */
#define WANTED (UINT32_C(1) << 31)

static int find_all(const struct layout *layout, const char *controllers,
		    uint32_t wanted[static HIERARCHY_MAX])
{
	uint32_t controller;
	int r = 0, index;

	if (*controllers == '\0') {
		if (layout->v2 >= 0)
			wanted[layout->v2] = WANTED;
		return layout->v2 >= 0 ? 0 : -ENODEV;
	}
	if (streq(controllers, "*")) {
		for (size_t i = 0; i < count_all(layout); i++)
			wanted[i] = hierarchy_is_systemd(hierarchy_at(layout, i)) ? 0 : WANTED;
		return 0;
	}
	for (const char *word = controllers; word; word = strchr(word, ',')) {
		word += *word == ',';
		index = find_hierarchy(layout, (struct slice){ word, strcspn(word, ",") },
				       &controller);
		if (index < 0)
			r = index;
		else
			wanted[index] |= WANTED | controller;
	}
	return r;
}

/* ---- adding ---- */

static int add_seat(struct destination *destination, const struct hierarchy *h, const char *path,
		    uint32_t controllers)
{
	struct placement *placement = &destination->placement;
	struct placement_seat *seat = &placement->in[placement->count];
	const char *shown = path;

	if (placement_has(placement, h->id))
		return 0;
	if (!streq(h->mount_root, "/"))
		shown = keep(destination, h->mount_root, streq(path, "/") ? "" : path);
	if (!shown)
		return -ENAMETOOLONG;
	*seat = (struct placement_seat){
		.procs_fd = -1,
		.root_fd = h->fd,
		.below = path + 1,
		.hierarchy = h->id,
		.path = shown,
		.path_length = strlen(shown),
	};
	destination->controllers[placement->count++] = controllers & ~WANTED;
	return 0;
}

static bool leads_out(const char *path)
{
	for (const char *part = path; part; part = strchr(part, '/')) {
		size_t size;

		part += *part == '/';
		size = strcspn(part, "/");
		if (size == 2 && part[0] == '.' && part[1] == '.')
			return true;
	}
	return *path != '/';
}

int destination_add(struct destination *destination, const struct layout *layout,
		    const char *controllers, const char *path)
{
	uint32_t wanted[HIERARCHY_MAX] = { 0 };
	int r = find_all(layout, controllers, wanted);
	const char *kept;

	if (leads_out(path))
		return -EINVAL;
	kept = keep(destination, path, "");
	if (!kept)
		return -ENAMETOOLONG;
	for (size_t i = 0; i < count_all(layout); i++)
		if (wanted[i] &&
		    add_seat(destination, hierarchy_at(layout, i), kept, wanted[i]) < 0)
			return -ENAMETOOLONG;
	return r;
}

/* ---- making ---- */

static const struct hierarchy *hierarchy_of(const struct layout *layout,
					    const struct placement_seat *seat)
{
	for (size_t i = 0; i < count_all(layout); i++)
		if (hierarchy_at(layout, i)->id == seat->hierarchy)
			return hierarchy_at(layout, i);
	return NULL;
}

/* Where a parent has processes of its own, or is delegated, the kernel may refuse. */
static int enable(const struct layout *layout, const struct hierarchy *h, const char *path,
		  uint32_t controllers)
{
	uint32_t missing = controllers & ~tree_controllers(h, path, "cgroup.subtree_control");
	int failed = 0;

	for (unsigned i = 0; h->v2 && i < CONTROLLER_COUNT; i++) {
		char text[32];
		int r;

		if (!(missing >> i & 1))
			continue;
		snprintf(text, sizeof(text), "+%s", controller_name((enum controller)i, true));
		r = cgroup_write(layout, h, path, "cgroup.subtree_control", text);
		failed = failed ? failed : r;
	}
	return failed;
}

static int make_one(const struct layout *layout, const struct hierarchy *h, const char *path)
{
	int r;

	if (cgroup_path_id(h, path) != 0)
		return 0;
	r = layout->ops->make_dir(h->fd, path);
	if (r < 0)
		return r == -EEXIST ? 0 : r;
	if (!h->v2 && h->controllers & UINT32_C(1) << CONTROLLER_CPUSET)
		r = tree_fill_cpuset(layout, h, path);
	return r < 0 ? r : 1;
}

struct making {
	destination_made_fn made;
	void *userdata;
};

/* Level by level: "a", "a/b". */
static int make_below(const struct layout *layout, const struct hierarchy *h,
		      const struct placement_seat *seat, uint32_t controllers,
		      const struct making *making, struct error *err)
{
	const char *below = seat->below;
	char path[PATH_MAX];
	size_t size = 0;
	int made = 0, r;

	if (strlen(below) >= sizeof(path))
		return error_set(err, -ENAMETOOLONG, "the path %.80s... is too long", below);
	while (below[size] != '\0') {
		memcpy(path, below, size);
		path[size] = '\0';
		/* What cannot be enabled is missing in the group; the group can be had. */
		r = enable(layout, h, path, controllers);
		if (r < 0)
			error_set_errno(err, r, "cannot enable all controllers below %s/%s",
					h->mount_point, path);
		size += below[size] == '/';
		size += strcspn(below + size, "/");
		memcpy(path, below, size);
		path[size] = '\0';
		r = make_one(layout, h, path);
		if (r < 0)
			return error_set_errno(err, r, "cannot make the group %s/%s",
					       h->mount_point, path);
		if (r > 0 && making->made)
			making->made(seat, path, making->userdata);
		made += r;
	}
	return made;
}

int destination_make(const struct destination *destination, const struct layout *layout,
		     destination_made_fn tell, void *userdata, struct error *err)
{
	const struct making making = { tell, userdata };
	const struct placement *placement = &destination->placement;
	int made = 0, failed = 0;

	for (size_t i = 0; i < placement->count; i++) {
		const struct hierarchy *h = hierarchy_of(layout, &placement->in[i]);
		int r = h ? make_below(layout, h, &placement->in[i], destination->controllers[i],
				       &making, err)
			  : -ENODEV;

		if (r < 0)
			failed = failed ? failed : r;
		else
			made += r;
	}
	return failed ? failed : made;
}

bool destination_has(const struct layout *layout, const struct placement_seat *seat,
		     const char *controller)
{
	uint32_t ignored;
	int index = find_hierarchy(layout, slice_of(controller), &ignored);

	return index >= 0 && hierarchy_at(layout, (size_t)index)->id == seat->hierarchy;
}

int destination_write(const struct layout *layout, const struct placement_seat *seat,
		      const char *path, const char *file, const char *value)
{
	const struct hierarchy *h = hierarchy_of(layout, seat);

	return h ? cgroup_write(layout, h, path, file, value) : -ENODEV;
}
