// SPDX-License-Identifier: MIT
/*
 * reeve-guard FD PID: the small parent of reeved (core/guard.h says what for). It is a program of
 * its own so that nothing that signals "reeved" by its name, a stop least of all, hits both.
 */
#include "core/guard.h"

#include "util/units.h"

#include <fcntl.h>
#include <sys/mman.h>

int main(int argc, char **argv)
{
	uint64_t socket, daemon;

	if (argc != 3 || parse_u64(argv[1], &socket) < 0 || parse_u64(argv[2], &daemon) < 0 ||
	    fcntl((int)socket, F_GETFD) < 0) {
		fputs("reeve-guard: started by reeved, not by hand\n", stderr);
		return 2;
	}
	/* Answering must not wait for a page to be read back from a busy disk. */
	(void)mlockall(MCL_CURRENT | MCL_ONFAULT);
	(void)fcntl((int)socket, F_SETFD, FD_CLOEXEC);
	return guard_run((int)socket, (pid_t)daemon);
}
