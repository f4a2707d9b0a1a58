/* SPDX-License-Identifier: MIT */
/* The smallest program: it exits. What one execution of it costs is the kernel's exec and exit. */
#include "util/bare.h"

int start(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 0;
}
