/* SPDX-License-Identifier: MIT */
/* Lines of /proc/PID/mountinfo, read in place. */
#pragma once

#include "util/macros.h"

/* All strings point into the text that was given, unescaped. */
struct mount_entry {
	unsigned major, minor; /* of the file system: st_dev of what is mounted */
	char *root;	       /* which part of the file system is mounted */
	char *mount_point;
	char *options; /* of this mount: "rw,nosuid" */
	char *type;
	char *source;
	char *super_options; /* of the file system: "rw,cpu,cpuacct" */
};

/*
 * Takes the next line that can be understood from the NUL-terminated text at *cursor, which is
 * written to (field ends, \040 and the like), and moves the cursor behind it. False at the end.
 */
bool mountinfo_next(char **cursor, struct mount_entry *ret_entry);

/* Whether a comma-separated list of options holds `option`. */
bool mount_has_option(const char *options, const char *option);
