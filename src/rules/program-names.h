/* SPDX-License-Identifier: MIT */
/*
 * Files that rules without paths could be about, by the last part of their names alone: what folder
 * a file is in may change without a word about the file. Built once, then only read.
 */
#pragma once

#include "rules/condition.h"

struct program_names;

int program_names_new(struct program_names **ret_names);
void program_names_free(struct program_names *names);
DEFINE_CLEANUP(struct program_names *, program_names_free);

/*
 * A rule with these conditions, about executions. False: it could be about any file, so there is
 * nothing to say of files any more. 0 or more: as said; -ENOMEM.
 */
int program_names_add(struct program_names *names, const struct policy_condition *conditions,
		      size_t count);
/* After the last one. */
void program_names_sort(struct program_names *names);

/* False: no rule that was added matches an execution of a file with this path, whoever executes. It
 * says true of a few others. */
bool program_names_have(const struct program_names *names, struct slice path);
