/* SPDX-License-Identifier: MIT */
/* Limits as options and profiles have them: one word each (50%, 2G, 8:0,rbps=10M). */
#pragma once

#include "model/limits.h"
#include "util/error.h"

#include <jansson.h>

/*
 * Adds a value to an object with the policy's keys, the form that limits_from_json() reads. Only
 * the word's form (KEY=VALUE, yes or no) is checked: -EINVAL.
 */
int limit_word_add(json_t *limits, enum limit limit, const char *word, struct error *err);

/* Whether a value can be, by itself: form and meaning. -EINVAL with a sentence. */
int limit_word_check(enum limit limit, const char *word, struct error *err);
