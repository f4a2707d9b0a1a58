/* SPDX-License-Identifier: MIT */
/* Names of the seccomp language: calls, groups of calls, arguments, constants. */
#pragma once

#include "util/macros.h"

/* The call's number on this processor; -ENOENT: known nowhere; -EOPNOTSUPP: not on this one. */
int seccomp_call_number(const char *name);
/* Its name, owned; NULL: none, or no memory. */
char *seccomp_call_name(uint32_t number);
/* Every number that has a name is below this. */
enum { SECCOMP_CALLS_END = 512 };

struct seccomp_group {
	const char *name;  /* without the @ */
	const char *about; /* a few words */
	const char *calls; /* and @groups, by blanks: some are of other processors */
};
extern const struct seccomp_group seccomp_groups[];
extern const size_t seccomp_group_count;
const struct seccomp_group *seccomp_group_find(const char *name, size_t size);

/* A policy that stands ready, in the language itself. */
struct seccomp_preset {
	const char *name, *about, *text;
};
extern const struct seccomp_preset seccomp_presets[];
extern const size_t seccomp_preset_count;
const struct seccomp_preset *seccomp_preset_find(const char *name);

/* Calls `function` for each call of a group that this processor has, and of the groups in it.
 * Stops at a negative result, which is returned. */
int seccomp_group_each(const struct seccomp_group *group,
		       int (*function)(uint32_t number, void *userdata), void *userdata);

/* "domain" of socket is 0. *ret_narrow: it has 32 bits. False: no such name. */
bool seccomp_argument(const char *call, const char *name, unsigned *ret_index, bool *ret_narrow);
/* "AF_UNIX"; false: unknown. */
bool seccomp_constant(const char *name, uint64_t *ret_value);
/* "EPERM" of 1; NULL: none. Every number that has a name is below the second. */
const char *seccomp_errno_name(int number);
enum { SECCOMP_ERRNOS_END = 256 };
/* EPERM; -ENOENT: unknown. */
int seccomp_errno(const char *name);

/* What may have been meant, or NULL; the first is owned by the caller. */
char *seccomp_suggest_call(const char *name);
const char *seccomp_suggest_group(const char *name);
const char *seccomp_suggest_constant(const char *name);
const char *seccomp_suggest_errno(const char *name);
/* The names of a call's arguments as "domain, type", owned; NULL: none are known. */
char *seccomp_argument_names(const char *call);
