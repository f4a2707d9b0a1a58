/* SPDX-License-Identifier: MIT */
/* Moving a process into the groups of a spec: what cgexec and cgclassify share. */
#pragma once

#include "compat/cgtool.h"

#include <sys/types.h>

/*
 * Moves a process, with 0 the caller, which has one thread. Every hierarchy is tried. Returns 0 or
 * an error code; for CG_ERRNO *ret_r is the errno, and `err` says where it was. With `replace` the
 * process that keeps a scope alive (cgscope.h) ends.
 */
int cgmove(const struct cgtool *tool, const struct raw_spec *spec, pid_t pid, bool replace,
	   int *ret_r, struct error *err);
