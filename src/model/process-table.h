/* SPDX-License-Identifier: MIT */
/*
 * The process table: every process that lives, by (pid, start time), never by a bare pid. Seeded
 * by a scan, kept by events, repaired by a scan after a loss. Events gain from it what their
 * source cannot know (parent's id, program of a process that exits, how long it lived).
 */
#pragma once

#include "model/event.h"

struct process_table;

struct process {
	struct process_id id;	     /* of its last execution */
	struct process_id parent_id; /* who made it, as it was then; not who adopted it later */
	uint32_t ppid;		     /* the parent that was last told */
	uint32_t uid, gid, euid, egid;
	uint32_t known;		 /* which of these are known: PROCESS_*_KNOWN */
	uint64_t start_ns;	 /* since boot */
	uint64_t cgroup_id;	 /* of `cgroup`; 0: unknown */
	uint32_t execs;		 /* since it is known */
	uint32_t pid_ns, mnt_ns; /* 0: unknown */
	uint8_t since;		 /* enum event_type of the event since which it is known */
	uint8_t source;		 /* and its source */
	uint64_t since_ns;	 /* and when (boottime) */
	struct slice exe, comm, cgroup, cgroup_v1; /* held by the table; size 0: unknown */
	struct slice container_runtime, container_id, pod;
};

enum {
	PROCESS_PPID_KNOWN = 1 << 0,
	PROCESS_USER_KNOWN = 1 << 1,  /* uid */
	PROCESS_GROUP_KNOWN = 1 << 2, /* gid */
	PROCESS_EUID_KNOWN = 1 << 3,
	PROCESS_EGID_KNOWN = 1 << 4,
	PROCESS_START_KNOWN = 1 << 5,  /* else id.start is a guess: when it was first heard of */
	PROCESS_PARENT_KNOWN = 1 << 6, /* parent_id */
	PROCESS_GROUPS_KNOWN = 1 << 7, /* then a container_runtime of size 0 is the host */
};

/* `boot`: first 32 bits of the boot id, for ids. -ENOMEM. */
int process_table_new(uint32_t boot, struct process_table **ret_table);
void process_table_free(struct process_table *table);
DEFINE_CLEANUP(struct process_table *, process_table_free);

/*
 * Takes an event in and fills in what the event does not know and the table does: exec_id,
 * parent_id, ppid, start, exe, comm, user ids, cgroup, container, namespaces; on exit duration and
 * execs. Container fields are derived from the cgroup fields where these are known. An exit takes
 * the process out (the slices in `event` hold until the next call). An event whose start time
 * contradicts the entry of that pid replaces it: the id was reused. A late event of a process that
 * is known to have ended does not bring it back.
 * A source that does not know start times leaves `start` unknown: an event's time is enough to tell
 * a reused pid from a late event, as long as forks and exits are told.
 * Returns 0; 1 for a RUNNING record that is no news (see repair below); or -ENOMEM (the event is
 * then as it came, and `counters.failed` says so).
 */
int process_table_apply(struct process_table *table, struct event *event);

/* The process of that id, or NULL. Holds until the next apply; so does a process whose exit was
 * just applied. */
const struct process *process_table_find(const struct process_table *table, uint32_t pid);
size_t process_table_size(const struct process_table *table);
/* Calls `function` for every process in order of pid until it returns non-zero; that result. */
int process_table_each(const struct process_table *table,
		       int (*function)(const struct process *process, void *userdata),
		       void *userdata);
/*
 * True if `pid` is `ancestor` or descends from it, by who made whom: whoever in between has ended
 * (model/lineage.h has the bounds), and whoever adopted it then. The first form takes whoever had
 * the ancestor's pid; the second looks at start times (of the id; 0: any), so that a tree can be
 * followed on after its root has ended.
 */
bool process_table_descends(const struct process_table *table, uint32_t pid, uint32_t ancestor);
bool process_table_in_tree(const struct process_table *table, uint32_t pid,
			   const struct process_id *root);

/*
 * A repair: between begin and end, EVENT_RUNNING records of a scan are applied; at the end every
 * process that was there before begin, and that no event since has shown alive, is taken out, and
 * told to `sink` (may be NULL) as an inferred exit with the time of the last event. Returns how
 * many.
 * process_table_apply() returns 1 for a RUNNING record that is no news: the process was known, and
 * nothing that was known of it is otherwise (it runs the same program for the same user in the same
 * group; its parent may have ended). It may have told something that was not known.
 */
void process_table_repair_begin(struct process_table *table);
size_t process_table_repair_end(struct process_table *table, const struct event_sink *sink);

struct process_table_counters {
	uint64_t failed;  /* events that memory was missing for */
	uint64_t late;	  /* events of processes that had ended already */
	uint64_t reused;  /* pids that were taken over without an exit having been seen */
	uint64_t unknown; /* exits and changes of processes that were not known */
};
const struct process_table_counters *process_table_counters(const struct process_table *table);
