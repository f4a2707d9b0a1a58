/* SPDX-License-Identifier: MIT */
/* Where a program's file is, as execvp(3) would find it. */
#pragma once

#include "util/error.h"

/*
 * `folder_fd` is what relative names are relative to (AT_FDCWD: the working directory).
 * 0; -ENOENT: not found; another -errno: found, and not executable. The sentence says which.
 */
int lookup_program(const char *name, const char *search_path, int folder_fd, char **ret_program,
		   struct error *err);
