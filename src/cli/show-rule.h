/* SPDX-License-Identifier: MIT */
/* Rules of a policy as text for people: what each asks, and what it does. */
#pragma once

#include "config/policy.h"

/* "execute", "read or write" */
char *rule_occasions(const struct policy_rule *rule);
/* One condition as it is written: "user: alice, bob", "not: {exe: /usr/bin/make}". */
char *rule_condition(const struct policy_condition *condition);
/* What it does: "group builds, nice 10"; "nothing" where it only stops the rules after it. */
char *rule_effects(const struct policy *policy, const struct policy_rule *rule);
/* Each is owned by the caller; NULL: no memory. Bytes that a terminal would act on are escaped. */

/* The condition of that key ("unix_group"), or -EINVAL. */
int condition_of_name(const char *name);
/* The occasion of that word ("limit-hit"), or -EINVAL. */
int occasion_of_name(const char *name);
