/* SPDX-License-Identifier: MIT */
/* A sink that keeps what a test asks for of every event. */
#pragma once

#include "source/source.h"

#include "test/unit.h"

#include <poll.h>

enum { KEPT_EVENTS = 256, KEPT_TEXT = 128 };

struct kept_event {
	struct event event; /* its slices are of no use any more */
	char exe[KEPT_TEXT], comm[KEPT_TEXT], reason[KEPT_TEXT];
};

struct kept_events {
	uint32_t pid; /* only events of that process are kept; 0: all. Gaps always are. */
	size_t count, all;
	struct kept_event events[KEPT_EVENTS];
};

static inline void kept_text(const struct event *event, enum event_field field, struct slice slice,
			     char text[static KEPT_TEXT])
{
	text[0] = '\0';
	if (event_knows(event, field))
		snprintf(text, KEPT_TEXT, "%.*s", (int)slice.size, slice.data);
}

static inline void keep_event(struct event *event, void *userdata)
{
	struct kept_events *kept = userdata;
	struct kept_event *place = &kept->events[kept->count];

	kept->all++;
	if (kept->count == KEPT_EVENTS ||
	    (kept->pid && event->type != EVENT_GAP && event->pid != kept->pid))
		return;
	place->event = *event;
	kept_text(event, FIELD_EXE, event->exe, place->exe);
	kept_text(event, FIELD_COMM, event->comm, place->comm);
	kept_text(event, FIELD_REASON, event->reason, place->reason);
	kept->count++;
}

/* The event at `index`, which must be of that type and process. */
static inline const struct kept_event *kept_at(const struct kept_events *kept, size_t index,
					       enum event_type type, uint32_t pid)
{
	const struct kept_event *place = &kept->events[index];

	if (index >= kept->count)
		fail_msg("there are only %zu events, no %s", kept->count, event_types[type].name);
	if (place->event.type != type || (type != EVENT_GAP && place->event.pid != pid))
		fail_msg("event %zu is %s of %u, not %s of %u", index,
			 event_types[place->event.type].name, place->event.pid,
			 event_types[type].name, pid);
	return place;
}

/* The first of that type, or NULL. */
static inline const struct kept_event *kept_find(const struct kept_events *kept,
						 enum event_type type)
{
	for (size_t i = 0; i < kept->count; i++)
		if (kept->events[i].event.type == type)
			return &kept->events[i];
	return NULL;
}

/* Dispatches once when there is something to do, or `ms` have passed. */
static inline void run_source(struct source *source, unsigned ms)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	uint64_t now = clock_monotonic(), due = source->class->due(source);
	struct pollfd pollfd = { .fd = source->class->fd(source), .events = POLLIN };
	uint64_t wait_ms = due <= now ? 0 : due == UINT64_MAX ? ms : (due - now) / 1000000 + 1;

	if (pollfd.fd < 0)
		poll(NULL, 0, (int)MIN(wait_ms, (uint64_t)ms));
	else
		poll(&pollfd, 1, (int)MIN(wait_ms, (uint64_t)ms));
	if (source->class->dispatch(source, &err) < 0)
		fail_msg("dispatch: %s", error_text(&err));
}

/* Runs the source until an event of that type is kept, or five seconds have passed. */
static inline const struct kept_event *run_until(struct source *source, struct kept_events *kept,
						 enum event_type type)
{
	uint64_t end = clock_monotonic() + UINT64_C(5000000000);
	const struct kept_event *found;

	while (!(found = kept_find(kept, type)) && clock_monotonic() < end)
		run_source(source, 50);
	if (!found)
		fail_msg("no %s within five seconds", event_types[type].name);
	return found;
}
