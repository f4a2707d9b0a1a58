/* SPDX-License-Identifier: MIT */
/*
 * The facts of a process as an event tells them: for what has happened already, here or elsewhere.
 */
#pragma once

#include "model/event.h"
#include "model/process-table.h"
#include "rules/facts.h"

/*
 * Marks each part known that the event knows. What it points to is the event's and the table's
 * (NULL: no ancestors are told) and holds as long as theirs does. `ask` and `userdata` stay as they
 * are; the file is the caller's to set.
 */
void facts_take_event(struct facts *facts, const struct event *event,
		      const struct process_table *table);

/* On what occasion rules are asked about an event of that type, or -1: on none. */
int occasion_of_event(enum event_type type);
/* The types of events that occasions (bits) are told by, as EVENT_BIT()s. */
uint32_t events_of_occasions(uint32_t occasions);
