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
