/* SPDX-License-Identifier: MIT */
/* What the files of the observer share; nobody else includes it. */
#pragma once

#include "core/enrich.h"
#include "core/observer.h"

enum { DUE_ACCURACY_USEC = 1000 };

/* What the table is kept by. */
#define LIFE  (EVENT_BIT(EVENT_FORK) | EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_EXIT))
#define USERS (EVENT_BIT(EVENT_SETUID) | EVENT_BIT(EVENT_SETGID))
/* What a source tells as completely without one. */
#define ALONE                                                                         \
	(EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_FAILED) | EVENT_BIT(EVENT_RUNNING) | \
	 EVENT_BIT(EVENT_GAP) | EVENT_BIT(EVENT_SOURCE) | EVENT_BIT(EVENT_OOM) |      \
	 EVENT_BIT(EVENT_COREDUMP))

enum tell { TELL_NOTHING, TELL_NEWS, TELL_ALL };

struct observer {
	const struct host *host;
	sd_event *event;
	struct observer_options options;
	char *name, *path; /* of the source; name NULL: auto */
	char **environment;
	uint32_t boot;

	struct source *source;
	size_t next; /* the class after the one in use */
	struct observer_refusal *refusals;
	size_t refusal_count;

	uint32_t wanted;
	uint32_t plain;		     /* of those: no table is kept for them */
	struct process_table *table; /* NULL: not kept */
	struct enricher *enricher;
	uint64_t now_ns;	       /* CLOCK_MONOTONIC, once a turn */
	uint32_t own;		       /* our process; 0: the source tells of another host */
	enum tell tell;		       /* of what a scan finds */
	const struct event_sink *list; /* NULL, or who alone is told what a scan finds */
	size_t found;		       /* news of the scan under way */
	bool told;		       /* something, in this turn */
	bool begun;		       /* the beginning is over, the source is read */
	uint64_t gap_from; /* boottime of the earliest loss not healed; UINT64_MAX: none */
	uint64_t last_ns;  /* boottime of the last event */
	struct observer_told last, before; /* by us; by another daemon */
	size_t last_next;
	uint64_t healed_usec; /* when the last rescan was over */
	struct observer_counters counters;

	sd_event_source *begin, *io, *due, *heal;
};

/* observer.c: what happens to events */
void observer_on_event(struct event *event, void *observer);
/* Adds what the table and the control groups say. True when the event was nothing new. */
bool observer_take_in(struct observer *observer, struct event *event);
bool observer_wants(const struct observer *observer, enum event_type type);
static inline bool is_own(const struct observer *observer, const struct event *event)
{
	return event_knows(event, FIELD_PID) && event->pid == observer->own;
}
void observer_tell(struct observer *observer, struct event *event);
/* A record of reeve's own with a reason. */
void observer_tell_source(struct observer *observer, const char *reason);
/* The end of a turn. */
void observer_rest(struct observer *observer);
/* A loss, to be healed by and by. */
void observer_note_gap(struct observer *observer, const struct event *event);
void observer_init_own(struct event *event, enum event_type type);

static inline bool keeps_table(const struct observer *observer, uint32_t types)
{
	return types != 0 && (observer->options.seed || (types & ~(ALONE | observer->plain)) != 0);
}

/* observer-heal.c: scans */
int observer_scan(struct observer *observer, enum tell what, struct error *err);
/* A new table with all that runs. */
int observer_seed(struct observer *observer, enum tell what, struct error *err);
/* Sets the time of the next rescan, if one is needed. */
void observer_plan_healing(struct observer *observer);
int observer_on_heal(sd_event_source *source, uint64_t usec, void *observer);

/* observer-source.c: the source in use */
int observer_open_source(struct observer *observer, struct error *err);
int observer_explain(const struct observer *observer, struct error *err);
/* What is asked of a source when `types` are wanted. */
uint32_t observer_asks(const struct source_class *class, uint32_t types, bool keep);
/* Which source is used now, and why none before it is. */
void observer_present_source(struct observer *observer);
/* Puts the source into the loop. */
int observer_watch(struct observer *observer);
void observer_arm(struct observer *observer);
int observer_on_due(sd_event_source *source, uint64_t usec, void *observer);
/* After a dispatch that failed with `result`: the next source, or the end. */
void observer_replace(struct observer *observer, int result, struct error *err);
