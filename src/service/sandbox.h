/* SPDX-License-Identifier: MIT */
/* The map `sandbox` of a manifest: options of `reeve run`, for a service. */
#pragma once

#include "config/service.h"
#include "launch/recipe.h"

/* What service_load() is to know of it: `schema`, as long as this is. */
struct service_sandbox {
	struct profile_schema schema, of_profile;
	struct recipe *trial; /* what each value is tried on */
};

/* -ENOMEM; service_sandbox_done() in both cases. */
int service_sandbox_init(struct service_sandbox *sandbox);
void service_sandbox_done(struct service_sandbox *sandbox);

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
