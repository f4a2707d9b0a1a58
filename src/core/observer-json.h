/* SPDX-License-Identifier: MIT */
/* Sources of events as the status has them. */
#pragma once

#include "core/observer.h"

#include <jansson.h>

/* One; `counters` may be NULL. Owned; NULL: no memory. */
json_t *source_to_json(const char *name, const char *state, const char *reason,
		       const struct source_counters *counters);
/* Adds the one in use, and those that were not taken. */
void observer_to_json(const struct observer *observer, bool asked, json_t *sources);
