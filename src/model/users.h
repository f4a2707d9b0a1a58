/* SPDX-License-Identifier: MIT */
/*
 * Names of users and groups, from /etc/passwd and /etc/group alone: asking the C library could ask
 * a directory service, which may hang, fork, or itself be watched. The files are read when they are
 * first needed and when they have changed, and looked at once a second at most.
 */
#pragma once

#include "model/event.h"

struct users;

/* `root` is put before /etc: "" on a real host. -ENOMEM. */
int users_new(const char *root, struct users **ret_users);
void users_free(struct users *users);
DEFINE_CLEANUP(struct users *, users_free);

/* The name, or one of size 0: there is none. Holds until the next call. `now` is in ns, of a clock
 * that does not go back. */
struct slice users_user(struct users *users, uint32_t uid, uint64_t now);
struct slice users_group(struct users *users, uint32_t gid, uint64_t now);

/* Fills `user` and `group` in where uid and gid are known and have names. The names hold until the
 * next call. */
void users_fill(struct users *users, struct event *event, uint64_t now);
