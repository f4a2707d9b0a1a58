/* SPDX-License-Identifier: MIT */
/*
 * The program that the corpus executes in all its forms. It needs nothing of the host but the
 * kernel, and does what it is told through descriptor 100, two bytes an order:
 *
 *	'e' N	exit with N
 *	's' N	end by signal N
 *	'x' 0	execute /proc/self/exe with the same arguments, and take the next order there
 *
 * Until an order comes it waits, so that a source that looks at /proc has time to. Without a
 * descriptor 100, or at its end, it exits with 0: it never outlives who started it.
 */
#include "util/bare.h"

#include "core/payload.h"

int start(int argc, char **argv)
{
	unsigned char order[2];

	if (bare_call(CALL_READ, PAYLOAD_FD, (long)order, sizeof(order), 0) != sizeof(order))
		return 0;
	switch (order[0]) {
	case PAYLOAD_EXIT:
		return order[1];
	case PAYLOAD_SIGNAL:
		bare_call(CALL_KILL, bare_call(CALL_GETPID, 0, 0, 0, 0), order[1], 0, 0);
		return PAYLOAD_ODD;
	case PAYLOAD_AGAIN:
		bare_call(CALL_EXECVE, (long)"/proc/self/exe", (long)argv, (long)(argv + argc + 1),
			  0);
		return PAYLOAD_ODD;
	default:
		return PAYLOAD_ODD;
	}
}
