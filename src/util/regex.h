/* SPDX-License-Identifier: MIT */
/*
 * Regular expressions in linear time, for texts that processes choose themselves.
 *
 * Bytes; `.` is any byte. Known: literals, `.`, [a-z] [^a-z] [[:digit:]], ( ) (?: ), |, * + ? {2}
 * {2,} {2,5} (also written lazily: who only asks whether there is a match sees no difference), ^
 * and $ (of the whole text), \d \w \s \D \W \S, \t \n \r \f \v \xHH, and `\` before punctuation. A
 * character of several bytes is repeated as one, and may not stand in [ ]. What needs more than
 * linear time or is not known (backreferences, look-around, \b, flags) is refused with its place.
 *
 * An expression is compiled once, to at most REGEX_POSITIONS bytes that it can read; matching is
 * O(text * positions / 64), allocates nothing, and may be done by several threads at once.
 */
#pragma once

#include "util/error.h"
#include "util/text.h"

enum { REGEX_POSITIONS = 512, REGEX_LENGTH = 4096, REGEX_NESTING = 32 };

struct regex;

/* 0; -EINVAL (not known or wrong), -E2BIG, both with the offset of the byte where it is wrong in
 * *ret_offset (NULL: not wanted) and a sentence in `err`; or -ENOMEM. */
int regex_new(const char *pattern, struct regex **ret_regex, size_t *ret_offset, struct error *err);
void regex_free(struct regex *regex);
DEFINE_CLEANUP(struct regex *, regex_free);

/* The same without keeping it. */
int regex_check(const char *pattern, size_t *ret_offset, struct error *err);

/* Is there a match anywhere in the text? `^` and `$` say where it has to begin and end. */
bool regex_match(const struct regex *regex, struct slice text);
/* The same with every NUL read as a blank: arguments as the kernel keeps them. */
bool regex_match_joined(const struct regex *regex, struct slice text);

/* Bytes that every text that matches has in it, as many as are easily found; size 0: none. Lives
 * as long as the regex. */
struct slice regex_literal(const struct regex *regex);
