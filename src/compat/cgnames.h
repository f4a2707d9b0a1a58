/* SPDX-License-Identifier: MIT */
/*
 * What a process may be called by rules, so that of many rules only few have to be made ready for
 * one question. A rule that is passed over could not have fitted.
 */
#pragma once

#include "compat/cgrule.h"
#include "config/cgrules.h"
#include "util/hash.h"

struct cgnames {
	char **items; /* paths or last parts of one */
	size_t count;
	struct hash folders, links; /* those looked into, with their slash, and the links in them */
	struct arena *memory;	    /* of both */
	bool whole;		    /* a path is among them for each that is none */
};

/* False: they cannot be told, or are too many; then every rule may fit. */
bool cgnames_find(struct cgnames *names, const struct host *host, const struct cgsubject *subject);
void cgnames_done(struct cgnames *names);

/* `userdata`: the struct cgnames. */
bool cgnames_may_fit(const struct cgrule *rule, void *userdata);

/* Where execvp(3) would find a command, links not followed; or NULL. The caller frees it. */
char *cgnames_path(const char *command);
