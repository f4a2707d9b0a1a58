/* SPDX-License-Identifier: MIT */
/* "did you mean": the nearest of a set of words. */
#pragma once

#include "util/macros.h"

/*
 * The candidate nearest to `word`, or NULL when none is near enough: at most a third of its letters
 * may have to change, or one where it has two to five. Transposed neighbours count as one change.
 * Case is ignored.
 */
const char *suggest(const char *word, const char *const *candidates, size_t count);
