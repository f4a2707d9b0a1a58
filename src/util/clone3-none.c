// SPDX-License-Identifier: MIT
/* For other processors: clone(2) of the C library does, and the child moves itself. */
#include "util/clone3.h"

long clone3_call(struct clone_args *args, int (*function)(void *), void *argument)
{
	return -ENOSYS;
}
