/* SPDX-License-Identifier: MIT */
/*
 * Which refusals of a policy the kernel can make by itself: those that depend on the file, and at
 * most on the real user. Pure.
 */
#pragma once

#include "core/snapshot.h"
#include "source/kernel-deny.h"

/*
 * The entries for the rules and what their paths stand for now; an owned array. What is left out is
 * the gate's: rules with other conditions or effects, rates, dry runs, folders and patterns, files
 * that are not there, and rules that an earlier one with `stop` may keep from being tried.
 * 0 or -ENOMEM.
 */
int denials_of(const struct policy *policy, const struct targets *targets,
	       struct kernel_deny_entry **ret_entries, size_t *ret_count);
