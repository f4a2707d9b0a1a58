/* SPDX-License-Identifier: MIT */
/* The paths of rules: absolute, normalised, with checked wildcards. */
#pragma once

#include "util/error.h"

enum { PATH_STARS_MAX = 16 };

/*
 * Writes the normal form of `path` into `to` (PATH_MAX bytes): no "//", no ".", no '/' at the end
 * (but "/" itself). *ret_folder tells whether there was one; a pattern gets "/" and "**" for it.
 * Returns 0, or -EINVAL with the reason in `err` and the offending byte's offset in *ret_offset.
 */
int path_normalise(const char *path, char *to, bool *ret_folder, size_t *ret_offset,
		   struct error *err);

/* Whether a path has one of * ? [ that no backslash takes literally: it may name many files. */
bool path_is_pattern(const char *path);

/* Checks the wildcards of a pattern that need not be a path; as path_normalise(). */
int pattern_check(const char *pattern, size_t *ret_offset, struct error *err);
