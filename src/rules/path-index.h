/* SPDX-License-Identifier: MIT */
/*
 * Which rules name a file, of those about one occasion: by exact path, by identity, by folder, by
 * glob. Several rules may name one path. Built once, then only read.
 */
#pragma once

#include "rules/candidates.h"
#include "rules/ruleset.h"

struct path_index;

/* In place of a rule's number: rules that are found otherwise have that path (shared-paths.h). */
#define SHARED_RULE UINT32_MAX

/* `targets` are those of the occasion; their texts must outlive the index. 0 or -ENOMEM. */
int path_index_new(const struct rule_target *const *targets, size_t count,
		   struct path_index **ret_index);
void path_index_free(struct path_index *index);
DEFINE_CLEANUP(struct path_index *, path_index_free);

/* Adds the rules that name the file; true if shared ones do, too. Its identity counts only where no
 * rule names its path, and `by_identity` says that it is known. */
bool path_index_find(const struct path_index *index, const struct file_key *file, bool by_identity,
		     struct candidates *candidates);

/* True if a rule has that very path. */
bool path_index_has_exact(const struct path_index *index, const struct file_key *file);

/* Would path_index_find() find anything? */
bool path_index_names(const struct path_index *index, const struct file_key *file,
		      bool by_identity);

/* True if a rule can only be decided by name (a folder or a glob). */
bool path_index_has_names(const struct path_index *index);
