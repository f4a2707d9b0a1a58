/* SPDX-License-Identifier: MIT */
/*
 * The machine's cgroups as they are, all of them: what libcgroup's commands look at and change.
 * Nothing is recorded and nobody owns anything; groups.h is for what reeve makes for itself.
 *
 * A group's path is relative to the top of its hierarchy, without '/' at either end, "" for the top
 * (raw_path() makes that of what a user wrote).
 */
#pragma once

#include "cgroup/layout.h"
#include "cgroup/ops.h"
#include "util/text.h"

struct raw_hierarchy {
	struct hierarchy
		tree; /* v2, fd, mount_point, mount_root, read_only; no more is filled in */
	char **names; /* "cpu", "name=x" for one without controllers; of v2: the top's */
	size_t name_count;
	char **places; /* every mount point, as mountinfo has them */
	size_t place_count;
	unsigned major, minor;
};

/* A row of /proc/cgroups. */
struct raw_controller {
	char *name;
	unsigned hierarchy; /* 0: in v2, or nowhere */
	bool enabled;
};

struct raw {
	const struct host *host; /* borrowed */
	const struct cgroup_ops *ops;
	struct raw_hierarchy *hierarchies; /* in the order of mounting */
	size_t hierarchy_count;
	struct raw_controller *known;
	size_t known_count;
};

/* Looks at the host; no hierarchy at all is no error. `ops` NULL: the kernel's. */
int raw_open(const struct host *host, const struct cgroup_ops *ops, struct raw **ret_raw,
	     struct error *err);
void raw_free(struct raw *raw);
DEFINE_CLEANUP(struct raw *, raw_free);

/* The hierarchy that has a controller; "cgroup" and "" are v2's own. NULL: none that is mounted. */
const struct raw_hierarchy *raw_find(const struct raw *raw, const char *controller);
const struct raw_hierarchy *raw_find_v2(const struct raw *raw);
bool raw_has_name(const struct raw_hierarchy *h, const char *name);
/* systemd's own tree, which "all hierarchies" leaves alone. */
bool raw_is_systemd(const struct raw_hierarchy *h);

/* ---- raw-group.c ---- */

/* -EINVAL: a part is "..". "/", "." and "" are the top. */
int raw_path(const char *given, char **ret_path);

bool raw_exists(const struct raw_hierarchy *h, const char *path);

/*
 * Makes a group and those above it. Returns how many directories were made (the last parts of the
 * path), or -errno; then none of them is there.
 */
int raw_make(const struct raw *raw, const struct raw_hierarchy *h, const char *path);

/* Takes the directories of a raw_make() away again, the deepest first, if they are empty. */
void raw_unmake(const struct raw *raw, const struct raw_hierarchy *h, const char *path, int made);

/* v2: has the group offered a controller by all above it. 0, or -errno with who refused. */
int raw_enable(const struct raw *raw, const struct raw_hierarchy *h, const char *path,
	       const char *controller, struct error *err);

/* The whole text of a file of the group. */
int raw_read(const struct raw_hierarchy *h, const char *path, const char *file, char **ret_text);
/* One write(2). -ENOENT: no such group or file. */
int raw_write(const struct raw *raw, const struct raw_hierarchy *h, const char *path,
	      const char *file, const char *text);

struct raw_file {
	char *name;
	unsigned mode; /* permission bits */
};
struct raw_files {
	struct raw_file *items;
	size_t count;
};
/* The files of a controller ("cpu." begins their names), in the kernel's order. */
int raw_files(const struct raw_hierarchy *h, const char *path, const char *controller,
	      struct raw_files *ret_files);
void raw_files_done(struct raw_files *files);

/*
 * Moves a process with all its threads, or with 0 the caller itself, which may have but one:
 * then v1's `tasks` spares the wait that a move of another costs.
 */
int raw_attach(const struct raw *raw, const struct raw_hierarchy *h, const char *path, pid_t pid);

/*
 * Calls for the group and all below it, parents first, or children first with `upwards`. Stops at
 * the first negative answer. Groups that vanish meanwhile are passed over.
 */
typedef int (*raw_each)(void *context, const char *path);
int raw_walk(const struct raw_hierarchy *h, const char *path, bool upwards, raw_each each,
	     void *context);

enum raw_remove_flags {
	RAW_RECURSIVE = 1 << 0,
	RAW_ONLY_EMPTY = 1 << 1, /* leaves alone what holds processes */
};
/*
 * Moves the processes of the group, and of those below it, to the one above, and removes it.
 * -EBUSY: groups are below it, or (RAW_ONLY_EMPTY) processes in it; on v2 also where the one above
 * may hold no processes. The top itself stays.
 */
int raw_remove(const struct raw *raw, const struct raw_hierarchy *h, const char *path,
	       enum raw_remove_flags flags, struct error *err);
