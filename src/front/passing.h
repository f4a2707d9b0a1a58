/* SPDX-License-Identifier: MIT */
/* The group that is made for the program, and removed when that has ended. */
#pragma once

#include "front/ask.h"
#include "front/given-limits.h"
#include "front/reply.h"
#include "launch/entrance.h"

struct passing {
	const char *runtime_dir;
	int fd; /* where the daemon answers, or -1 */
	char name[256];
	bool made;
	char *answer; /* ASK_ANSWER_MAX bytes, from passing_begin() on: most launches need none */
	struct reply_places places; /* in the answer */
};

void passing_init(struct passing *passing);
/* Asks the daemon for it; `name` may be NULL. -errno: there is none, or words that it is not for.
 */
int passing_begin(struct passing *passing, const char *runtime_dir, const char *name,
		  const struct limits_given *limits);
/* Adds its folders to `entrance`. -errno for all but a group whose limits all hold. */
int passing_end(struct passing *passing, struct entrance *entrance);
/* What its limits had to do with the program's end, on standard error. */
void passing_tell(const struct passing *passing);
/* Removes it if it was made. What stays, and why, goes to standard error. */
void passing_done(struct passing *passing);
