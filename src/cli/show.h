/* SPDX-License-Identifier: MIT */
/* Replies of io.reeve as text for people. Pure: JSON in, text out. */
#pragma once

#include "cli/output.h"

struct show {
	FILE *out;
	bool colour;
	bool all; /* counters that are zero too */
};

/* GetStatus */
void show_status(const struct show *show, const json_t *reply);
/* ListGroups */
void show_groups(const struct show *show, const json_t *groups);
/* GetGroup */
void show_group(const struct show *show, const json_t *group, const json_t *pids);
/* One line of `reeve events`. */
void show_decision(const struct show *show, const json_t *decision);

/* A group's limits in one line: "cpu 50%, ram 2G"; "" for none. Owned by the caller. */
char *limits_line(const json_t *limits);
