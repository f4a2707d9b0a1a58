/* SPDX-License-Identifier: MIT */
/*
 * A profile: the options of a launch in a file, with the same names. It is read by the policy's
 * reader, so that every mistake has its place, those in values too: whoever knows what a key means
 * takes each value as it is read.
 *
 *	description: work on files, without network
 *	unshare: [user, net]
 *	env: {LANG: C}
 *	ram: 2G
 */
#pragma once

#include "config/load.h"
#include "util/error.h"
#include "util/key-form.h"

#include <stdbool.h>

/* What a profile may say. Names are written with "-"; "_" is the same. */
struct profile_schema {
	/* The keys, NULL behind the last. A flag is true or false here; a list is a text, a list of
	 * texts, or a map, each pair of which is taken as KEY=VALUE. */
	const char *(*key_at)(size_t index, enum key_form *ret_form, void *userdata);
	/* A value, "yes" and "no" for a flag; copied by who keeps it. -errno with a sentence: it
	 * is told with the value's place. */
	int (*take)(const char *key, const char *value, void *userdata, struct error *err);
	void *userdata;
	/* A map in another file may begin with a profile's name (`profile`), whose keys these
	 * are besides limits; NULL: it may not. */
	const struct profile_schema *profile;
};

/*
 * 0 with the profile's description (owned; NULL: it has none), or a negative errno with all
 * mistakes in `diagnostics`: -EINVAL, or that of reading it.
 */
int profile_load(const char *path, enum load_flags flags, const struct profile_schema *schema,
		 char **ret_description, struct diagnostics *diagnostics);
/* The same of a text in memory; `name` ends in .yaml or .json. */
int profile_parse(const char *name, const char *text, size_t size,
		  const struct profile_schema *schema, char **ret_description,
		  struct diagnostics *diagnostics);

/* The same of a map in another file; `what` is what it is called: "a sandbox". True: all was good.
 */
struct reader;
struct node;
bool profile_read_map(struct reader *reader, const char *what, const struct profile_schema *schema,
		      const struct node *map);

/* The folders in which a profile is looked for by name, in order; NULL behind the last. */
extern const char *const profile_folders[];

/* <folder>/NAME.yaml, owned. -ENOENT: in none of them; -EINVAL: no name; with a sentence. A word
 * with a "/" is a path, and taken as it is. */
int profile_find(const char *word, char **ret_path, struct error *err);
