/* SPDX-License-Identifier: MIT */
/*
 * The groups of one reeve instance: making them, holding them to their limits, moving processes,
 * freezing, killing, measuring, and removing only what was made.
 *
 * A group lives at <hierarchy>/<base>/<group name> in v2 (when mounted) and in each v1 hierarchy
 * one of whose controllers it needs. On a systemd host <base> is below the daemon's delegated unit
 * or a scope asked of systemd; elsewhere it is the instance's name.
 */
#pragma once

#include "cgroup/layout.h"
#include "model/limits.h"

#include <sys/types.h>

struct groups; /* all groups of an instance */
struct group;  /* one */

struct group_spec {
	const char *name; /* checked by the caller with group_name_check() */
	const struct limits *limits;
	bool on_demand; /* made when a rule first needed it: recorded, so that a later run knows */
};

/* One thing that did not work when limits were applied; the group is usable all the same. */
struct group_problem {
	char *group;	  /* owned */
	enum limit limit; /* LIMIT_COUNT: the group itself */
	char *file;	  /* "memory.limit_in_bytes"; owned, may be NULL */
	int code;	  /* negative errno; 0: a warning, the limit is or can be set */
	char *message;	  /* group, limit, file and errno in a sentence, and what to do; owned */
};
struct group_problems {
	struct group_problem *items;
	size_t count;
};
void group_problems_done(struct group_problems *problems);

/* The name of the instance whose groups a runtime folder records, for free(); NULL if none. */
char *groups_recorded_name(const char *runtime_dir);

/*
 * Opens the instance `name`: takes back what <runtime_dir>/state.json says was made by an earlier
 * run of the same boot. Makes nothing yet. `runtime_dir` may be NULL: nothing is recorded (tests).
 * -EBUSY: another process has the instance open (flock on state.lock in the runtime folder).
 * -EEXIST: the folder records groups of an instance with another name, and they are there.
 */
int groups_open(const struct layout *layout, const char *name, const char *runtime_dir,
		struct groups **ret_groups, struct error *err);
/* For a process that takes our place: it opens the instance while we still have it. Nothing is made
 * until groups_lock(), which is as groups_open(). */
void groups_unlock(const struct groups *groups);
int groups_lock(const struct groups *groups, struct error *err);
void groups_free(struct groups *groups); /* closes; removes nothing */
DEFINE_CLEANUP(struct groups *, groups_free);

/*
 * Makes the host agree with `specs`, all or nothing for making groups: creates what is missing,
 * sets every limit, puts every limit of ours that is not in a spec back to the kernel's default
 * (also those changed by hand), removes empty groups of ours that are in no spec (one with
 * processes stays until it is empty, and is told as a problem with -EBUSY). v2 controllers are
 * enabled down the tree as needed, cpuset files filled before anything enters. A limit that cannot
 * be set is added to `problems`; the old value stays and the group is usable. Returns 0, or a
 * negative errno when groups could not be made (then what was made is undone).
 */
int groups_apply(struct groups *groups, const struct group_spec *specs, size_t count,
		 struct group_problems *problems, struct error *err);

/* The same for one more group (`reeve group create`, `reeve run --ram ...`), or one's new limits.
 */
int groups_apply_one(struct groups *groups, const struct group_spec *spec,
		     struct group_problems *problems, struct error *err);

/* Which limits this host could not set and why, without touching anything (for `reeve check`). */
int groups_check(const struct layout *layout, const struct group_spec *specs, size_t count,
		 struct group_problems *problems, struct error *err);

/*
 * Frees the placements that applies and removals replaced. Call it when nothing uses a snapshot
 * that is older than the last groups_apply(), _apply_one() or group_remove().
 */
void groups_release_retired(struct groups *groups);
/* Whether there are any. */
bool groups_have_retired(const struct groups *groups);

/* What was wrong with the record of the last run ("was damaged, put aside as ..."), or NULL. */
const char *groups_warning(const struct groups *groups);

/* The mask of layout_favor_dynmods(), recorded so that a later run can undo it after a crash.
 * groups_open() leaves what an earlier run left over in it. */
int groups_record_dynmods(struct groups *groups, uint32_t mask, struct error *err);
uint32_t groups_recorded_dynmods(const struct groups *groups);
/* The hierarchies in which groups are: for layout_favor_dynmods(). */
uint32_t groups_hierarchies(const struct groups *groups);

/* The layout that they were opened with. */
const struct layout *groups_layout(const struct groups *groups);
/* 0, or -EBUSY where there are groups: they are where the old one says. */
int groups_change_layout(struct groups *groups, const struct layout *layout);
struct group *groups_find(struct groups *groups, const char *name);
size_t groups_count(const struct groups *groups);
struct group *groups_at(struct groups *groups, size_t index);

const char *group_name(const struct group *group);
/* Until an apply of all names it as one that is not. */
bool group_is_on_demand(const struct group *group);
const struct limits *group_limits(const struct group *group);
/* The path of the group in a hierarchy, as /proc/PID/cgroup shows it, or NULL if not in it. */
const char *group_path(const struct group *group, const struct hierarchy *hierarchy);

/* ---- moving: what the gate uses. No allocation, no lock, no open by name. ---- */

/*
 * v1 hierarchies that a group does not need, but another group of the instance may: a process that
 * comes from that group must not keep its limits there. Who is below `prefix` is moved out.
 */
struct placement_exits {
	size_t count;
	struct {
		int procs_fd; /* of the directory above the instance's */
		unsigned hierarchy;
		char *prefix; /* "/reeve/" */
		size_t prefix_length;
		char *path; /* where they go, as /proc/PID/cgroup shows it */
		size_t path_length;
	} from[HIERARCHY_MAX];
};

struct placement_seat {
	int procs_fd;	    /* cgroup.procs, O_WRONLY; -1: opened below `root_fd` for each move */
	int root_fd;	    /* borrowed */
	const char *below;  /* "students", "" for the root */
	unsigned hierarchy; /* the number in /proc/PID/cgroup */
	const char *path;   /* as /proc/PID/cgroup shows it; owned by the group */
	size_t path_length;
};

/*
 * The cgroup.procs descriptors of a group. A placement stays usable until
 * groups_release_retired() or groups_free(), also when the group is changed or removed meanwhile.
 */
struct placement {
	size_t count;
	const struct placement_exits *exits; /* shared by the instance's groups; may be NULL */
	struct placement_seat in[HIERARCHY_MAX];
};
const struct placement *group_placement(const struct group *group);
/* True if a move into the placement writes that hierarchy's cgroup.procs. */
bool placement_has(const struct placement *placement, unsigned hierarchy);

enum { MEMBERSHIP_SIZE = 8192 };
/* Where a process was: the text of /proc/PID/cgroup. */
struct membership {
	size_t size;
	char text[MEMBERSHIP_SIZE];
};

/* Reads it without allocation. 0, -ESRCH (gone), -EFBIG, other -errno. */
int membership_read(const struct host *host, pid_t pid, struct membership *ret_membership);

/* The path in hierarchy `id` ("0" is v2), borrowed from the text; false if there is no such line.
 */
bool membership_path(const struct membership *membership, unsigned id, const char **ret_path,
		     size_t *ret_length);

/*
 * Moves a process (all its threads) into the group, in every hierarchy of the placement in which
 * `was` (may be NULL: unknown) does not already have it there. Returns the number of hierarchies
 * written, or the first error: -ESRCH (gone), -EBUSY, -EINVAL (realtime task in a v1 cpu group
 * without budget; kernel thread), -ENODEV (group removed), -EAGAIN (pids: fork limits are not
 * checked on moves, so this is rare).
 */
int placement_move(const struct placement *placement, pid_t pid, const struct membership *was);

/*
 * Puts a process back where `was` says, but only in those hierarchies in which it now is in the
 * group of `placement` (somebody else's later move stands). 0 or -errno.
 */
int placement_move_back(const struct layout *layout, const struct host *host,
			const struct placement *placement, pid_t pid, const struct membership *was);

/* ---- the rest ---- */

/* Processes in the group itself, or in it and all below it; owned array. */
int group_members(const struct group *group, bool recursive, pid_t **ret_pids, size_t *ret_count);

/*
 * v2: cgroup.freeze, v1: freezer.state. Waits up to timeout_ms; -ETIMEDOUT when not all froze. With
 * a timeout of 0 it is a step that does not wait: to be called again, at that.
 */
int group_freeze(struct group *group, bool freeze, int timeout_ms, struct error *err);
int group_is_frozen(const struct group *group); /* 1, 0, -errno */

/*
 * SIGKILL to all in the group and below. v2: cgroup.kill (5.14); else freeze, kill each, thaw.
 * Returns when all are gone or -ETIMEDOUT.
 */
int group_kill(struct group *group, int timeout_ms, struct error *err);

/* The same in steps that do not wait, for an event loop; begins as zero. */
struct group_killing {
	bool begun, by_hand;
	uint64_t frozen_ns; /* CLOCK_MONOTONIC, when the freeze before the kill began */
};
/* Returns 1 when all are gone, 0 when it is to be called again in some milliseconds, or -errno. */
int group_kill_step(struct group *group, struct group_killing *killing, struct error *err);
/* When it is given up: thaws what a step had frozen. */
void group_kill_stop(struct group *group, struct group_killing *killing);
/* The sentence for it: -ETIMEDOUT. */
int group_kill_late(const struct group *group, int timeout_ms, struct error *err);

struct group_usage {
	uint32_t known;	 /* bits by the order of the fields below */
	uint64_t cpu_ns; /* processor time of the whole life of the group */
	uint64_t throttled_ns;
	uint64_t memory; /* bytes now */
	uint64_t memory_peak;
	uint64_t swap;
	uint64_t pids;
	uint64_t oom_kills;
	uint64_t memory_max_hits; /* times the limit was met */
	uint64_t pids_max_hits;	  /* forks refused */
	uint64_t io_read, io_written;
	/* In which some of it waited for a processor, memory, or io; v2 where the kernel has PSI.
	 */
	uint64_t cpu_stall_ns, memory_stall_ns, io_stall_ns;
};
enum usage_bit {
	USAGE_CPU = 1 << 0,
	USAGE_THROTTLED = 1 << 1,
	USAGE_MEMORY = 1 << 2,
	USAGE_MEMORY_PEAK = 1 << 3,
	USAGE_SWAP = 1 << 4,
	USAGE_PIDS = 1 << 5,
	USAGE_OOM_KILLS = 1 << 6,
	USAGE_MEMORY_MAX_HITS = 1 << 7,
	USAGE_PIDS_MAX_HITS = 1 << 8,
	USAGE_IO_READ = 1 << 9,
	USAGE_IO_WRITTEN = 1 << 10,
	USAGE_CPU_STALL = 1 << 11,
	USAGE_MEMORY_STALL = 1 << 12,
	USAGE_IO_STALL = 1 << 13,
};
int group_usage(const struct group *group, struct group_usage *ret_usage);
/* Of these figures only (enum usage_bit): each is a file to be read. */
int group_usage_of(const struct group *group, uint32_t wanted, struct group_usage *ret_usage);

/*
 * Removes a group of ours and those below it. Processes in it are moved to the parent group
 * first where `evacuate`, else -EBUSY. Frozen ones are thawed before.
 */
int group_remove(struct groups *groups, const char *name, bool evacuate, struct error *err);
/*
 * After a group of that name went: those above it go too that nobody named, as long as they are
 * empty. What was made before the daemon took its state over counts as named.
 */
void groups_remove_above(struct groups *groups, const char *name);

/*
 * `reeve clean`: moves every process of our groups out (to where each hierarchy's base's parent
 * is), thaws, removes all groups that were recorded as made by us, and the record. Returns the
 * number of groups removed, or -errno; what could not be removed is in `problems`, and so is a
 * folder of the instance's name with groups in it that nobody has recorded.
 */
int groups_clean(struct groups *groups, struct group_problems *problems, struct error *err);

/* Directory descriptor for CLONE_INTO_CGROUP (v2), or -1 when there is no v2. Borrowed. */
int group_clone_fd(const struct group *group);
/*
 * v1 `tasks` descriptors (O_WRONLY): a single-threaded child that writes "0" to each enters the
 * group without the global lock (facts: 17 times faster when cold). Returns how many; borrowed.
 */
size_t group_tasks_fds(const struct group *group, int *fds, size_t room);
