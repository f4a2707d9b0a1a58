/* SPDX-License-Identifier: MIT */
/* The user half of the confirm program: loads it and hands out its slots. */
#pragma once

#include "util/error.h"

#include <stdatomic.h>

struct confirm_program;

/*
 * Loads and attaches. -EPERM: BPF is refused; -ENOENT or -EINVAL: the kernel has no such
 * tracepoint; the sentence says which.
 */
int confirm_program_new(struct confirm_program **ret_program, struct error *err);
void confirm_program_free(struct confirm_program *program);
DEFINE_CLEANUP(struct confirm_program *, confirm_program_free);

/*
 * The same program for another process: the map of its slots and what keeps it attached. Borrowed;
 * the other one calls confirm_program_adopt(), which takes them (-errno: it has not).
 */
enum { CONFIRM_PROGRAM_FDS = 2 };
void confirm_program_fds(const struct confirm_program *program, int fds[CONFIRM_PROGRAM_FDS]);
int confirm_program_adopt(const int fds[CONFIRM_PROGRAM_FDS], struct confirm_program **ret_program,
			  struct error *err);

/* The slot of a process id, shared with the kernel; never NULL. */
_Atomic uint64_t *confirm_program_slot(struct confirm_program *program, uint32_t pid);
