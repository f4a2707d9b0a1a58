/* SPDX-License-Identifier: MIT */
/* "did you mean": the nearest of a set of words. */
#pragma once

#include "util/macros.h"

/*
 * The candidate nearest to `word`, or NULL when none is near enough (more than a third of the
 * letters would have to change). Transposed neighbours count as one change. Case is ignored.
 */
const char *suggest(const char *word, const char *const *candidates, size_t count);
