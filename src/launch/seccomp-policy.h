/* SPDX-License-Identifier: MIT */
/*
 * Which system calls a program may make: a list of clauses, as a policy in words or an OCI profile
 * was read (seccomp-parse.h, seccomp-oci.h), from which the kernel's program is compiled
 * (seccomp-compile.h).
 *
 * Of the clauses that name a call, the last one whose conditions hold decides; where there is
 * none, the policy's default. Numbers are this processor's own: calls of its other tables (32-bit,
 * x32) are killed.
 */
#pragma once

#include "util/error.h"

#include <linux/seccomp.h>

enum { SECCOMP_ARGUMENTS = 6, SECCOMP_CONDITIONS = 6, SECCOMP_CLAUSES_MOST = 8192 };

enum seccomp_comparison {
	SECCOMP_EQUAL,
	SECCOMP_NOT_EQUAL,
	SECCOMP_LESS,
	SECCOMP_LESS_OR_EQUAL,
	SECCOMP_GREATER,
	SECCOMP_GREATER_OR_EQUAL,
};
#define SECCOMP_COMPARISONS (SECCOMP_GREATER_OR_EQUAL + 1)

/* (argument & mask) COMPARISON value. Of a 32-bit argument the kernel reads the low half alone,
 * and so does a condition: what is in the other half must not decide. */
struct seccomp_condition {
	uint8_t argument; /* 0 to 5 */
	uint8_t comparison;
	bool narrow; /* the argument has 32 bits */
	uint64_t mask, value;
};

struct seccomp_place {
	unsigned line, column; /* from 1; 0: none */
};

struct seccomp_clause {
	uint32_t call;	 /* number */
	uint32_t action; /* SECCOMP_RET_*, with its data: an errno */
	uint8_t count;	 /* of conditions, which must all hold; 0: always */
	struct seccomp_condition conditions[SECCOMP_CONDITIONS];
	struct seccomp_place place;
};

struct seccomp_policy {
	char *name; /* for messages: a file, or "--seccomp" */
	uint32_t otherwise;
	bool has_default; /* the text says it */
	struct seccomp_clause *clauses;
	size_t count, room;
	unsigned flags;	    /* SECCOMP_FILTER_FLAG_* that a profile asks for */
	size_t strange;	    /* names that the text allows to be unknown, and that are */
	char *strange_name; /* one of them; owned */
	char *remark;	    /* what is not held that was asked for; owned, NULL: nothing */
};

int seccomp_policy_new(const char *name, struct seccomp_policy **ret_policy);
void seccomp_policy_free(struct seccomp_policy *policy);
DEFINE_CLEANUP(struct seccomp_policy *, seccomp_policy_free);

/* -ENOMEM; -E2BIG: SECCOMP_CLAUSES_MOST. */
int seccomp_policy_add(struct seccomp_policy *policy, const struct seccomp_clause *clause);

/* What the policy says of one call with these arguments. *ret_clause (may be NULL): NULL for the
 * default. */
uint32_t seccomp_policy_judge(const struct seccomp_policy *policy, uint32_t call,
			      const uint64_t arguments[static SECCOMP_ARGUMENTS],
			      const struct seccomp_clause **ret_clause);

/*
 * -EINVAL with a sentence if no program could be started under it: the one execve(2) that starts
 * it is judged, too.
 */
int seccomp_policy_check_start(const struct seccomp_policy *policy, struct error *err);

/* What a reader should know though the policy is right: a filter of a call whose twin passes its
 * arguments in memory, where no filter sees them. Owned; NULL: nothing (or no memory). */
char *seccomp_policy_warning(const struct seccomp_policy *policy);

/* "errno EPERM": an action as the language writes it. */
enum { SECCOMP_ACTION_TEXT = 48 };
const char *seccomp_action_text(uint32_t action, char buffer[static SECCOMP_ACTION_TEXT]);
