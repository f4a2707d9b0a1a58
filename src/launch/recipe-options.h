/* SPDX-License-Identifier: MIT */
/* The keys of a recipe as options of a command line: --bind /data --nice 5. */
#pragma once

#include "launch/recipe.h"
#include "util/options.h"

/* What was given, by the index of the recipe's keys, flags and others apart. */
struct recipe_options {
	bool flags[RECIPE_KEYS_MAX];
	struct option_list lists[RECIPE_KEYS_MAX];
};

/* The rows of all keys (at most RECIPE_KEYS_MAX), made to fill `options`. Returns how many. */
size_t recipe_options_rows(struct recipe_options *options, struct option *to);

/* True if any was given. */
bool recipe_options_given(const struct recipe_options *options);

/* Sets in the recipe what was given. -errno with a sentence that begins with the option. */
int recipe_options_apply(const struct recipe_options *options, struct recipe *recipe,
			 struct error *err);
void recipe_options_done(struct recipe_options *options);
