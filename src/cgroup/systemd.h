/* SPDX-License-Identifier: MIT */
/*
 * Where systemd is PID 1, the cgroup tree is its own: we write only where it lets us.
 *
 * The place is found in this order:
 *   1. the unit that this process runs in, when systemd has delegated it (Delegate=yes; it marks
 *      the directory with the extended attribute trusted.delegate, and user.delegate from 251 on);
 *   2. a scope "reeve-<name>.scope" that systemd is asked for, with Delegate=yes and this process
 *      in it; if it is there already, from an earlier run, this process joins it.
 * Groups are then at <unit>/<name>/<group>, and this process is in <unit>/daemon, because v2 lets
 * no directory with controllers enabled for those below it hold processes itself.
 *
 * v1: the same path in every hierarchy that systemd manages, if it made the directory there;
 * controllers that it does not manage in v1 (cpuset, freezer, hugetlb and others: its
 * CGROUP_DELEGATION document leaves them to all) are used from the top, as without systemd.
 *
 * Processes that leave a group go to <unit>/daemon: nothing above the unit may be written. They
 * are then part of the unit for systemd, and are stopped with it unless it says KillMode=process.
 */
#pragma once

#include "util/error.h"

struct groups;
struct layout;
struct group_problems;

/* Sets the instance's base in every hierarchy that may be written. 0 or -errno with a sentence. */
int systemd_claim(struct groups *groups, struct error *err);

/* For `reeve check`: says where groups will be, and what would be in the way. Touches nothing. */
void systemd_check(const struct layout *layout, const char *group, struct group_problems *problems);

/* "reeve-my\x2dname.scope": the name as a part of a unit's name. */
char *systemd_scope_name(const char *name);

/*
 * The unit of a path in /proc/self/cgroup that may be ours: the last part, or the one before it (a
 * leaf of ours, or DelegateSubgroup=), if it is a service or scope. NULL: none; "" never.
 */
char *systemd_unit_path(const char *own_path);
