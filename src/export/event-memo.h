/* SPDX-License-Identifier: MIT */
/*
 * What was written for neighbouring fields, and for which values: processes that come one after
 * the other mostly have the same users, namespaces and groups, and comparing these takes a tenth
 * of writing them again.
 */
#pragma once

#include "model/event.h"

enum { EVENT_MEMO_VALUES = 1024, EVENT_MEMO_TEXT = 1536 };

/* Zeroed: remembers nothing. Fields that it cannot hold are not remembered. */
struct event_memo {
	uint64_t fields; /* bits of those that were written, all below 64; 0: nothing is held */
	uint32_t text_size;
	char values[EVENT_MEMO_VALUES];
	char text[EVENT_MEMO_TEXT];
};

/* True if the event has the values for which `text` was written. */
bool event_memo_holds(const struct event_memo *memo, const struct event *event, uint64_t fields);
void event_memo_keep(struct event_memo *memo, const struct event *event, uint64_t fields,
		     const char *text, size_t size);
