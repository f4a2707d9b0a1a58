/* SPDX-License-Identifier: MIT */
/* What a seccomp policy comes to, for people. */
#pragma once

#include "launch/seccomp-compile.h"

#include <jansson.h>

/* The default, the calls by what happens to them, and what the kernel's program costs. With
 * `instructions`, that program too. */
void seccomp_explain(const struct seccomp_policy *policy, const struct seccomp_program *program,
		     bool instructions, FILE *out);

/* The same as an object: default, calls (name: action), conditional (name: clauses, the
 * deciding one first), instructions, longest, ranges. Owned; NULL: no memory. */
json_t *seccomp_describe(const struct seccomp_policy *policy,
			 const struct seccomp_program *program);
