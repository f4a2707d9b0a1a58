/* SPDX-License-Identifier: MIT */
/* A seccomp policy from what a command line or a profile says. */
#pragma once

#include "launch/seccomp-policy.h"

/*
 * `word` is a preset's name ("ordinary"), a file (a word with a "/" in it: in the language, or an
 * OCI profile where it begins with "{"), or the policy or profile itself. `name` (NULL: "seccomp")
 * stands in messages about the last. -EINVAL (wrong), -E2BIG, -ENOMEM, or that of reading the file,
 * each with a sentence.
 */
int seccomp_policy_load(const char *name, const char *word, struct seccomp_policy **ret_policy,
			struct error *err);
