/* SPDX-License-Identifier: MIT */
/* One line of /proc/PID/mountinfo (proc_pid_mountinfo(5)). */
#pragma once

#include "util/macros.h"

struct mount_entry {
	unsigned id, parent;
	unsigned major, minor;
	char *root; /* these point into the line, which is changed: octal escapes are undone */
	char *mount_point;
	char *options;
	char *type;
	char *source;
	char *super_options;
};

/*
 * Parses one line (without newline) in place. 0, or -EBADMSG for a line that is not of this form.
 */
int mount_entry_parse(char *line, struct mount_entry *ret_entry);

/*
 * Cuts the next line off *at (NUL-terminated in place) and parses it; lines that cannot be parsed
 * are skipped and counted in *skipped (may be NULL). False at the end.
 */
bool mount_entry_next(char **at, struct mount_entry *ret_entry, unsigned *skipped);

/* True if the comma-separated `options` hold the word. */
bool mount_option(const char *options, const char *word);
