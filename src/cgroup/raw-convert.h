/* SPDX-License-Identifier: MIT */
/*
 * Settings of cgroup v1 in the words of v2 and the other way round, as libcgroup's cgxset and
 * cgxget know them and some more. "Disk" is what the host has, the other version what is spoken.
 */
#pragma once

#include "util/macros.h"

/* Reads a file of the group at hand; an owned text, or -errno. */
typedef int (*raw_convert_read)(void *context, const char *file, char **ret_text);

struct raw_setting {
	char *name, *value;
};
struct raw_settings {
	struct raw_setting items[4]; /* io.max is four files of v1 */
	size_t count;
};
void raw_settings_done(struct raw_settings *settings);

/*
 * What to write for `name` = `value` of the other version. What the disk keeps together (cpu.max)
 * is read first. -EOPNOTSUPP: the disk's version has nothing like it; -EINVAL: no such value.
 */
int raw_convert_set(const char *name, const char *value, bool disk_v2, raw_convert_read read,
		    void *context, struct raw_settings *ret_settings);

/* The value of `name` of the other version, read from the disk. -EOPNOTSUPP; the reader's errors.
 */
int raw_convert_get(const char *name, bool disk_v2, raw_convert_read read, void *context,
		    char **ret_value);

/* What the other version calls a file of the disk: `value` is not set. Count 0: nothing. */
int raw_convert_names(const char *file, bool disk_v2, struct raw_settings *ret_names);

/* The other version's controller: io for blkio, cgroup for freezer; NULL where it has the same. */
const char *raw_convert_controller(const char *controller);
