/* SPDX-License-Identifier: MIT */
/* Passwords and tokens, which are kept in files that others can neither read nor write. */
#pragma once

#include "util/error.h"

enum { SECRET_MOST = 4095 }; /* bytes of the whole file */

/*
 * The first line of a regular file of ours or root's, with a NUL behind it. `what` begins the
 * sentences: "the password". -EPERM: others may have written it, or may read it; -EINVAL: it is no
 * regular file; -EFBIG; others as open(2).
 */
int secret_read(const char *what, const char *path, char **ret_secret, struct error *err);
/* Wipes it. Takes NULL. */
void secret_free(char *secret);
DEFINE_CLEANUP(char *, secret_free);
