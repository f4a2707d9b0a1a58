/* SPDX-License-Identifier: MIT */
/*
 * cgred.conf: how libcgroup's init script started its daemon. A fragment of shell, of which
 * assignments are read and nothing is run.
 */
#pragma once

#include "config/load.h"

struct cgred {
	char *config_file; /* which the script never used */
	char *log_file, *log;
	char *socket_user, *socket_group;
	bool nodaemon;
	/* Owned; NULL: not there, or empty. */
};

/*
 * Reads a text, `name` in messages. A name that the script does not know, and what only a shell
 * could work out, are told as warnings. 0 or -ENOMEM.
 */
int cgred_parse(const char *name, const char *text, size_t size, struct cgred *ret_cgred,
		struct diagnostics *diagnostics);
void cgred_done(struct cgred *cgred);
