/* SPDX-License-Identifier: MIT */
/* What `reeve ps` shows: every process that runs, and the group of reeve that it is in. */
#pragma once

#include "cgroup/groups.h"
#include "core/observer.h"

#include <jansson.h>

struct process_list_options {
	const struct host *host;
	struct observer *observer; /* NULL: nothing is known but what a scan finds */
	const struct layout *layout;
	struct groups *groups; /* NULL: no placements */
};

/*
 * A list in order of process ids: each an event of type running as export/event-json.h writes it,
 * and "age" (ns), "placement" (a group, or null) and "known" {type, source, boottime}: since which
 * event. 0; as scan_processes(); -ENOMEM.
 */
int process_list(const struct process_list_options *options, json_t **ret_list, struct error *err);

/* The group that a process in these control groups is in, or NULL: the innermost. `v1` is a list
 * as in struct event. */
const char *placement_of(const struct layout *layout, struct groups *groups, struct slice v2,
			 struct slice v1);
