/* SPDX-License-Identifier: MIT */
/*
 * The place that cgrules.conf(5) has for a process, for who asks once: cgexec and cgclassify
 * without -g, and the opening of a session. The rules are the daemon's, asked by what asks them
 * there.
 */
#pragma once

#include "compat/cgtool.h"

#include <sys/types.h>

/* Who is asked about. */
struct cgsubject {
	pid_t pid;	     /* 0: the caller, which has one thread */
	const char *command; /* that the caller is about to execute; NULL: what runs already */
	/* As whose session; NULL: its own ids count. */
	const struct cguser {
		uid_t uid;
		gid_t gid;
		gid_t *groups; /* owned */
		size_t group_count;
	} * user;
};

/* The rules, read when they are first asked. */
struct cgrulebook;
/* `once`: one process alone is asked about, and of the rules no more is read than that takes. */
int cgrulebook_new(struct cgtool *tool, bool once, struct cgrulebook **ret_book);
void cgrulebook_free(struct cgrulebook *book);
DEFINE_CLEANUP(struct cgrulebook *, cgrulebook_free);

/*
 * Moves it to where the first rule that fits, and those with '%' behind it, say. Groups whose names
 * depend on the process are made, by their templates in cgconfig.conf. No rule: it stays, and that
 * is 0. Else an error code: CG_RULES where the rules cannot be read (told).
 */
int cgrulebook_place(struct cgrulebook *book, const struct cgsubject *subject, int *ret_r,
		     struct error *err);
