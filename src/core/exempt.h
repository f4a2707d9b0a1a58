/* SPDX-License-Identifier: MIT */
/*
 * Processes that rules do not place: those that have registered themselves, as cgexec does, and
 * with `children` all that descends from them. Added and removed by the loop's thread alone; asked
 * by any, without a lock or an allocation.
 */
#pragma once

#include "util/error.h"
#include "util/host.h"

#include <sys/types.h>

struct exempt;

int exempt_new(const struct host *host, struct exempt **ret_exempt);
void exempt_free(struct exempt *exempt);
DEFINE_CLEANUP(struct exempt *, exempt_free);

/* The process that began then, 0: the one of that number now; what it was added with before is
 * replaced. 0, -ESRCH, -ENOMEM. */
int exempt_add(struct exempt *exempt, pid_t pid, uint64_t start, bool children);
/* True if it was there. */
bool exempt_remove(struct exempt *exempt, pid_t pid);
/* A process has been forked, which began then (0: not known): it is there where its parent is there
 * with `children`, and else not. For those that have ended since, too: they may have children. */
void exempt_fork(struct exempt *exempt, pid_t parent, pid_t child, uint64_t start);
/* Adds all that descends now from those that are there with `children`: forks were not told of. */
void exempt_find_children(struct exempt *exempt);

/* Is it there, or does it descend from one that is there with `children`? */
bool exempt_covers(const struct exempt *exempt, pid_t pid);

/* Whether forks have to be told of: some process is there with `children`. */
bool exempt_follows(const struct exempt *exempt);
/* Those that are there and live. */
size_t exempt_count(struct exempt *exempt);

/* The list as a file, for a daemon that is started anew; one of another boot means nobody.
 * -EBADMSG: it is damaged. No file is an empty one. */
int exempt_save(struct exempt *exempt, const char *path, struct error *err);
int exempt_load(struct exempt *exempt, const char *path, struct error *err);
