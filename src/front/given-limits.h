/* SPDX-License-Identifier: MIT */
/* The limits of a group that is made for the program, from options to what the daemon is told. */
#pragma once

#include "model/limits.h"
#include "util/options.h"

struct limits_given {
	struct option_list words[LIMIT_COUNT];
};

/* The rows of those that are one word each (at most LIMIT_COUNT), made to fill `given`; how many.
 */
size_t limits_rows(struct limits_given *given, struct option *to);
bool limits_are_given(const struct limits_given *given);
/*
 * {"ram":"2G","pids":50}. -EINVAL: something that has to be refused, or that stands twice; -E2BIG:
 * longer than `room`.
 */
int limits_write(const struct limits_given *given, char *to, size_t room);
void limits_given_done(struct limits_given *given);
