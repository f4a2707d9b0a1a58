/* SPDX-License-Identifier: MIT */
/* The profile that a manifest's sandbox names. Private to config/. */
#pragma once

#include "config/profile.h"
#include "config/reader.h"
#include "config/service.h"

#include <jansson.h>

/* What it says, owned; all of it NULL: nothing. */
struct service_profile {
	char **pairs;	/* key and value by turns */
	size_t count;	/* of strings in it */
	json_t *limits; /* an object, as limits_from_json() reads it */
};

void service_profile_done(struct service_profile *profile);

/*
 * Reads the profile of that name or path into an empty one; `schema` looks at what are no limits.
 * -errno with its first mistake, with its place; what it only warns of is told in the reader's
 * diagnostics.
 */
int service_profile_read(struct reader *reader, const char *word,
			 const struct profile_schema *schema, struct service_profile *profile,
			 struct error *err);

/* Gives a manifest the limits of its profile that it does not set itself; false: told. */
bool service_profile_limits(struct reader *reader, struct service_manifest *manifest);
