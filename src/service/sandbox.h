/* SPDX-License-Identifier: MIT */
/* The map `sandbox` of a manifest: options of `reeve run`, for a service. */
#pragma once

#include "config/service.h"
#include "launch/recipe.h"

/* What service_load() is to know of it. `*trial` is the caller's, and as long as the schema is
 * used. -ENOMEM. */
int service_sandbox_schema(struct recipe **trial, struct profile_schema *ret_schema);

/*
 * Puts it into a plan, whose blocks point into *ret_recipe then. Does nothing where the manifest
 * has none. -errno with a sentence.
 */
int service_sandbox_plan(const struct service_manifest *manifest, struct recipe **ret_recipe,
			 struct launch_plan *plan, struct error *err);

/* What a sandbox gives, and what every service has where that says nothing. `rlimits`: for both. */
void service_sandbox_join(const struct launch_conditions *given,
			  const struct launch_conditions *own, struct launch_rlimit *rlimits,
			  size_t room, struct launch_conditions *ret_conditions);
