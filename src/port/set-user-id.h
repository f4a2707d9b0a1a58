/* SPDX-License-Identifier: MIT */
/*
 * A copy of the port that is set-user-ID root. It runs only where the installer says so, in a file
 * that names the capabilities which its callers are to have; everything else of root is given up.
 */
#pragma once

#include "util/macros.h"

enum { SET_USER_ID_WRONG = 256 };

/* Capabilities as bits, from words with spaces between; "#" begins a comment that ends with the
 * line. -EINVAL with a sentence: a word is none, or there is none at all. */
int set_user_id_parse(const char *text, uint64_t *ret_capabilities,
		      char ret_wrong[static SET_USER_ID_WRONG]);

/*
 * At the program's start: 0 where its identity is that of its caller, or has become it, with what
 * `file` allows. `again`: it was executed by itself, and may have changed its users before. Else
 * -EPERM with a sentence.
 */
int set_user_id_enter(const char *file, bool again, char ret_wrong[static SET_USER_ID_WRONG]);
