/* SPDX-License-Identifier: MIT */
/*
 * Rules whose paths say little, since many rules have the same ones ("/usr/bin/" with a user each):
 * they are found by a condition instead (selector.h), and their paths are compared afterwards.
 */
#pragma once

#include "rules/ruleset.h"

struct shared_paths;

/*
 * Picks the rules of which a path is that of more than SHARED_PATHS_FROM targets, and for which
 * `may` says that something else can find them. NULL where there is none. Texts are borrowed. 0 or
 * -ENOMEM.
 */
enum { SHARED_PATHS_FROM = 32 };
int shared_paths_new(const struct rule_target *targets, size_t count, size_t rule_count,
		     bool (*may)(uint32_t rule, void *userdata), void *userdata,
		     struct shared_paths **ret_shared);
void shared_paths_free(struct shared_paths *shared);
DEFINE_CLEANUP(struct shared_paths *, shared_paths_free);

bool shared_paths_has(const struct shared_paths *shared, uint32_t rule);

/* Does the rule name the file? `by_identity`: also by its device and inode. */
bool shared_paths_name(const struct shared_paths *shared, uint32_t rule,
		       const struct file_key *file, bool by_identity);
