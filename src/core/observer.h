/* SPDX-License-Identifier: MIT */
/*
 * The observer: takes the best source that works, feeds the process table, heals it after losses
 * by a rescan, replaces a source that fails by the next, and hands complete events to its sink.
 * `reeved` has one for its subscribers, `reeve watch` without a daemon has its own.
 */
#pragma once

#include "model/event.h"
#include "model/process-table.h"
#include "source/source.h"

#include <systemd/sd-event.h>

struct observer;

struct observer_options {
	const char *source; /* a name, or NULL or "auto" */
	const char *path;   /* replay: the file */
	uint32_t types;	    /* wanted by the sink */
	bool seed; /* scan at start, so that parents and programs are known from the first event */
	bool tell_running; /* hand out what the first scan finds, too (--since-start) */
	const char *const *environment;
	size_t environment_count;
	size_t buffer;
	struct event_sink sink; /* events are enriched; GAP and SOURCE records come too */
	/* The source has no more (end of a replay), or none works any more; may be NULL. */
	void (*ended)(int result, void *userdata);
};

/*
 * Opens a source and begins; events come from the loop of `event`. -EOPNOTSUPP: none works (the
 * sentence says why for each); -EINVAL: no such source.
 */
int observer_new(const struct host *host, sd_event *event, const struct observer_options *options,
		 struct observer **ret_observer, struct error *err);
void observer_free(struct observer *observer);
DEFINE_CLEANUP(struct observer *, observer_free);

/* What is wanted from now on. When it was nothing before, the table is seeded anew. */
int observer_set_types(struct observer *observer, uint32_t types, struct error *err);

const struct process_table *observer_table(const struct observer *observer);
/* The source in use, or NULL after all have failed. */
const struct source *observer_source(const struct observer *observer);

struct observer_counters {
	uint64_t events, gaps, lost, rescans, repaired, replaced;
};
const struct observer_counters *observer_counters(const struct observer *observer);
