/* SPDX-License-Identifier: MIT */
/*
 * Groups that no file names one by one: those of a template ("users/%u"), and a rule's `limit` (an
 * own group for one process and its tree). Made when first needed, removed when empty. The loop's
 * business: it makes directories.
 */
#pragma once

#include "cgroup/groups.h"

struct adhoc;

enum { ADHOC_MOST = 4096 };

/* `groups` must outlive it. -ENOMEM. */
int adhoc_new(struct groups *groups, struct adhoc **ret_adhoc);
void adhoc_free(struct adhoc *adhoc); /* removes nothing */
DEFINE_CLEANUP(struct adhoc *, adhoc_free);

/*
 * The group of that name, made with these limits (NULL: none) if it is not there yet. `name` is
 * checked here: it may come from a user's or a program's name. -EINVAL (no name for a group),
 * -ENOSPC (ADHOC_MOST are there), or as groups_apply_one(). Problems with limits are added to
 * `problems`.
 */
int adhoc_get(struct adhoc *adhoc, const char *name, const struct limits *limits,
	      struct group_problems *problems, struct group **ret_group, struct error *err);

/*
 * Takes a group for one of its own that an earlier run has made, so that it goes when it is empty.
 * -ENOENT: there is no such group; -ENOMEM; -ENOSPC.
 */
int adhoc_adopt(struct adhoc *adhoc, const char *name);

/*
 * One byte sequence as one part of a group's name: '/', control characters, a leading '.' and what
 * looks like a kernel file are escaped as \xNN; at most 200 bytes (longer: cut, with a hash). Empty
 * becomes "none". Returns the length.
 */
size_t adhoc_part(const char *text, size_t size, char *part, size_t room);

/* Removes those that are empty and were made here (and are not in use by a name that `keep` says
 * true to; may be NULL). Returns how many. Call it some time after processes have ended. */
size_t adhoc_sweep(struct adhoc *adhoc, bool (*keep)(const char *name, void *userdata),
		   void *userdata);

/* Whether it is one of them: a reload must not take it for a group that no file names any more. */
bool adhoc_has(const struct adhoc *adhoc, const char *name);
/* How many there are, and their names. */
size_t adhoc_count(const struct adhoc *adhoc);
const char *adhoc_name(const struct adhoc *adhoc, size_t index);
