/* SPDX-License-Identifier: MIT */
/*
 * A line of `reeve port` as words. A word is bare, 'as it is', "with \n and $names", or a JSON
 * value that begins with [ or {; "#" begins a comment.
 */
#pragma once

#include "util/error.h"

#include <jansson.h>

struct port_word {
	char *text; /* owned, ends with a zero byte that is not counted; of JSON as written */
	size_t size;
	size_t column; /* of its first byte, from 1 */
	bool bare;     /* nothing in it was quoted */
	json_t *json;  /* owned; NULL for text */
};

struct port_line {
	struct port_word *words;
	size_t count;
};

/* The value of $name, borrowed; NULL: there is none. */
typedef const char *(*port_variable)(void *userdata, const char *name);

/*
 * -EINVAL with a sentence and *ret_column, where in the line it is; -ENOMEM. An empty line has no
 * words.
 */
int port_line_parse(const char *text, size_t size, port_variable variable, void *userdata,
		    struct port_line *ret_line, size_t *ret_column, struct error *err);
void port_line_done(struct port_line *line);

/* Whether the text can be a variable's name: a letter or "_", then digits as well. */
bool port_line_is_name(const char *text);
