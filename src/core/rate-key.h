/* SPDX-License-Identifier: MIT */
/* Rates of rules: what is counted together. */
#pragma once

#include "action/rate.h"
#include "rules/facts.h"

struct rate_question {
	const struct policy *policy;
	struct rate_table *table;
	struct facts *facts;
	uint64_t now_ns;
	unsigned over; /* how many rules said so */
};

/* For plan_make(): is the rule above its rate? Counts this match. `question` is a struct
 * rate_question. What a rule counts by and is not known counts together. */
bool rate_is_over(uint32_t rule, void *question);
