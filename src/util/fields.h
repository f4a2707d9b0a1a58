/* SPDX-License-Identifier: MIT */
/*
 * Templates with %-fields: "%p" is the number of the process that an action is about. In them are
 * written a trigger's arguments, the name of a group, and what `log` says.
 *
 * What a field stands for is asked of the caller; the letters and what they mean are one table.
 * Values are bytes and stay as they are: no shell, no quoting. Who makes a name or a line of a log
 * of them gives values that may stand there.
 */
#pragma once

#include "util/error.h"
#include "util/text.h"

struct field {
	char letter;
	const char *meaning; /* for help and manual pages */
};

/* All letters but '%' itself, in the order of the manual page; ends with letter 0. */
extern const struct field field_table[];

/*
 * 0, or -EINVAL: a letter that is none, or not one of `letters` (NULL: all of the table may
 * stand), or a '%' at the end.
 */
int fields_check(const char *template, const char *letters, struct error *err);

/* True if that letter stands in the template, or for 0 any; "%%" is none. */
bool fields_use(const char *template, char letter);

/* The value of a letter of the table; of size 0 where it is not known: nothing is written then. It
 * has to hold until the next call only. */
typedef struct slice (*field_value_fn)(char letter, void *userdata);

/* Adds the template with its fields filled in. -EINVAL, -ENOMEM: the text is as it was. */
int fields_expand(const char *template, field_value_fn value, void *userdata, struct text *text);

/*
 * The same into a buffer, NUL-terminated, without allocation. Returns the length; -EINVAL; or
 * -ENOBUFS where it does not fit.
 */
ssize_t fields_expand_into(const char *template, field_value_fn value, void *userdata, char *buffer,
			   size_t size);
