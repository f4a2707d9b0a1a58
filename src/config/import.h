/* SPDX-License-Identifier: MIT */
/* Files of libcgroup written anew as a policy in YAML, with their comments. */
#pragma once

#include "config/load.h"
#include "util/text.h"

/* Who is told how far it has come: the file, and how many of its rules are written. */
struct import_listener {
	void (*on_rules)(const char *file, size_t rules, void *userdata);
	void *userdata;
};

/*
 * Adds to `text` one policy for all files that `paths` name: cgrules.conf, cgconfig.conf, or a
 * folder as /etc with both. What no policy can say is a comment there, and told as a warning.
 * `listener` may be NULL.
 *
 * Returns 0; -EINVAL after errors (told), with what could be read in `text`; -ENOMEM; or what
 * policy_load() returns for a file that cannot be read.
 */
int policy_import(const char *const *paths, size_t count, const struct import_listener *listener,
		  struct text *text, struct diagnostics *diagnostics);
