/* SPDX-License-Identifier: MIT */
/*
 * Scopes of systemd as libcgroup's commands make them: groups that systemd leaves to us. A scope
 * lives as long as a process is in it, so one that sleeps for ever is put there first.
 */
#pragma once

#include "compat/cgtool.h"

#include <sys/types.h>

struct cgscope {
	const char *slice, *scope; /* "x.slice", "y.scope" */
	pid_t pid;		   /* the first process; 0: one that sleeps */
	bool set_default;	   /* all commands then work below it */
};

/* Takes "x.slice/y.scope" apart, in place. False: it is none. */
bool cgscope_parse(char *path, struct cgscope *scope);

/* Where it is in the tree: "a-b.slice" is in "a.slice". Owned, or NULL. */
char *cgscope_path(const struct cgscope *scope);

/* 0, and the sleeper's number (0: there is none); -errno with a sentence. */
int cgscope_make(const struct cgscope *scope, pid_t *ret_sleeper, struct error *err);

/* Ends a scope that was just made. */
void cgscope_undo(const struct cgscope *scope, pid_t sleeper);

/* Ends the sleepers in a group, which somebody else keeps alive now (-r). 0 or -errno. */
int cgscope_replace(const struct cgtarget *target);
