/* SPDX-License-Identifier: MIT */
/* The keys of a launch (launch/recipe.h) as options: --bind /data --nice 5. */
#pragma once

#include "cli/cli.h"

/* The rows of all keys, made to set the fields of `cli`. Returns how many. */
size_t launch_options_rows(struct cli *cli, struct option *to);

/* True if any was given. */
bool launch_options_given(const struct cli *cli);

/* Sets in the recipe what was given. -errno with a sentence that begins with the option. */
int launch_options_apply(const struct cli *cli, struct recipe *recipe, struct error *err);
void launch_options_done(struct cli *cli);
