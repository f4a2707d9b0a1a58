// SPDX-License-Identifier: MIT
/*
 * The child has a process group of its own, so that a stop from the terminal (which all of the
 * foreground group gets) does not reach both, and ends with its guard.
 */
#include "cli/guarded.h"

#include "core/guard.h"
#include "source/gate-source.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

static _noreturn_ void guard(int socket, pid_t child)
{
	static const int stops[] = { SIGTSTP, SIGTTIN, SIGTTOU };

	for (size_t i = 0; i < ARRAY_SIZE(stops); i++)
		(void)signal(stops[i], SIG_IGN);
	/* Answering must not wait for a page to be read back from a busy disk. */
	(void)mlockall(MCL_CURRENT | MCL_ONFAULT);
	_exit(guard_run(socket, child));
}

int guarded_begin(int *ret_socket, struct error *err)
{
	pid_t parent = getpid(), child;
	int sockets[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return error_set_errno(err, -errno, "cannot reach a guard for the gate");
	child = fork();
	if (child < 0) {
		int r = -errno;

		close(sockets[0]);
		close(sockets[1]);
		return error_set_errno(err, r, "cannot start a guard for the gate");
	}
	if (child > 0) {
		close(sockets[0]);
		guard(sockets[1], child);
	}
	close(sockets[1]);
	(void)setpgid(0, 0);
	/* It writes to the terminal from the background. */
	(void)signal(SIGTTOU, SIG_IGN);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	*ret_socket = sockets[0];
	return 0;
}

int guarded_share(int socket, const struct source *source, struct error *err)
{
	struct gate *gate = gate_source_gate(source);
	int fds[GUARD_FDS], r;
	unsigned count = 0;

	for (int kind = 0; gate && kind < GATE_CHANNELS; kind++)
		if (gate_fd(gate, kind) >= 0)
			fds[count++] = gate_fd(gate, kind);
	if (count == 0)
		return 0;
	r = guard_send_gate(socket, fds, count);
	return r < 0 ? error_set_errno(err, r, "cannot hand the gate to its guard") : 0;
}
