/* SPDX-License-Identifier: MIT */
/*
 * An event as one line of JSON (docs/events.md describes it for readers).
 *
 * Known fields stand in the order of the field table, after type and source; those that are not
 * known are not there. `container` is null where the process is known to be on the host. `time` is
 * RFC 3339 in UTC with nanoseconds; other times and durations are whole nanoseconds. Ids are
 * strings; so are devices ("8:1") and modes ("0100755"). Flags and capabilities are arrays of
 * names, cgroup_v1 is an object of controllers to paths.
 *
 * Strings are any bytes: what is not UTF-8 is written \xNN, and the backslash \\, as characters of
 * the string (so that JSON shows "\\xNN" and "\\\\"); text_add_unescaped() undoes both. Control
 * characters are \u00NN of JSON.
 */
#pragma once

#include "export/event-memo.h"
#include "export/selection.h"

struct event_json_key {
	char text[22]; /* ,"key": */
	uint8_t size;
	uint8_t object; /* 0: none, else the same number for members of the same object */
};

/* Runs of fields that are remembered, for as many types of events: executions, forks and exits,
 * which know different fields, do not displace each other. */
enum { EVENT_JSON_RUNS = 3, EVENT_JSON_MEMOS = 4 };

/* Prepared once for many events. */
struct event_json {
	struct selection selection;
	uint64_t second; /* that `second_text` was made of */
	char second_text[20];
	struct event_json_key keys[FIELDS];
	struct event_json_key objects[8];
	struct event_memo memos[EVENT_JSON_MEMOS][EVENT_JSON_RUNS];
};

/* `selection`: NULL for everything. */
void event_json_init(struct event_json *json, const struct selection *selection);

/*
 * Adds the event and a newline. Allocates only where the text has not enough room.
 * -ENOMEM: nothing was added (and text->failed is set).
 */
int event_json_add(struct event_json *json, const struct event *event, struct text *text);
