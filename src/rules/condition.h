/* SPDX-License-Identifier: MIT */
/*
 * Does one condition of a rule hold? Compiled from struct policy_condition, which must outlive it.
 * Asking neither allocates nor locks.
 */
#pragma once

#include "rules/facts.h"
#include "util/regex.h"

struct condition {
	const struct policy_condition *from;
	struct regex **regexes;	 /* one a word, NULL for one that is none; NULL: no word is */
	struct condition *inner; /* of CONDITION_NOT; from->inner_count */
};

enum holds {
	HOLDS_NO,
	HOLDS_YES,
	HOLDS_UNKNOWN, /* the fact could not be had; counts as no */
};

/* Facts that are not known fail a condition, in a `not` too: that is unknown unless something known
 * in it fails. */
enum holds condition_holds(const struct condition *condition, struct facts *facts);

/* Whether all parts of the facts that such a condition needs could be had; of what several parts
 * can prove (CONDITION_UNIX_GROUP), true. */
bool condition_known(enum condition_kind kind, struct facts *facts);

/* "mnt:other", "pid:4026531836" */
enum { NAMESPACE_HOST, NAMESPACE_OTHER, NAMESPACE_NUMBER };
struct namespace_word {
	uint32_t kind; /* enum fact_namespace */
	uint32_t what;
	uint32_t number; /* 0 but for NAMESPACE_NUMBER */
};
bool namespace_parse(const char *text, struct namespace_word *ret_word);

/* The name of a terminal, as "pts/3", from its device number; in `buffer`. */
enum { TERMINAL_NAME = 32 };
struct slice terminal_name(uint32_t device, char buffer[TERMINAL_NAME]);

/* What has to be known to tell whether it holds, fact_part bits; of `not` all that is in it. */
uint32_t condition_parts(const struct policy_condition *condition);

/* An array for `count` conditions. 0, -ENOMEM, or -EINVAL for a word that is no expression. */
int conditions_new(const struct policy_condition *from, size_t count,
		   struct condition **ret_conditions);
void conditions_free(struct condition *conditions, size_t count);
