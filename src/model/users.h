/* SPDX-License-Identifier: MIT */
/*
 * Names of users and groups, read from <root>/etc/passwd and <root>/etc/group alone: a directory
 * service could hang or execute programs, and a watcher must do neither. Changed files are read
 * again; they are looked at once a second at most.
 */
#pragma once

#include "util/text.h"

#include <sys/types.h>

struct users;

/* `root`: before the paths, "" on a real host; copied. -ENOMEM. */
int users_new(const char *root, struct users **ret_users);
void users_free(struct users *users);
DEFINE_CLEANUP(struct users *, users_free);

/*
 * The name, or an empty slice where the file has none. `now_ns`: CLOCK_MONOTONIC. The slice holds
 * until the next call.
 */
struct slice users_user(struct users *users, uid_t uid, uint64_t now_ns);
struct slice users_group(struct users *users, gid_t gid, uint64_t now_ns);

/* The id of a user of that name; false if the file has none. */
bool users_find(struct users *users, const char *name, uint64_t now_ns, uid_t *ret_uid);
