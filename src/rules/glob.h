/* SPDX-License-Identifier: MIT */
/*
 * Path patterns: `?` and `*` stay within one part of a path, `**` crosses parts, `[a-z]`, `[!a-z]`,
 * and `\` takes the next byte literally. `/a/ ** /b` (without the blanks) also matches /a/b.
 */
#pragma once

#include "util/text.h"

/* What the text is. In what is no path, `*` and `?` match any byte. */
enum glob_text {
	GLOB_PATH,
	GLOB_PLAIN,
	GLOB_JOINED, /* plain, of parts that end in NUL: that is read as a blank */
};

/* True if the text has a byte that makes it a pattern (an unescaped one of `*?[`). */
bool glob_is_pattern(const char *text);

/* Bytes at the start of the pattern that are literal: the rest of a match is only tried after them.
 */
size_t glob_literal_prefix(const char *pattern);

/*
 * Does the whole text match? Bounded: each `*` or `**` backtracks to the last one only, so the time
 * is O(pattern * text) however hostile either is.
 */
bool glob_matches(enum glob_text kind, const char *pattern, struct slice text);

bool glob_match(const char *pattern, const char *path); /* of a path */
