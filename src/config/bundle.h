/* SPDX-License-Identifier: MIT */
/*
 * A container's bundle (OCI runtime specification 1): config.json with the folder that it is in,
 * as the options of a launch. What it says and these cannot is noted, never passed over in silence.
 */
#pragma once

#include "util/error.h"

struct bundle {
	char **argv;	/* process.args, ends with NULL; NULL: it has none */
	bool terminal;	/* process.terminal */
	char **remarks; /* sentences on what does not hold */
	size_t remark_count;
};
void bundle_done(struct bundle *bundle);

/* Takes an option of `reeve run` by its name; -errno with a sentence. "name" is a group's, which
 * holds only where there are limits, too. */
typedef int bundle_take(const char *key, const char *value, void *userdata, struct error *err);

/*
 * Reads <folder>/config.json. -EINVAL: syntax (with line and column) or a value (with its place:
 * "process.rlimits[0].type"); -EOPNOTSUPP: what the program could not be run without; others of
 * reading it; all with a sentence. *ret_bundle is to be freed by bundle_done().
 */
int bundle_load(const char *folder, bundle_take *take, void *userdata, struct bundle *ret_bundle,
		struct error *err);
/* The same of a text in memory; `folder` is what its paths are relative to. */
int bundle_parse(const char *folder, const char *text, bundle_take *take, void *userdata,
		 struct bundle *ret_bundle, struct error *err);
