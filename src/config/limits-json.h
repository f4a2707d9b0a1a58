/* SPDX-License-Identifier: MIT */
/* Limits as JSON, in the policy file's own words, both ways. */
#pragma once

#include "model/limits.h"
#include "util/error.h"

#include <jansson.h>

/* An object with one key a limit that is set, as the policy file would say it. NULL: no memory. */
json_t *limits_to_json(const struct limits *limits);

/* Reads such an object with the policy file's own reader. 0, or -EINVAL with its first mistake. */
int limits_from_json(const json_t *object, struct limits *ret_limits, struct error *err);
