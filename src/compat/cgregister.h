/* SPDX-License-Identifier: MIT */
/* Telling the rules daemon to leave a process where it is: the protocol of /run/cgred.socket. */
#pragma once

#include "util/macros.h"

#include <sys/types.h>

enum cgregister_kind {
	CGREGISTER_PROCESS = 0,	 /* the process itself */
	CGREGISTER_CHILDREN = 1, /* and all that descend from it */
	CGREGISTER_CANCEL = 2,
};

/*
 * 1: the daemon has taken it; 0: no daemon listens, so there is nobody to be told; -errno: it
 * refused (-EPERM), or did not answer in time (-ETIMEDOUT).
 */
int cgregister(pid_t pid, enum cgregister_kind kind);
