/* SPDX-License-Identifier: MIT */
/*
 * The kernel's program of a policy: a search in a balanced tree of ranges of calls, and then the
 * conditions of the one that was found.
 */
#pragma once

#include "launch/seccomp-policy.h"

#include <linux/filter.h>

struct seccomp_program {
	struct sock_fprog program; /* owned; for struct launch_confinement */
	size_t ranges;		   /* of calls that are treated alike */
	size_t longest;		   /* instructions of the longest way through it */
};

/* -E2BIG with a sentence: more than the 4,096 instructions that the kernel takes; -ENOMEM. */
int seccomp_compile(const struct seccomp_policy *policy, struct seccomp_program *ret_program,
		    struct error *err);
void seccomp_program_done(struct seccomp_program *program);

/* Runs it as the kernel would. For tests, and for who wants to know; -EINVAL: it is no such
 * program. */
struct seccomp_data;
int seccomp_program_run(const struct sock_fprog *program, const struct seccomp_data *data,
			uint32_t *ret_action);
