/* SPDX-License-Identifier: MIT */
/*
 * Path patterns: `?` and `*` stay within one part of a path, `**` crosses parts, `[a-z]`, `[!a-z]`,
 * and `\` takes the next byte literally. `/a/ ** /b` (without the blanks) also matches /a/b.
 */
#pragma once

#include "util/macros.h"

/* True if the text has a byte that makes it a pattern (an unescaped one of `*?[`). */
bool glob_is_pattern(const char *text);

/* Bytes at the start of the pattern that are literal: the rest of a match is only tried after them.
 */
size_t glob_literal_prefix(const char *pattern);

/*
 * Does the whole path match? Bounded: each `*` or `**` backtracks to the last one only, so the time
 * is O(pattern * path) however hostile either is.
 */
bool glob_match(const char *pattern, const char *path);
