/* SPDX-License-Identifier: MIT */
/*
 * Which programs ran most often, and which took most time: what `reeve watch --summary` prints.
 *
 * What a process used is told at its end, of its whole life; it counts for the program that it ran
 * last. Memory is bounded: beyond SUMMARY_PROGRAMS different ones the rest are counted as one.
 */
#pragma once

#include "model/event.h"

enum { SUMMARY_PROGRAMS = 16384 };

struct summary;

/* -ENOMEM. */
int summary_new(struct summary **ret_summary);
void summary_free(struct summary *summary);
DEFINE_CLEANUP(struct summary *, summary_free);

/* Takes an event in. Where there is no memory for its program, it is counted with the rest. */
void summary_add(struct summary *summary, const struct event *event);

/* Two tables for people, of at most `top` programs each. -ENOMEM: text->failed is set. */
int summary_text(const struct summary *summary, size_t top, struct text *text);

/* One JSON object in a line: counts, and the same two lists ("by_count", "by_time"). */
int summary_json(const struct summary *summary, size_t top, struct text *text);
