/* SPDX-License-Identifier: MIT */
/* Which hooks this kernel takes BPF programs for. */
#pragma once

#include "util/macros.h"

/* One hook. `error` is 0, or the positive errno with which it was refused. */
struct hook_result {
	const char *name;
	const char *use; /* what it is good for */
	int error;
	const char *reason; /* why it was refused, or NULL */
	const char *advice; /* or NULL */
	bool needed;	    /* the bpf source does not work without it */
};

/* Tries every hook: loads a program that does nothing, attaches it, takes it away again. */
void hooks_try(void (*told)(const struct hook_result *result, void *userdata), void *userdata);
