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

/* The slot of a process id, shared with the kernel; never NULL. */
_Atomic uint64_t *confirm_program_slot(struct confirm_program *program, uint32_t pid);
