/* SPDX-License-Identifier: MIT */
/*
 * Users and groups of users by name, as the C library knows them: asked once for each name, since a
 * policy names the same ones again and again. Private to config/, and for the time of a load.
 */
#pragma once

#include "config/account-files.h"
#include "config/arena.h"
#include "util/hash.h"

#include <sys/types.h>

struct account {
	bool found;
	uid_t uid;
	gid_t gid;
	char *name, *home, *shell; /* of a user */
	char **members;		   /* of a group: names, NULL-terminated; NULL: none are listed */
	gid_t *groups;		   /* supplementary; see accounts_groups() */
	size_t group_count;
	bool groups_asked;
	char *asked;
	bool borrowed; /* all but `groups` belongs to its file and to the arena */
	struct account *next;
};

#define ACCOUNTS_LIMIT_NS UINT64_C(5000000000) /* that one load waits, for all names together */

struct accounts {
	struct hash users, groups;
	struct account *all;
	struct account_file user_file, group_file;
	struct arena *memory;
	struct asker *asker;
	uint64_t waited_ns;
	bool users_read, groups_read;
	bool users_in_files, groups_in_files; /* the host has no other: nobody else is asked */
	/* A directory service has not answered in time: who is in no file counts as not found. */
	bool gave_up;
	/* For tests: another limit (0: the usual one), and what is waited for before each question.
	 */
	uint64_t limit_ns;
	void (*wait_before)(void);
	const char *services; /* another nsswitch.conf; NULL: the host's */
};

/* What is told, as a warning, where `gave_up`. */
extern const char accounts_told[];

void accounts_done(struct accounts *accounts);

/* The user or group of that name; not `found` where there is none, or where it cannot be told. It
 * lives as long as `accounts`. -ENOMEM. */
int accounts_user(struct accounts *accounts, const char *name, struct account **ret_user);
int accounts_group(struct accounts *accounts, const char *name, struct account **ret_group);
/* The user of a number that is written as its name. */
int accounts_user_number(struct accounts *accounts, const char *number, struct account **ret_user);

/* Fills in the supplementary groups of a user that was found. -ENOMEM, -E2BIG. */
int accounts_groups(struct accounts *accounts, struct account *user);
