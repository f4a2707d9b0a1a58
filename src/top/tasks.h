/* SPDX-License-Identifier: MIT */
/* The processes of a group, as /proc shows them to us. */
#pragma once

#include "top/tree.h"
#include "util/host.h"

enum { TASKS_MOST = 500 };

/*
 * Looks at these processes (a list of numbers): what they used since the last look is in `cpu`.
 * Those that are gone, or hidden from us, are left out. -ENOMEM: the list is as before.
 */
int tasks_look(const struct host *host, struct use *use, const json_t *pids, uint64_t now_ns);

/* Kills this one, and no other that has its number by now. -ESRCH: it has ended; -EPERM. */
int task_kill(const struct host *host, const struct task *task);
