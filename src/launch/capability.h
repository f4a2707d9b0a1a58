/* SPDX-License-Identifier: MIT */
/* Capabilities by name, and the sets that keep them over execve(2). */
#pragma once

#include "launch/plan.h"
#include "util/error.h"

/*
 * "none", "all", or names by commas, with or without "cap_": bits by number. "all" is what this
 * kernel knows. -EINVAL with a sentence.
 */
int capability_parse(const char *text, uint64_t *ret_capabilities, struct error *err);

/* "chown,net_bind_service", "none" or "all"; owned. NULL: no memory. */
char *capability_text(uint64_t capabilities);

/* All that this kernel knows, and those that this process may take out of the bounding set. */
uint64_t capability_all(void);
bool capability_may_bound(void);

/*
 * A program that has these and no others, whoever it runs as, and whatever it executes. Without
 * CAP_SETPCAP (`may_bound`) the bounding set stays as it is, which changes nothing where nothing
 * new can be gained (no_new_privs).
 */
struct launch_capabilities capability_keep(uint64_t capabilities, bool may_bound);
