/* SPDX-License-Identifier: MIT */
/*
 * Which rules may match what is known of a process: each rule is filed under the words of one of
 * its conditions, the cheapest to ask that few other rules share. What is found has still to be
 * judged; what is not found does not match. Built once, then only read.
 */
#pragma once

#include "rules/candidates.h"
#include "rules/condition.h"

struct selector;

struct selector_rule {
	uint32_t rule;
	const struct condition *conditions;
	size_t count;
};

/* The rules in file order. 0 or -ENOMEM. */
int selector_new(const struct selector_rule *rules, size_t count, struct selector **ret_selector);
void selector_free(struct selector *selector);
DEFINE_CLEANUP(struct selector *, selector_free);

/* Adds the rules that may match. Gets those parts of the facts that rules are filed under. */
void selector_find(const struct selector *selector, struct facts *facts,
		   struct candidates *candidates);

/* True if all are filed under what a process has whatever it executes: its ids and its terminal. */
bool selector_is_of_process(const struct selector *selector);

/* Rules that can be filed under nothing, and are judged every time. */
size_t selector_always(const struct selector *selector);

/* Of those conditions, the one that a rule is filed under, were it alone; -1: none. */
int selector_choice(const struct condition *conditions, size_t count);
