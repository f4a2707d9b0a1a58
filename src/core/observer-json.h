/* SPDX-License-Identifier: MIT */
/* Sources of events as the status has them. */
#pragma once

#include "core/observer.h"

#include <jansson.h>

/* One; `counters` may be NULL. Owned; NULL: no memory. */
json_t *source_to_json(const char *name, const char *state, const char *reason,
		       const struct source_counters *counters);
/* [until, type, pid, type, pid, ...] */
json_t *observer_told_to_json(const struct observer_told *told);
/* `until` is 0 where it is not written so. */
void observer_told_from_json(const json_t *list, struct observer_told *ret_told);
/* Adds the one in use, and those that were not taken. */
void observer_to_json(const struct observer *observer, bool asked, json_t *sources);
