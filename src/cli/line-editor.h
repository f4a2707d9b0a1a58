/* SPDX-License-Identifier: MIT */
/* A line typed on a terminal, with history and completion (libedit), while something else is
 * listened to. */
#pragma once

#include "util/macros.h"

struct line_editor;

struct line_editor_use {
	const char *program; /* its part of ~/.editrc */
	const char *prompt;
	int fd; /* what is listened to while a line is typed; -1: nothing */
	/* `fd` can be read: prints what there is; the line is shown anew below. Negative: no more
	 * lines are wanted. */
	int (*listen)(void *userdata);
	/* Words for what stands before the cursor, and how much of the word is there already. */
	size_t (*complete)(void *userdata, const char *text, size_t size, const char **words,
			   size_t words_max, size_t *ret_begun);
	void *userdata;
};

/* SIGINT, which the caller has blocked and has a function for, ends the line: it is empty then.
 * -ENOENT: libedit is not installed; -ENOTTY: stdin and stdout are no terminal. */
int line_editor_new(const struct line_editor_use *use, struct line_editor **ret_editor);
void line_editor_free(struct line_editor *editor);
/* A line with its end, borrowed until the next call; NULL: there is none any more. */
const char *line_editor_read(struct line_editor *editor, size_t *ret_size);
