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
	bundle_reader *read; /* NULL: nothing is to be done about it */
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

/* bundle-linux.c, bundle-mount.c */
bundle_reader bundle_read_linux, bundle_read_mount;
