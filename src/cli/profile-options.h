/* SPDX-License-Identifier: MIT */
/* A profile (config/profile.h) as options that stand before those of the command line. */
#pragma once

#include "cli/cli.h"
#include "config/diagnostic.h"

/*
 * Reads a profile by its name or path and puts what it says into the fields of `cli` that the
 * options of a launch and the limits have, before what is there. Each value is tried, so that its
 * mistake is told with its place. 0, or a negative errno: told in `diagnostics` or, where it is
 * about the name, in `err`. *ret_description (owned; may be NULL): its words about itself.
 */
int profile_options_read(struct cli *cli, const char *word, char **ret_description,
			 struct diagnostics *diagnostics, struct error *err);

/* The same for --profile, where it was given: mistakes are printed. EXIT_DONE or EXIT_USAGE. */
int profile_options_apply(struct cli *cli);
/*
 * The same for --bundle, before a profile: what the bundle says that does not hold is said.
 * *operands becomes the bundle's program where none is named. EXIT_DONE or EXIT_USAGE.
 */
int bundle_options_apply(struct cli *cli, char ***operands);
void profile_options_done(struct cli *cli);
