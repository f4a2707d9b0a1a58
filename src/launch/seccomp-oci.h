/* SPDX-License-Identifier: MIT */
/*
 * A seccomp profile as container engines have it: `linux.seccomp` of an OCI config.json, or a file
 * of Docker's form, with archMap, includes and excludes (a program without capabilities is meant).
 */
#pragma once

#include "launch/seccomp-policy.h"

#include <jansson.h>

/*
 * -EINVAL: syntax (with line and column) or a value (with its place, "syscalls[3].args[0].op");
 * -EOPNOTSUPP: it needs somebody who answers the calls (SCMP_ACT_NOTIFY, _TRACE), or is for other
 * processors; -ENOMEM. Names of calls that nobody here knows are counted in `strange`.
 */
int seccomp_parse_oci(const char *name, const char *text, struct seccomp_policy **ret_policy,
		      struct error *err);
/* The same of what was parsed; borrowed. */
int seccomp_read_oci(const char *name, const json_t *profile, struct seccomp_policy **ret_policy,
		     struct error *err);
