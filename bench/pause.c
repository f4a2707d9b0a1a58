/* SPDX-License-Identifier: MIT */
/* The smallest process that stays: it waits for a signal. */
#include "util/bare.h"

int start(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (;;)
		bare_call(CALL_PAUSE, 0, 0, 0, 0);
}
