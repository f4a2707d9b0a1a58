/* SPDX-License-Identifier: MIT */
/*
 * The observer: takes the best source that works, feeds the process table, heals it after losses
 * by a rescan, replaces a source that fails by the next, and hands complete events to its sink.
 * `reeved` has one for its subscribers, `reeve watch` without a daemon has its own.
 *
 * The table is kept only while something needs it: what is wanted besides executions, a filter by
 * trees, or `seed`. Who wants executions alone has them as the source tells them, at a third of
 * the cost.
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
	uint32_t plain;	    /* see observer_set_plain() */
	bool seed; /* scan at start, so that parents and programs are known from the first event */
	bool tell_running; /* hand out what the first scan finds, too (--since-start) */
	const char *const *environment;
	size_t environment_count;
	size_t buffer;
	bool beside; /* another daemon observes yet: only a source that does not disturb its own */
	uint32_t urgent;	/* EVENT_BIT()s that are told at once; others may wait some 20 ms */
	struct event_sink sink; /* events are enriched; GAP and SOURCE records come too */

	/* All with the sink's userdata; each may be NULL. */
	/* The table was seeded, or seeded anew: trees begin from here. */
	void (*seeded)(void *userdata);
	/* The end of a turn in which something was told: what was gathered can be handed on. */
	void (*rest)(void *userdata);
	/* What a gap had swallowed was looked for; `found` processes were news. */
	void (*healed)(size_t found, void *userdata);
	/* The source has no more (end of a replay), or none works any more. */
	void (*ended)(int result, void *userdata);
};

/*
 * Opens a source and begins; events come from the loop of `event`, never from within this call.
 * -EOPNOTSUPP: none works (the sentence says why for each); -EINVAL: no such source. A source that
 * is named is the only one tried, and is not replaced when it fails.
 */
int observer_new(const struct host *host, sd_event *event, const struct observer_options *options,
		 struct observer **ret_observer, struct error *err);
/* Not from within the sink. */
void observer_free(struct observer *observer);
DEFINE_CLEANUP(struct observer *, observer_free);

/* Of these, what the source itself says is enough: where nothing else is wanted no table is kept
 * for them, and the source need not tell of forks and exits. Before observer_set_types(). */
void observer_set_plain(struct observer *observer, uint32_t types);
/*
 * What is wanted from now on. When the table is needed and was not kept before, it is seeded, here
 * and now; nothing of that is told.
 */
int observer_set_types(struct observer *observer, uint32_t types, struct error *err);

/* Hands out what the source holds, for a bounded time; since when there may be more
 * (CLOCK_BOOTTIME). Not from within the sink. */
uint64_t observer_catch_up(struct observer *observer);
/*
 * What was told last, for a daemon that goes on from there with a source of its own. Two sources
 * see one event at two moments, microseconds apart: so the last ones go by what they are.
 */
enum { OBSERVER_LAST = 32 };
struct observer_told {
	uint64_t until; /* boottime of the youngest; 0: not known */
	struct {
		uint32_t type, pid;
	} last[OBSERVER_LAST];
};
void observer_told(const struct observer *observer, struct observer_told *ret_told);
/* Of what the source tells, these and all before were told by another one. Before anything is. */
void observer_tell_from(struct observer *observer, const struct observer_told *told);
/* Nobody looked before this observer did, since `from`: a gap record that is counted. What has come
 * by then is for the owner to look at. */
void observer_tell_blind(struct observer *observer, uint64_t from, const char *reason);

/* Hands all that runs now to `sink` alone, complete, as RUNNING records. 0; as scan_processes(). */
int observer_list(struct observer *observer, const struct event_sink *sink, struct error *err);

/* NULL while none is kept. Another one after each `seeded`. */
const struct process_table *observer_table(const struct observer *observer);
/* The source in use, or NULL after all have failed. */
const struct source *observer_source(const struct observer *observer);

/* True when the loop has found its source readable, and not dispatched it yet. */
bool observer_is_readable(const struct observer *observer);

enum { OBSERVER_TEXT = 2048 };
/* Which source is used, how, and why none before it is: a sentence. */
void observer_describe(const struct observer *observer, char text[static OBSERVER_TEXT]);

/* Why those before it were not taken, or have been left. */
struct observer_refusal {
	const char *source;
	char *reason; /* a sentence */
};
const struct observer_refusal *observer_refusals(const struct observer *observer,
						 size_t *ret_count);

struct observer_counters {
	uint64_t events; /* from the source; also those that only the table wanted */
	uint64_t gaps;	 /* gap records, ours among them */
	uint64_t lost;	 /* events, by all sources, as far as they say how many */
	uint64_t rescans;
	uint64_t repaired; /* processes that a rescan found, or found gone */
	uint64_t replaced; /* sources that have failed */
	uint64_t wakeups;
};
const struct observer_counters *observer_counters(const struct observer *observer);
