/* SPDX-License-Identifier: MIT */
/* Files of libcgroup written anew as a policy in YAML, with their comments. */
#pragma once

#include "config/load.h"
#include "util/text.h"

/*
 * Adds to `text` one policy for all files that `paths` name: cgrules.conf, cgconfig.conf, or a
 * folder as /etc with both. What no policy can say is a comment there, and told as a warning.
 *
 * Returns 0; -EINVAL after errors (told), with what could be read in `text`; -ENOMEM; or what
 * policy_load() returns for a file that cannot be read.
 */
int policy_import(const char *const *paths, size_t count, struct text *text,
		  struct diagnostics *diagnostics);
