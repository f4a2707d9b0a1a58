/* SPDX-License-Identifier: MIT */
/*
 * What the daemon says to LocateGroup and CreateGroup, read in place, without memory:
 * {"parameters":{"frozen":false,"paths":["/sys/fs/cgroup/a"]}}, {"parameters":{"problems":[],
 * "paths":["/sys/fs/cgroup/a"]}}.
 */
#pragma once

#include "util/macros.h"

enum { REPLY_PLACES_MAX = 16 };

struct reply_places {
	bool frozen;
	const char *paths[REPLY_PLACES_MAX]; /* into the text */
	size_t count;
};

/*
 * `text` ends with a NUL and is changed. -EPROTO for all that is not exactly that: another reply,
 * an error, a string with escapes; the whole program then asks again, and tells.
 */
int reply_read_places(char *text, struct reply_places *ret_places);

/* The same for CreateGroup; a problem is not exactly that. */
int reply_read_made(char *text, struct reply_places *ret_places);

/* Whether it is no error; before the text is changed. */
bool reply_is_good(const char *text);
