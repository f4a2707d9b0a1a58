/* SPDX-License-Identifier: MIT */
/* What the files of bundle*.c share. */
#pragma once

#include "config/bundle.h"

#include <jansson.h>

struct bundle_reading {
	const char *folder;
	bundle_take *take;
	void *userdata;
	struct bundle *bundle;
	struct error *err;
	char where[160]; /* the place of what is read: "process.user" */
};

typedef int bundle_reader(struct bundle_reading *reading, const json_t *value);

struct bundle_field {
	const char *name;
	bundle_reader *read; /* NULL: nothing is to be done about it; */
	const char *why;     /* with this, that is told where its value says anything */
};

/* Reads each member by its row; what has none is noted. `table` has `count` rows. */
int bundle_object(struct bundle_reading *reading, const json_t *object,
		  const struct bundle_field *table, size_t count);
/* Calls `read` for each entry of a list, with its number in `where`. */
int bundle_list(struct bundle_reading *reading, const json_t *list, bundle_reader *read);

/* Hands over one option. */
int bundle_option(struct bundle_reading *reading, const char *key, const char *format, ...)
	_printf_(3, 4);
/* -EINVAL with the place: "a text is expected". */
int bundle_expected(struct bundle_reading *reading, const char *what);
/* Notes that what is read does not hold; 0 or -ENOMEM. */
int bundle_remark(struct bundle_reading *reading, const char *why);

/* A value of one kind; -EINVAL with the place. A member that is not there is 0 (a number's place
 * then has its name behind it). */
int bundle_flag(struct bundle_reading *reading, const json_t *value, bool *ret_flag);
int bundle_number(struct bundle_reading *reading, const json_t *object, const char *name,
		  long long least, long long most, long long *ret_number);
/* Hands over "yes" or "no"; a text as it is. */
int bundle_flag_as(struct bundle_reading *reading, const json_t *value, const char *key);
int bundle_text_as(struct bundle_reading *reading, const json_t *value, const char *key);

/* bundle-linux.c, bundle-mount.c, bundle-process.c, bundle-resources.c, bundle-unified.c */
bundle_reader bundle_read_linux, bundle_read_mount, bundle_read_process, bundle_read_resources,
	bundle_read_unified;
