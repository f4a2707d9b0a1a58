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
	struct process_id id; /* of its last execution */
	struct process_id parent_id;
	uint32_t ppid, uid, gid, euid, egid;
	uint32_t known;	   /* which of the numbers above are known: PROCESS_*_KNOWN */
	uint64_t start_ns; /* since boot */
	uint32_t execs;	   /* since it is known */
	uint32_t pid_ns, mnt_ns;
	uint8_t since;	   /* enum event_type of the event since which it is known */
	uint8_t source;	   /* and its source */
	uint64_t since_ns; /* and when (boottime) */
	struct slice exe, comm, cgroup, cgroup_v1; /* held by the table; size 0: unknown */
	struct slice container_runtime, container_id, pod;
};

enum { PROCESS_PPID_KNOWN = 1, PROCESS_USER_KNOWN = 2, PROCESS_EUID_KNOWN = 4 };

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
 * Returns 0, or -ENOMEM (the event is then as it came, and `counters.failed` says so).
 */
int process_table_apply(struct process_table *table, struct event *event);

/* The process of that id, or NULL. Holds until the next apply. */
const struct process *process_table_find(const struct process_table *table, uint32_t pid);
size_t process_table_size(const struct process_table *table);
/* Calls `function` for every process in order of pid until it returns non-zero; that result. */
int process_table_each(const struct process_table *table,
		       int (*function)(const struct process *process, void *userdata),
		       void *userdata);
/* True if `pid` is `ancestor` or descends from it. */
bool process_table_descends(const struct process_table *table, uint32_t pid, uint32_t ancestor);

/*
 * A repair: between begin and end, EVENT_RUNNING records of a scan are applied; at the end every
 * process that was there before begin, and that no event since has shown alive, is taken out, and
 * told to `sink` as an inferred exit. process_table_apply() returns 1 for a RUNNING record that
 * changed nothing (the process was known as it is), so that only news are told.
 */
void process_table_repair_begin(struct process_table *table);
size_t process_table_repair_end(struct process_table *table, const struct event_sink *sink);

struct process_table_counters {
	uint64_t failed;  /* events that memory was missing for */
	uint64_t reused;  /* pids that were taken over without an exit having been seen */
	uint64_t unknown; /* exits and changes of processes that were not known */
};
const struct process_table_counters *process_table_counters(const struct process_table *table);
