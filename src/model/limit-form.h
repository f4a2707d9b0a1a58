/* SPDX-License-Identifier: MIT */
/*
 * The limits of a group as words of a command line. A value is what the same word would be in the
 * policy file, whole numbers as numbers, so that one parser (the policy's) judges both.
 */
#pragma once

#include "model/limits.h"

/* The policy's key with '-' for '_': "cpu-weight". */
const char *limit_word_name(enum limit limit);

enum limit_form {
	LIMIT_FORM_PLAIN, /* number or text */
	LIMIT_FORM_TEXT,  /* always text: "0" is a list of processors */
	LIMIT_FORM_BOOL,
	LIMIT_FORM_PAIR, /* NAME=VALUE, many: an object */
	LIMIT_FORM_IO,	 /* DEVICE,rbps=10M,wiops=100, many: an object of objects */
};
enum limit_form limit_form(enum limit limit);

/* A whole number that JSON can hold. */
bool limit_word_number(const char *word, uint64_t *ret_number);
/* yes or no, true or false, on or off, 1 or 0; else -EINVAL. */
int limit_word_bool(const char *word, bool *ret_yes);
