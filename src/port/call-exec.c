// SPDX-License-Identifier: MIT
/*
 * Executing a program in place of this control process. There is a reply only when it fails.
 *
 * Before, the parent is told in the stream of frames that what follows is the program's output
 * (FRAME_EXEC). If the program does not start, the parent is told by the control socket; if it
 * does, by that socket's end. A process that keeps the socket open over execve re-executes the port
 * itself (option -d), and announces nothing.
 *
 * The program is to end when this process's parent is killed and cannot signal it any more, unless
 * signaloneof says that it may go on.
 */
#include "port/call-functions.h"

#include "port/lifecycle.h"
#include "port/output.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* What our parent will send us at its end: the last byte that it said, or what we would. */
static int parent_signal(const struct port *port)
{
	uint8_t said[64];
	ssize_t got = recv(FD_CONTROL, said, sizeof(said), MSG_DONTWAIT);

	return got > 0 ? said[got - 1] : (int)port->options.signaloneof;
}

/* Returns whether the parent-death signal was set. */
static bool announce(struct port *port)
{
	uint8_t frame[FRAME_HEAD];
	struct iovec part = { frame, sizeof(frame) };
	bool tied = false;

	if (port->adopts && !port->control_kept && !port->plain_calls)
		(void)prctl(PR_SET_CHILD_SUBREAPER, 0);
	if (port->guard >= 0 && !port->control_kept && !port->plain_calls && !port->pdeathsig_set)
		return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
	if (!port->parent_is_port || port->control_kept)
		return false;
	if (!port->plain_calls && !port->pdeathsig_set && parent_signal(port))
		tied = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
	frame_put_head(frame, FRAME_EXEC, 0);
	output_write(port, &part, 1);
	return tied;
}

static enum call_result failed(struct port *port, bool tied, int number, struct etf_writer *reply)
{
	uint8_t said = CONTROL_EXEC_FAILED;

	if (tied)
		(void)prctl(PR_SET_PDEATHSIG, 0);
	if (port->adopts && !port->control_kept && !port->plain_calls)
		(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (port->parent_is_port && !port->control_kept)
		(void)!write(FD_CONTROL, &said, 1);
	return reply_errno(reply, number);
}

/* An empty list has no strings at all; what is executed has an empty array then. */
static char *const *strings_of(const struct argument *argument)
{
	static char *const none[] = { NULL };

	return argument->strings ? argument->strings : none;
}

CALL(execve)
{
	bool tied = announce(port);

	(void)execve(arguments[0].text, strings_of(&arguments[1]), strings_of(&arguments[2]));
	return failed(port, tied, errno, reply);
}

CALL(execvp)
{
	bool tied = announce(port);

	(void)execvp(arguments[0].text, strings_of(&arguments[1]));
	return failed(port, tied, errno, reply);
}

/* By the system call itself, which needs no /proc. */
CALL(fexecve)
{
	bool tied = announce(port);

	(void)syscall(SYS_execveat, (int)arguments[0].number, "", strings_of(&arguments[1]),
		      strings_of(&arguments[2]), AT_EMPTY_PATH);
	return failed(port, tied, errno, reply);
}
