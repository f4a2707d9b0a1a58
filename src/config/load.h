/* SPDX-License-Identifier: MIT */
/* Reads policy files: YAML or JSON, a file or a folder with reeve.yaml and conf.d/. */
#pragma once

#include "config/diagnostic.h"
#include "config/policy.h"

enum load_flags {
	/* fetter's files: unknown keys warn, zeros mean "no limit" as there, TOML is still refused
	 */
	LOAD_COMPAT_FETTER = 1 << 0,
	/* refuse files that are not root's or that others may write (the daemon does; check warns)
	 */
	LOAD_REQUIRE_OWNERSHIP = 1 << 1,
	/* libcgroup's files: any name, told apart by what is in them; a folder is one as /etc, with
	 * cgrules.conf, cgrules.d, cgconfig.conf and cgconfig.d */
	LOAD_COMPAT_LIBCGROUP = 1 << 2,
	/* of such a folder the rules alone */
	LOAD_RULES_ONLY = 1 << 3,
};

/*
 * Reads `path` (a .yaml/.yml/.json file, a cgrules.conf or cgconfig.conf of libcgroup, or a folder:
 * <path>/reeve.yaml if there, then what ends in .yaml in <path>/conf.d, in name order) into one
 * policy. All mistakes are added to `diagnostics`.
 *
 * Returns 0 and a complete, valid policy, or -EINVAL when there was any error (then *ret_policy is
 * untouched), or another negative errno (-ENOENT, -EACCES, -EFBIG, -EPERM ownership), also told in
 * `diagnostics`.
 */
int policy_load(const char *path, enum load_flags flags, struct policy **ret_policy,
		struct diagnostics *diagnostics);

/*
 * The same, of libcgroup's rules only those that `wants` does not refuse, and with each the '%'
 * lines behind it: for who asks about one process. What is wrong in a line is told of all.
 */
struct cgrule;
struct load_filter {
	bool (*wants)(const struct cgrule *rule, void *userdata);
	void *userdata;
};
int policy_load_some(const char *path, enum load_flags flags, const struct load_filter *filter,
		     struct policy **ret_policy, struct diagnostics *diagnostics);

/* A text that is laid over the files, as one more of them: a fleet's (docs/fleet.md). */
struct policy_layer {
	const char *name; /* in messages */
	const char *text;
	size_t size;
};

/*
 * The same with layers over the files, in their order. A group, rule, trigger or single value that
 * a layer has replaces that of the same name below it, whole and in its place; what is there twice
 * in one layer, or in the files, is a mistake as ever. `path` NULL: the layers alone.
 */
int policy_load_layered(const char *path, enum load_flags flags, const struct policy_layer *layers,
			size_t layer_count, struct policy **ret_policy,
			struct diagnostics *diagnostics);

/* The same for text in memory, named `name` in messages: for tests, fuzzing and the socket. */
int policy_parse(const char *name, const char *text, size_t size, enum load_flags flags,
		 struct policy **ret_policy, struct diagnostics *diagnostics);
