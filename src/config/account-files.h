/* SPDX-License-Identifier: MIT */
/*
 * The lines of /etc/passwd or /etc/group by name. fgetpwent(3) takes each line apart and two system
 * calls for it; here a line is taken apart when somebody asks for its name.
 */
#pragma once

#include "util/hash.h"

#include <pwd.h>

struct account_file {
	char *text;
	struct hash lines; /* name -> where its line goes on, behind the name and its colon */
};

/* Takes the text over, which ends with a NUL. -ENOMEM. */
int account_file_take(struct account_file *file, char *text);
/* 1; 0: the file cannot be read; -ENOMEM. */
int account_file_read(struct account_file *file, const char *path);
void account_file_done(struct account_file *file);

/*
 * The user or group of that name, of two lines with one name the first; false: there is none, or
 * its line is malformed. The strings are parts of the text, which is cut up for them: to be asked
 * for once a name.
 */
bool account_file_user(const struct account_file *file, const char *name, struct passwd *ret_user);
bool account_file_group(const struct account_file *file, const char *name, gid_t *ret_gid,
			char **ret_members);

/* The next of a group's members, NULL after the last one. */
char *account_file_member(char **members);
