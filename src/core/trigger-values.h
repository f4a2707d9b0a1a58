/* SPDX-License-Identifier: MIT */
/*
 * What is said about an event that set a rule off: to a trigger's program as environment and as
 * JSON on its standard input, and in %-fields (util/fields.h).
 */
#pragma once

#include "core/decision.h"
#include "model/container.h"
#include "model/event.h"
#include "util/text.h"

/* All is borrowed; a NULL string, a slice of size 0: not known. */
struct trigger_values {
	const struct decision *decision;
	const struct subject *subject;
	const char *path;    /* of the file that was executed or opened */
	const char *rule;    /* its name */
	const char *action;  /* "execute", "read", ... */
	const char *verdict; /* "allow", "deny" or "kill" */
	const char *group;   /* of the policy, into which the process was put; NULL: none */
	const char *exe; /* the program that runs an executed script; NULL: `path` runs itself */
	const char *script;
	struct slice argv; /* strings, each with its NUL */
	struct slice user, unix_group;
	uint64_t time_ns;	   /* wall clock */
	struct process_id exec_id; /* start 0: not known */

	/* Filled in by trigger_values_init() from the rest. */
	struct container container;
	struct slice cgroup; /* v2's path, or the first v1 hierarchy's */
	char time[40];
	char number[24]; /* of the field that was asked for last */
};

/* Fills in what the rest implies. */
void trigger_values_init(struct trigger_values *values);

/* Adds "NAME=value", each with a NUL, one behind another; what is not known is left out. */
void trigger_values_environment(const struct trigger_values *values, struct text *text);

/* The value of a %-field: a field_value_fn, with the values as userdata. */
struct slice trigger_values_field(char letter, void *values);

/* The event as one JSON object in a line; owned by the caller; NULL: no memory. */
char *trigger_values_json(const struct trigger_values *values);
