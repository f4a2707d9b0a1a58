/* SPDX-License-Identifier: MIT */
/*
 * The language of seccomp policies, reeve-seccomp(5): statements on lines or between semicolons,
 *
 *	default errno EPERM
 *	allow @basic @io socket(domain == AF_UNIX, type & 0xf == SOCK_STREAM)
 *	kill ptrace        # a comment
 *
 * The last statement that names a call decides. Without a `default` a policy that begins with
 * `allow` answers all else with EPERM, and one that begins otherwise allows all else.
 */
#pragma once

#include "launch/seccomp-policy.h"

enum { SECCOMP_TEXT_MOST = 256 * 1024 }; /* bytes */

/*
 * `name` stands in messages: "NAME:LINE:COLUMN: ...". -EINVAL (wrong), -E2BIG, -ENOMEM, each with a
 * sentence.
 */
int seccomp_parse(const char *name, const char *text, struct seccomp_policy **ret_policy,
		  struct error *err);
