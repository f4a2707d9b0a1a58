/* SPDX-License-Identifier: MIT */
/*
 * Carrying out a cgconfig.conf: mounts, groups, owners and values. What was done is kept, so that
 * it can be taken back when something later fails; what was there before is never removed.
 */
#pragma once

#include "compat/cgperm.h"
#include "config/cgconfig.h"

struct cgstep; /* something done */

struct cgapply {
	struct cgtool *tool;
	const struct cgconfig *config;
	const struct cgperm *defaults; /* of the command line */
	struct cgstep *steps;
	size_t count;
};

/*
 * Does all of it, or takes back what was done and says so in `err`. 0 or an error code; for
 * CG_ERRNO *ret_r is the errno.
 */
int cgapply(struct cgtool *tool, const struct cgconfig *config, const struct cgperm *defaults,
	    int *ret_r, struct error *err);

/* One controller of a group, or of a template, at a path that may be another; errors as above. */
int cgapply_one(struct cgtool *tool, const struct cgconfig *config,
		const struct cgconfig_group *group, const struct cgconfig_controller *controller,
		const char *path, int *ret_r, struct error *err);

/*
 * The path of a group in the hierarchy of a controller: below the default place where its name does
 * not begin with '/', and below the controller's namespace. Owned, or NULL.
 */
char *cgapply_path(const struct cgtool *tool, const struct cgconfig *config, const char *controller,
		   const struct cgconfig_group *group);
