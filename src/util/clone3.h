/* SPDX-License-Identifier: MIT */
/* clone3(2) with a child in the same memory, which needs a stack of its own and a little assembly.
 */
#pragma once

#include "util/macros.h"

#include <linux/sched.h>

/*
 * The child runs function(argument) on the stack of `args` and exits with its result. Returns the
 * child's pid or a negative errno; -ENOSYS where this processor has no file for it.
 */
long clone3_call(struct clone_args *args, int (*function)(void *), void *argument);
