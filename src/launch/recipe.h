/* SPDX-License-Identifier: MIT */
/*
 * A plan from words: "bind" = "/data:/srv", "nice" = "5". The keys are the options of `reeve run`,
 * and whatever else describes a launch as text (a profile, a manifest) has the same ones. A recipe
 * owns what its plan points to, so that one recipe can start any number of programs.
 */
#pragma once

#include "launch/launch.h"
#include "util/key-form.h"

struct recipe_key {
	const char *name;
	enum key_form form;
	const char *value; /* what help calls it; NULL for a flag */
	const char *help;
};

/* The keys in the order of help; NULL behind the last. */
const struct recipe_key *recipe_key_at(size_t index);
enum { RECIPE_KEYS_MAX = 64 };
/* The same as who reads files of keys wants it (config/profile.h); `userdata` is not looked at. */
const char *recipe_key_name(size_t index, enum key_form *ret_form, void *userdata);

struct recipe;
int recipe_new(struct recipe **ret_recipe);
void recipe_free(struct recipe *recipe);
DEFINE_CLEANUP(struct recipe *, recipe_free);

/*
 * -EINVAL, -ERANGE: the value cannot be read, or there is no such key; -ENOENT: a user, group or
 * network namespace is missing; the sentence names key and value.
 */
int recipe_set(struct recipe *recipe, const char *key, const char *value, struct error *err);

/*
 * Fills the blocks, `folder` and `envp` of a plan, which point into the recipe until it changes or
 * is freed; what the recipe says nothing of is left as it is. Without privileges (effective user
 * not 0) a user namespace is added where any namespace is needed. -errno with a sentence for what
 * cannot be had together.
 */
int recipe_plan(struct recipe *recipe, struct launch_plan *plan, struct error *err);

/* True if anything was set that makes it more than a plain program: a namespace of its own. */
bool recipe_is_sandbox(const struct recipe *recipe);

/* What a reader should know of a plan that was made: what this host does not hold of it, or how it
 * can be got around. NULL behind the last. */
const char *recipe_remark(const struct recipe *recipe, size_t index);
