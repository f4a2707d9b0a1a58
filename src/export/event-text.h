/* SPDX-License-Identifier: MIT */
/*
 * An event as a line for people: when, what, who, where, and what there is to say. With a selection
 * a line has a column for each of its fields, in the order of the field table.
 *
 * Whatever names hold, nothing of it acts on a terminal: bytes that could are shown as \xNN.
 */
#pragma once

#include "export/selection.h"

struct event_text {
	const struct selection *selection; /* NULL: the usual columns */
	bool colour;
	unsigned width;	 /* lines are cut to so many columns; 0: they are not */
	uint64_t minute; /* that `minute_text` was made of */
	char minute_text[8];
};

/* `selection` is borrowed. Times are in the machine's own time zone. */
void event_text_init(struct event_text *format, const struct selection *selection, bool colour,
		     unsigned width);

/* The names of the columns, and a newline. -ENOMEM: text->failed is set. */
int event_text_header(const struct event_text *format, struct text *text);
/* An event, and a newline. -ENOMEM: nothing was added, and text->failed is set. */
int event_text_add(struct event_text *format, const struct event *event, struct text *text);
