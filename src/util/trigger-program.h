/* SPDX-License-Identifier: MIT */
/* Whether a program may be run by the daemon on somebody's behalf. */
#pragma once

#include "util/error.h"

#include <sys/types.h>

/*
 * Looks whether `path` (absolute) is a program that can be run as `uid`, and that nobody can change
 * whom it would then serve. 0, or with a sentence that says what to do:
 * -ENOENT, -ENOTDIR, ... it cannot be found; -EACCES: no regular file, nobody may execute it, or it
 * is on a file system that is mounted noexec; -EPERM: every user may write the file, or take its
 * name in a folder on the way to it; for root also a file or folder of somebody else.
 */
int trigger_program_check(const char *path, uid_t uid, struct error *err);
