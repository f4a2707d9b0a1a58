/* SPDX-License-Identifier: MIT */
/*
 * A seccomp policy in words, compiled for the kernel:
 *
 *	default errno 1; allow read write close; kill ptrace; errno 13 mount umount2
 *
 * A statement is an action and names of system calls; `default` is for all others, and is `kill`
 * where it is missing. Actions: allow, log, trap, kill, errno NUMBER. Calls of another
 * architecture than this program's are killed.
 */
#pragma once

#include "util/macros.h"

#include <linux/filter.h>

enum {
	SECCOMP_POLICY_CALLS = 1000, /* a program has at most 4,096 instructions */
	SECCOMP_POLICY_SIZE = 2 * SECCOMP_POLICY_CALLS + 8,
	SECCOMP_POLICY_WRONG = 128,
};

struct seccomp_policy {
	struct sock_filter code[SECCOMP_POLICY_SIZE];
	struct sock_fprog program; /* points into it */
};

/* 0, or -EINVAL with a sentence. */
int seccomp_policy_compile(const char *text, struct seccomp_policy *ret_policy,
			   char ret_wrong[SECCOMP_POLICY_WRONG]);
