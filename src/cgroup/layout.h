/* SPDX-License-Identifier: MIT */
/*
 * Which cgroup hierarchies this host has, found in mountinfo and checked by statfs, never by path.
 */
#pragma once

#include "util/error.h"
#include "util/host.h"

enum controller {
	CONTROLLER_CPU,
	CONTROLLER_CPUACCT,
	CONTROLLER_CPUSET,
	CONTROLLER_MEMORY,
	CONTROLLER_IO, /* v1: blkio */
	CONTROLLER_PIDS,
	CONTROLLER_HUGETLB,
	CONTROLLER_FREEZER, /* v2: part of the core */
	CONTROLLER_DEVICES, /* v2: BPF */
	CONTROLLER_RDMA,
	CONTROLLER_MISC,
	CONTROLLER_NET_CLS,
	CONTROLLER_NET_PRIO,
	CONTROLLER_PERF_EVENT,
	CONTROLLER_COUNT
};

enum layout_mode { LAYOUT_NONE, LAYOUT_V1, LAYOUT_V2, LAYOUT_HYBRID };

enum { HIERARCHY_MAX = 24, NAMED_MAX = 8 }; /* of all, and of those without controllers */

struct hierarchy {
	bool v2;
	unsigned id;	      /* the number in /proc/PID/cgroup; 0 is v2 */
	uint32_t controllers; /* 1 << enum controller */
	char *mount_point;
	char *mount_root; /* of mountinfo: what part of the hierarchy is mounted here; mostly "/" */
	char *name;	  /* as in /proc/PID/cgroup: "cpu,cpuacct", "" for v2 */
	int fd;		  /* directory, O_PATH */
	bool read_only;
	bool favordynmods; /* was set when we looked */
	char *own_path;	   /* /proc/self/cgroup's path in it; differs between hierarchies */
};

struct cgroup_ops;

struct layout {
	enum layout_mode mode;
	struct hierarchy hierarchies[HIERARCHY_MAX - NAMED_MAX]; /* controllers' and v2 */
	size_t hierarchy_count;
	/* v1, without controllers: "name=mine". Only what is told to go there does, and none of
	 * reeve's own groups. */
	struct hierarchy named[NAMED_MAX];
	size_t named_count;
	uint32_t available;	 /* controllers that can be used, in any hierarchy */
	uint32_t unmounted;	 /* known to /proc/cgroups, enabled, and in no mounted hierarchy */
	int v2;			 /* index of the v2 hierarchy, or -1 */
	bool systemd;		 /* systemd is PID 1 (/run/systemd/system is there) */
	const struct host *host; /* borrowed: outlives the layout */
	const struct cgroup_ops
		*ops; /* how directories are made and files written; tests fake it */
};

/*
 * Looks at the host. A host without any hierarchy is no error (mode LAYOUT_NONE). Returns 0,
 * -ENOMEM, or a negative errno when mountinfo cannot be read.
 */
int layout_detect(const struct host *host, struct layout **ret_layout, struct error *err);
void layout_free(struct layout *layout);
DEFINE_CLEANUP(struct layout *, layout_free);

/* systemd's own tree, which "all hierarchies" leaves alone. */
bool hierarchy_is_systemd(const struct hierarchy *h);

/* The hierarchy that has the controller, or NULL. On hybrid hosts a v1 one comes first. */
const struct hierarchy *layout_find(const struct layout *layout, enum controller controller);

/* Whether a hierarchy of another look at the host is in this one, with its controllers. */
bool layout_has(const struct layout *layout, const struct hierarchy *hierarchy);

const char *controller_name(enum controller controller, bool v2);
/* The controller of that name, v1's or v2's; false if there is none. */
bool controller_parse(const char *name, size_t length, enum controller *ret_controller);
const char *layout_mode_name(enum layout_mode mode); /* "v1", "v2", "hybrid", "none" */

/*
 * Mounts what /proc/cgroups knows and nothing has mounted, each v1 controller alone below
 * /sys/fs/cgroup (as cgroupfs-mount did), or cgroup2 there where nothing is mounted at all.
 * Only ever called when the user asks (`reeve mount`). Returns the number of mounts made.
 */
int layout_mount_missing(const struct host *host, struct error *err);

/*
 * Sets favordynmods where it is not set: on v2, which acts for all hierarchies (they share the
 * lock; v1 mounts refuse to be changed). `mask` is of the hierarchies in use; with 0 nothing is
 * done. Returns the mask of those changed (to be given to layout_restore_dynmods); kernels before
 * 6.0, and hosts without v2, give 0. Never fails for one hierarchy's sake.
 */
int layout_favor_dynmods(const struct layout *layout, uint32_t mask, struct error *err);
void layout_restore_dynmods(const struct layout *layout, uint32_t mask);
