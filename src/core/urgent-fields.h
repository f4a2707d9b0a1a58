/* SPDX-License-Identifier: MIT */
/* What %-fields stand for, of a process that a rule is about. */
#pragma once

#include "core/decision.h"
#include "model/users.h"
#include "util/fields.h"

struct urgent_fields {
	const struct urgent *urgent;
	const char *rule; /* its name */
	struct users *users;
	/* Each value as one part of a group's name (action/adhoc.h), and never empty. */
	bool as_parts;
	char text[512]; /* the value in hand, where it is none of the process's own */
};

/* The field_value_fn; `fields` is a struct urgent_fields. */
struct slice urgent_field(char letter, void *fields);
