/* SPDX-License-Identifier: MIT */
/* The "mount" section of cgconfig.conf: hierarchies of cgroup v1. */
#pragma once

#include "cgroup/raw.h"
#include "config/cgconfig.h"

/*
 * Mounts what the row `index` and later rows of the same place ask for, together. 1: was mounted,
 * and *ret_made says whether the folder was made; 0: it is there already, or an earlier row did it;
 * -EBUSY: something else is mounted there; other -errno. Never mounts over anything.
 */
int cgmount(const struct raw *raw, const struct cgconfig_settings *mounts, size_t index,
	    bool *ret_made, struct error *err);

/* Unmounts it, and removes the folder if it was made. 0 or -errno. */
int cgmount_undo(const char *place, bool made);
