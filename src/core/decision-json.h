/* SPDX-License-Identifier: MIT */
/* A decision as JSON: for the socket, the record of decisions, and triggers. */
#pragma once

#include "core/decision.h"

#include <jansson.h>

/* `policy` is the one that the decision's indexes belong to. NULL: no memory. */
json_t *decision_to_json(const struct decision *decision, const struct policy *policy);

/* The name of the group it was put into, or of the rule that decided most; NULL: none. */
const char *decision_group(const struct decision *decision, const struct policy *policy);
const char *decision_rule(const struct decision *decision, const struct policy *policy);

/* What came of it in a word or two: "moved", "killed", "denied", ... */
const char *decision_result(const struct decision *decision);
