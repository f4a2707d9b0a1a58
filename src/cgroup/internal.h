/* SPDX-License-Identifier: MIT */
/* What the modules of cgroup/ share about an instance and its groups. Not for other folders. */
#pragma once

#include "cgroup/groups.h"
#include "cgroup/ops.h"
#include "util/mountinfo.h"

#include <jansson.h>

/*
 * Where a group with child groups keeps its own processes when the kernel lets no group with
 * controllers enabled for its children hold any (v2's "no internal processes").
 */
#define LEAF_NAME "_"

/* How the names of cells begin (cell.h). */
#define CELL_PREFIX "reeve-cell."

/* A directory that we made, in the order of making. */
struct made {
	unsigned hierarchy; /* index in the layout */
	char *path;	    /* below the mount point, without a leading '/' */
	uint64_t id;	    /* inode number; 0: not known yet (recorded before it was made) */
};

/* v2 controllers that we enabled for the children of a group that is not ours. */
struct enabled {
	char *path; /* below the mount point, "" is the mount point itself */
	uint32_t controllers;
};

/* A file of `raw`, and what was in it before. */
struct kept {
	char *file;
	char *value; /* NULL: could not be read, so there is nothing to go back to */
};

struct group {
	char *name;
	struct groups *groups;
	struct group *parent; /* NULL: directly below the base */
	struct limits limits;
	uint32_t needs;	 /* hierarchies (1 << index) where its processes belong */
	uint32_t enable; /* v2 controllers that its children need */
	bool leaf;	 /* its processes are in the leaf */
	bool on_demand;
	bool implied; /* made for those below only, in this life of the daemon */
	struct {
		bool wanted; /* named by the specs that are being applied, or above one */
		bool spec;   /* has limits in the specs */
		bool named;  /* the same, or is below one that has */
		struct limits limits;
		uint32_t needs, enable;
	} next;		   /* what an apply is about to make of it */
	struct kept *kept; /* see LIMIT_RAW */
	size_t kept_count;
	struct placement *placement;
	uint64_t placed_ids[HIERARCHY_MAX]; /* inode numbers behind the placement */
	char *shown[HIERARCHY_MAX];	    /* the paths that group_path() lends */
	int clone_fd;
	struct tasks *tasks; /* opened when first asked for */
	struct group *next_retired;
};

struct tasks {
	size_t count;
	int fds[HIERARCHY_MAX];
};

/* A placement that a later apply replaced; somebody may still use it. */
struct retired {
	struct placement *placement;
	struct retired *next;
};

struct groups {
	const struct layout *layout;
	char *name;
	char *base[HIERARCHY_MAX];  /* below the mount point: "reeve"; NULL: not claimed yet */
	char *exits[HIERARCHY_MAX]; /* where processes go that leave: "" is the mount point */
	char *top;		    /* v2: nothing above it may be written; NULL: the mount point */
	bool claimed;		    /* systemd has been asked */
	struct placement_exits *leave;
	struct group **items; /* parents before children */
	size_t count;
	struct made *made;
	size_t made_count;
	json_t *out_of_sight; /* of the record: made in hierarchies that are not mounted now */
	struct enabled *enabled;
	size_t enabled_count;
	uint32_t dynmods;
	int runtime_fd, lock_fd;
	char *runtime_dir;
	char *written; /* the record as it is on disk, so that the same is not written twice */
	char *warning;
	struct retired *retired;
	struct group *retired_groups;
};

/* ---- layout.c ---- */
/* Opens a cgroup mount as a directory; -ENODEV where another mount hides it. */
int hierarchy_open_mount(const struct host *host, const struct mount_entry *entry, bool v2);
/* Whether a second mount of a hierarchy serves better than the one that is known. */
bool hierarchy_is_better(const struct mount_entry *entry, bool read_only,
			 const struct hierarchy *than);

/* ---- paths.c: names in hierarchies ---- */
char *cgroup_path_join(const char *a, const char *b); /* "a/b", or the one that is not empty */
char *cgroup_path_parent(const char *path);	      /* "" for one part */
/* "reeve/build" in a hierarchy; leaf: where its processes are, which may be one deeper. */
char *group_directory(const struct group *group, unsigned hierarchy, bool leaf);
/* The same as /proc/PID/cgroup shows it. */
char *cgroup_path_shown(const struct hierarchy *hierarchy, const char *path);
/* A file of a directory; the caller's buffer, -ENAMETOOLONG. */
int cgroup_path_file(char *buffer, size_t size, const char *directory, const char *file);
/* Inode number of a directory, or 0 if there is none. */
uint64_t cgroup_path_id(const struct hierarchy *hierarchy, const char *path);

/* Reads a file of a cgroup directory into `buffer`, trailing newline removed; as file_read_into. */
ssize_t cgroup_read(const struct hierarchy *hierarchy, const char *directory, const char *file,
		    char *buffer, size_t size);
int cgroup_write(const struct layout *layout, const struct hierarchy *hierarchy,
		 const char *directory, const char *file, const char *value);
/* "key value" lines, as in memory.events; false if there is no such key. */
bool cgroup_key(const char *text, const char *key, uint64_t *ret_value);

/* ---- tree.c: directories and controllers ---- */
/* Notes the directory, and those above it, where they are missing. Makes nothing. */
int tree_plan(struct groups *groups, unsigned hierarchy, const char *path);
/* Forgets notes of directories that are gone, or are not those that we made. */
void tree_prune(struct groups *groups);
/* A v1 cpuset takes its parent's processors and nodes where it has none. */
int tree_fill_cpuset(const struct layout *layout, const struct hierarchy *h, const char *path);
/* Makes what was noted from index `from` on. */
int tree_make(struct groups *groups, size_t from, struct error *err);
/* Removes what was noted from index `count` on, newest first, and the notes. */
void tree_undo(struct groups *groups, size_t count);
/* Whether it was noted as made, there or not. */
bool tree_is_noted(const struct groups *groups, unsigned hierarchy, const char *path);
bool tree_is_ours(const struct groups *groups, unsigned hierarchy, const char *path);
/* rmdir with bounded waits for the kernel to let go; the record of it goes too. */
int tree_remove(struct groups *groups, unsigned hierarchy, const char *path);
/* The controllers that a file of v2 lists, "cgroup.subtree_control" for one. */
uint32_t tree_controllers(const struct hierarchy *hierarchy, const char *path, const char *file);
/* Enables v2 controllers for the children of `path` and of everything above it. */
int tree_enable(struct groups *groups, const char *path, uint32_t controllers, struct error *err);
/* For the children of `path` alone. Each controller that can be is enabled; the first error. */
int tree_enable_here(struct groups *groups, const char *path, uint32_t controllers,
		     struct error *err);
/* Takes controllers other than these away from the children of a directory of ours. */
void tree_trim(struct groups *groups, const char *path, uint32_t keep);
/* Takes controllers that we enabled away again where nobody else is there to use them. */
void tree_disable(struct groups *groups);
int made_add(struct groups *groups, unsigned hierarchy, const char *path, uint64_t id);

/* ---- members.c ---- */
/* The pids in one directory's cgroup.procs, appended to an array. */
int members_read(const struct hierarchy *hierarchy, const char *path, pid_t **pids, size_t *count);
/* The same for everything below too. */
int members_read_below(const struct hierarchy *hierarchy, const char *path, pid_t **pids,
		       size_t *count);
/* Calls for each child directory's name; stops at the first negative answer. */
int children_each(const struct hierarchy *hierarchy, const char *path,
		  int (*each)(void *context, const char *name), void *context);
/* Moves all processes from one directory to another until none is left; 0, -EBUSY, -errno. */
int members_move(const struct groups *groups, unsigned hierarchy, const char *from, const char *to);

/* ---- groups.c ---- */
struct group *group_new(struct groups *groups, const char *name, struct group *parent);
void group_free(struct group *group);
DEFINE_CLEANUP(struct group *, group_free);
int groups_add(struct groups *groups, struct group *group);
/* Takes it out of the list; it is freed with the instance (a gate may still hold its placement). */
void groups_take_out(struct groups *groups, struct group *group);
/* Looks whether the group's own processes are in a leaf. */
void group_find_leaf(struct group *group);
/* v2 controllers enabled below a directory that is not of our making. */
uint32_t group_foreign_controllers(const struct group *group);
int groups_check_name(const char *name, struct error *err);
bool group_is_below(const struct group *group, const struct group *above);
/* The hierarchy that shows who is a member: v2, else v1's freezer, else the first; -1: none. */
int groups_main_hierarchy(const struct layout *layout);
uint32_t groups_needs_of(const struct groups *groups, const struct limits *limits);
/* v2 controllers that these limits need. */
uint32_t groups_enable_of(const struct layout *layout, const struct limits *limits);

/* ---- cell.c ---- */
/* Removes the cells in a directory that nobody is in; returns how many are left. */
size_t cells_remove(const struct layout *layout, const struct hierarchy *hierarchy,
		    const char *directory);

/* ---- placement.c ---- */
int placement_renew(struct group *group);
void placement_free(struct placement *placement);
void group_close_tasks(struct group *group);
int exits_open(struct groups *groups);
void exits_free(struct placement_exits *exits);

/* ---- remove.c ---- */
/* After an apply of all: what no spec wants goes, and so do hierarchies not needed any more. */
void groups_trim(struct groups *groups, struct group_problems *problems);

/* ---- base.c, systemd.c ---- */
/* Settles where the instance lives, in every hierarchy; asks systemd where that is its owner. */
int base_claim(struct groups *groups, struct error *err);
/* What of it is known without asking anybody. */
int base_resume(struct groups *groups);
/* `out`: where processes go that leave. */
int base_set(struct groups *groups, unsigned hierarchy, const char *base, const char *out);

/* ---- state.c ---- */
int groups_state_lock(struct groups *groups, struct error *err);
int groups_state_load(struct groups *groups, struct error *err);
int groups_state_save(struct groups *groups, struct error *err);
void groups_state_remove(struct groups *groups);

/* ---- state-limits.c ---- */
json_t *limits_to_record(const struct limits *limits);
/* -EBADMSG: not what limits_to_record() makes. */
int limits_from_record(const json_t *object, struct limits *ret_limits);

/* ---- problems.c ---- */
int group_problem_add(struct group_problems *problems, const char *group, enum limit limit,
		      const char *file, int code, const char *format, ...) _printf_(6, 7);
void group_problems_move(struct group_problems *to, struct group_problems *from);

/* ---- limits (limit.h has the tables) ---- */
/* Sets or resets every limit of a group; what did not work is in `problems`. -ENOMEM only. */
int limits_apply(struct group *group, struct group_problems *problems);

/* ---- freeze.c ---- */
/* v2: waits until cgroup.events says so; 0, -ETIMEDOUT, -errno. */
int group_wait_event(const struct hierarchy *hierarchy, const char *path, const char *key,
		     uint64_t wanted, int timeout_ms);
int freeze_directory(const struct layout *layout, const struct hierarchy *hierarchy,
		     const char *path, bool freeze, int timeout_ms);
