/* SPDX-License-Identifier: MIT */
/* Errors for the users of the library, who know a number and a sentence. */
#pragma once

#include "util/error.h"

/* Hands the error's text over (may be NULL) and empties it; returns `code`. */
int sentence_give(struct error *err, int code, char **ret_sentence);
