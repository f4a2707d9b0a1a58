/* SPDX-License-Identifier: MIT */
/* Events that a sink will never be handed, as an event of its own (docs/sinks.md). */
#pragma once

#include "util/text.h"

struct gap {
	uint64_t time;	       /* ns since the epoch */
	uint64_t first, count; /* their numbers; first 0: they had none */
	bool unknown;	       /* how many there were is not known: count is of numbers left out */
	const char *reason;    /* a sentence */
};

/* Adds it as an object of JSON, without a newline. */
void gap_add_json(const struct gap *gap, struct text *text);
/* Adds "2026-01-31T12:00:00.123456789Z". */
void gap_add_time(uint64_t time, struct text *text);
