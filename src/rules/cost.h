/* SPDX-License-Identifier: MIT */
/*
 * What each rule of a policy costs, and where it is enforced: for `reeve check --cost`. It says
 * what follows from the rule itself; whether this host has the gate or the BPF programs is the
 * caller's to add.
 */
#pragma once

#include "config/policy.h"

/* When a rule acts, compared with what the process does. */
enum cost_place {
	COST_BEFORE, /* at the gate: the process waits for it */
	COST_KERNEL, /* can be in the kernel, without a round trip, where BPF LSM loads */
	COST_AFTER,  /* told by an event, after the fact */
};

/* How a rule is found among all others. */
enum cost_way {
	COST_BY_NAME,	   /* hashed path or identity */
	COST_BY_FOLDER,	   /* hashed, once for each folder above the file */
	COST_BY_GLOB,	   /* the path is looked through once for all globs */
	COST_BY_CONDITION, /* by the words of `condition` */
	COST_ALWAYS,	   /* by nothing: tried at every such occasion */
};

struct rule_cost {
	uint32_t rule;
	uint32_t before, kernel, after; /* OCCASION_BIT()s, by where they are enforced */
	enum cost_way way;
	const struct policy_condition *condition; /* of COST_BY_CONDITION */
	uint32_t parts;		/* fact_part bits that its conditions may ask for */
	uint32_t always_parts;	/* of them those got although the file is none of its paths */
	bool by_inode;		/* its answer depends on the file alone: it can be kept for it */
	bool blocks_forgetting; /* no file can be forgotten while the rule is there */
	uint64_t match_ns;	/* to find it and compare */
	uint64_t facts_ns;	/* at most, to get what it asks, where nobody asked before */
};

/* Fills one in for each rule. The array is the caller's to free. 0, -ENOMEM, or as ruleset_new().
 */
int ruleset_cost(const struct policy *policy, struct rule_cost **ret_costs);

/* What getting a part of the facts takes, in ns: measured, see docs/performance.md. */
uint64_t cost_of_part(unsigned fact_part);
/* "user and group ids", for people. */
const char *cost_part_name(unsigned fact_part);
const char *cost_place_name(enum cost_place place);
/* "hashed name", ... */
const char *cost_way_name(enum cost_way way);
