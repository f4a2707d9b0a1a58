/* SPDX-License-Identifier: MIT */
/* Whom a group's files belong to, and their modes: cgcreate's and cgconfigparser's -a -t -d -f -s.
 */
#pragma once

#include "compat/cgtool.h"

#include <sys/types.h>

#define CG_MODE_UNSET UINT32_MAX

struct cgperm {
	uid_t uid, task_uid; /* (uid_t)-1: as it is */
	gid_t gid, task_gid;
	uint32_t directory, file, task; /* modes, or CG_MODE_UNSET */
};

/* Nothing is changed. */
extern const struct cgperm cgperm_none;

/* The five options' values, NULL where not given. */
struct cgperm_words {
	const char *admin, *task, *dperm, *fperm, *tperm;
};

/* 0, or the exit code for a user, group or mode that is none; why has been said. */
int cgperm_parse(const struct cgtool *tool, const struct cgperm_words *words,
		 struct cgperm *ret_perm);

/*
 * Gives a group, and what is below it, to its owners. The owner's permissions of a file, as the
 * kernel made it, bound everybody's: nobody is let write what cannot be written. v2 has no "tasks";
 * there cgroup.procs and cgroup.threads are what lets a user move processes. 0 or -errno.
 */
int cgperm_apply(const struct raw_hierarchy *h, const char *path, const struct cgperm *perm,
		 struct error *err);
