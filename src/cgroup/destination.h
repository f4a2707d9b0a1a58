/* SPDX-License-Identifier: MIT */
/*
 * A control group that is not of an instance, by its path in some hierarchies, as something to move
 * processes into. It is opened anew for each move: others make, remove and make it again.
 */
#pragma once

#include "cgroup/groups.h"

enum { DESTINATION_TEXT = 2 * 4096 };

struct destination {
	struct placement placement;	     /* of all that was added; borrows from here */
	uint32_t controllers[HIERARCHY_MAX]; /* that were asked for by name, of each seat */
	size_t used;
	char text[DESTINATION_TEXT];
};

void destination_begin(struct destination *destination);

/*
 * Adds the group at `path` ("/students", "/" for the root) in the hierarchies of `controllers`:
 * "cpu,memory", "name=mine", "*" for every one but systemd's own, "" for v2's. A hierarchy that was
 * added before keeps its path. -ENODEV where a controller is in no mounted hierarchy (the others
 * are added), -ENAMETOOLONG where the paths do not fit, -EINVAL for one that leads out. No
 * allocation.
 */
int destination_add(struct destination *destination, const struct layout *layout,
		    const char *controllers, const char *path);

/*
 * Makes what is missing of it, with the directories above it; on v2 the controllers that were
 * asked for are enabled down to it where they can be (else `err` says so). Returns the number of
 * directories made, or the first error; in the hierarchies where it could be made it is there.
 */
typedef void (*destination_made_fn)(const struct placement_seat *seat, const char *path,
				    void *userdata);
/* `made` (may be NULL) is told of each directory that was made, "a" before "a/b". */
int destination_make(const struct destination *destination, const struct layout *layout,
		     destination_made_fn made, void *userdata, struct error *err);

/* Whether the controller is in the hierarchy of a seat. */
bool destination_has(const struct layout *layout, const struct placement_seat *seat,
		     const char *controller);
/* Writes a file of a directory below. 0 or -errno. */
int destination_write(const struct layout *layout, const struct placement_seat *seat,
		      const char *path, const char *file, const char *value);
