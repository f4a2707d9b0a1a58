/* SPDX-License-Identifier: MIT */
/*
 * What a process may be called by rules, so that of many rules only few have to be made ready for
 * one question. A rule that is passed over could not have fitted.
 */
#pragma once

#include "compat/cgrule.h"
#include "config/cgrules.h"

struct cgnames {
	char **items; /* paths or last parts of one */
	size_t count;
	char missing[256]; /* a folder that is not there, with its slash */
	size_t missing_size;
	bool whole; /* a path is among them for each that is none */
};

/* False: they cannot be told, or are too many; then every rule may fit. */
bool cgnames_find(struct cgnames *names, const struct host *host, const struct cgsubject *subject);
void cgnames_done(struct cgnames *names);

/* `userdata`: the struct cgnames. */
bool cgnames_may_fit(const struct cgrule *rule, void *userdata);

/* Where execvp(3) would find a command, links not followed; or NULL. The caller frees it. */
char *cgnames_path(const char *command);
