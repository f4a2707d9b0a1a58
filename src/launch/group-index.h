/* SPDX-License-Identifier: MIT */
/*
 * Where groups are, as the daemon has said it before, in a file of its runtime folder: `reeve run
 * -g` reads it instead of asking, for which two processes would have to wait for each other.
 *
 * It holds answers, each beside a group's name, and is good for as long as the daemon lives (it has
 * the file locked) and its record of all groups is the one that the answers were given by.
 */
#pragma once

#include "util/macros.h"

#include <stdint.h>

enum { GROUP_INDEX_MAX = 16384 }; /* bytes; one that would be larger begins anew */

struct group_index_key {
	uint64_t inode, size;
	int64_t seconds;
	long nanoseconds;
};

/* The daemon's end. */
struct group_index {
	int fd; /* locked; -1: none is written */
	struct group_index_key key;
	char *text;
};

void group_index_init(struct group_index *index);
/* Closes and, if it is still ours, removes it. */
void group_index_done(struct group_index *index, const char *runtime_dir);
/*
 * Keeps an answer, one line of text. 0, or -EAGAIN: the record has just changed, and could do so
 * again unnoticed; -EINVAL: a name or an answer that is no line; other -errno. After an error
 * nothing wrong stands in the file.
 */
int group_index_keep(struct group_index *index, const char *runtime_dir, const char *name,
		     const char *answer);

/* The asker's end: the answer in `text`. -ENOENT where there is none that holds; -errno. */
int group_index_find(const char *runtime_dir, const char *name, char text[static GROUP_INDEX_MAX],
		     char **ret_answer);

/* The line of `name` in a file's text, which is changed. NULL: none; or not by `key`. */
char *group_index_look(char *text, const struct group_index_key *key, const char *name);
