/* SPDX-License-Identifier: MIT */
/* Whether a process runs a script, concluded from what /proc shows of it. */
#pragma once

#include "util/text.h"

#include <sys/stat.h>

struct proc_script_clues {
	int dirfd;		   /* its folder in /proc */
	struct slice filename;	   /* what was asked to be executed, with a NUL behind */
	struct slice argv;	   /* a list: each with its NUL */
	struct slice cwd;	   /* from the process's own root */
	const struct statx *exe;   /* the file that it runs */
};

/*
 * True if another file runs than the one that was asked for, and that one's name stands among the
 * arguments: the kernel has put an interpreter in front. Never waits for a file system where the
 * kernel can look into its cache alone (5.12).
 */
bool proc_script_runs(const struct proc_script_clues *clues);
