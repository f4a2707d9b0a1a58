/* SPDX-License-Identifier: MIT */
/* cgexec and cgclassify without -g: the place that cgrules.conf(5) has for a process. */
#pragma once

#include "compat/cgtool.h"

#include <sys/types.h>

enum { CGSUBJECT_NAMES = 3 };

struct cgsubject {
	pid_t pid; /* 0: the caller, which has one thread */
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* supplementary ones; owned */
	size_t group_count;
	char *names[CGSUBJECT_NAMES]; /* of its program, full paths first; owned, may be NULL */
	bool realtime;
};
void cgsubject_done(struct cgsubject *subject);

/* A running process, by its effective ids. 0 or -errno. */
int cgsubject_read(const struct host *host, pid_t pid, struct cgsubject *ret_subject);
/* The caller, by its real ids, and the command that it is about to execute. 0 or -errno. */
int cgsubject_self(const char *command, struct cgsubject *ret_subject);

/*
 * Moves it to where the first rule that fits, and those with '%' behind it, say. Groups whose names
 * depend on the process are made, by their templates in cgconfig.conf. No rule: it stays, and that
 * is 0. Else an error code: CG_RULES where the rules cannot be read (told).
 */
int cgrule_place(struct cgtool *tool, const struct cgsubject *subject, int *ret_r,
		 struct error *err);
