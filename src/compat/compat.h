/* SPDX-License-Identifier: MIT */
/* The programs that reeve-compat is, by the name that it is called by. */
#pragma once

#include "util/macros.h"

struct compat_program {
	const char *name;
	const char *summary; /* one line */
	int (*run)(int argc, char **argv);
};

/* fetter.c */
int compat_fetter(int argc, char **argv);

/* libcgroup's commands, a file each; cgset.c and cgget.c have cgxset and cgxget too */
int compat_cgclassify(int argc, char **argv);
int compat_cgclear(int argc, char **argv);
int compat_cgconfigparser(int argc, char **argv);
int compat_cgcreate(int argc, char **argv);
int compat_cgdelete(int argc, char **argv);
int compat_cgexec(int argc, char **argv);
int compat_cgget(int argc, char **argv);
int compat_cgrulesengd(int argc, char **argv);
int compat_cgset(int argc, char **argv);
int compat_cgsnapshot(int argc, char **argv);
int compat_cgxget(int argc, char **argv);
int compat_cgxset(int argc, char **argv);
int compat_lscgroup(int argc, char **argv);
int compat_lssubsys(int argc, char **argv);

/* session.c: what pam_reeve starts */
int compat_session(int argc, char **argv);
