// SPDX-License-Identifier: MIT
/* Calls on processes: this one, its children, and any other. */
#include "port/call-functions.h"

#include "port/lifecycle.h"
#include "port/output.h"
#include "port/spawn.h"

#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static enum call_result spawn_and_reply(struct port *port, uint64_t flags, struct etf_writer *reply)
{
	pid_t pid;
	int r = spawn(port, flags, -1, &pid);

	if (r == SPAWNED_CHILD)
		return CALL_SILENT;
	if (r < 0)
		return reply_errno(reply, -r);
	return reply_value(reply, pid);
}

/* Only flags for a child that has everything of its own: the child is a copy of this process. */
CALL(clone)
{
	const uint64_t shared = CLONE_VM | CLONE_VFORK | CLONE_THREAD | CLONE_SIGHAND |
				CLONE_FILES | CLONE_SETTLS | CLONE_PARENT_SETTID |
				CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_PIDFD;
	uint64_t flags = (uint32_t)arguments[0].number & ~(uint64_t)CSIGNAL;

	if (flags & shared)
		return reply_errno(reply, EINVAL);
	return spawn_and_reply(port, flags, reply);
}

CALL(fork)
{
	return spawn_and_reply(port, 0, reply);
}

static void put_child(struct etf_writer *reply, const struct child *child)
{
	const int64_t numbers[] = { child->pid,
				    child->flowcontrol,
				    child->signaloneof,
				    child->control < 0 ? CHILD_NO_CONTROL : child->control,
				    child->in_ends ? -1 : child->in,
				    child->out,
				    child->err };

	etf_put_tuple(reply, 1 + ARRAY_SIZE(numbers));
	etf_put_atom(reply, "alcove_pid");
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		etf_put_int(reply, numbers[i]);
}

CALL(cpid)
{
	size_t list = etf_open_list(reply);

	for (size_t i = 0; i < port->children.count; i++) {
		const struct child *child = &port->children.slots[i];

		if (!child->pid || child->gone)
			continue;
		put_child(reply, child);
	}
	etf_close_list(reply, list, port->children.living);
	return CALL_REPLY;
}

/* The parent is told at once, by the socket's end; the children are ended then. */
CALL(exit)
{
	/* Without children there is nothing to wait for, and a seccomp policy may allow no more. */
	if (port->children.present) {
		close(FD_CONTROL);
		port_end(port);
	}
	exit((int)arguments[0].number);
}

CALL(gethostname)
{
	char name[HOST_NAME_MAX + 2] = "";

	if (gethostname(name, sizeof(name) - 1) < 0)
		return reply_errno(reply, errno);
	reply_ok_tuple(reply, 2);
	etf_put_binary(reply, name, strlen(name));
	return CALL_REPLY;
}

CALL(sethostname)
{
	if (!arguments[0].size)
		return reply_badarg(reply);
	return reply_result(reply,
			    sethostname((const char *)arguments[0].bytes, arguments[0].size));
}

CALL(getpgrp)
{
	etf_put_int(reply, getpgrp());
	return CALL_REPLY;
}

CALL(getpid)
{
	etf_put_int(reply, port->pid);
	return CALL_REPLY;
}

/* The value may be negative: errno alone tells of an error. */
CALL(getpriority)
{
	int value;

	errno = 0;
	value = getpriority((int)arguments[0].number, (id_t)arguments[1].number);
	if (errno)
		return reply_errno(reply, errno);
	reply_ok_tuple(reply, 2);
	etf_put_int(reply, value);
	return CALL_REPLY;
}

CALL(setpriority)
{
	return reply_result(reply, setpriority((int)arguments[0].number, (id_t)arguments[1].number,
					       (int)arguments[2].number));
}

CALL(getsid)
{
	return reply_value(reply, getsid((pid_t)arguments[0].number));
}

CALL(setsid)
{
	return reply_value(reply, setsid());
}

CALL(setpgid)
{
	return reply_result(reply, setpgid((pid_t)arguments[0].number, (pid_t)arguments[1].number));
}

CALL(kill)
{
	return reply_result(reply, kill((pid_t)arguments[0].number, (int)arguments[1].number));
}

CALL(setcpid)
{
	struct child *child = children_find(&port->children, (pid_t)arguments[0].number);
	int32_t value = (int32_t)arguments[2].number;

	if (!child)
		return reply_atom(reply, "false");
	if (streq(arguments[1].text, "flowcontrol")) {
		child->flowcontrol = MAX(value, -1);
		port->polls_stale = true;
		return reply_atom(reply, "true");
	}
	if (value < 0)
		return reply_badarg(reply);
	if (streq(arguments[1].text, "signaloneof") && value <= UINT8_MAX) {
		child->signaloneof = (uint32_t)value;
		child_tell_signaloneof(child);
		return reply_atom(reply, "true");
	}
	if (streq(arguments[1].text, "stdinqueue") && !port->filtered) {
		child->stdinqueue = (uint32_t)value;
		return reply_atom(reply, "true");
	}
	return reply_atom(reply, "false");
}

/* Children may be in another namespace of numbers than this process. */
CALL(setns)
{
	port->pids_differ = true;
	return reply_result(reply, setns((int)arguments[0].number, (int)arguments[1].number));
}

CALL(unshare)
{
	port->pids_differ |= (arguments[0].number & CLONE_NEWPID) != 0;
	return reply_result(reply, unshare((int)arguments[0].number));
}

static void put_status(struct etf_writer *reply, int status)
{
	const char *name = WIFEXITED(status)	 ? "exit_status"
			   : WIFSIGNALED(status) ? "termsig"
						 : "stopsig";

	etf_put_list(reply, 1);
	if (WIFCONTINUED(status)) {
		etf_put_atom(reply, "continued");
	} else {
		etf_put_tuple(reply, 2);
		etf_put_atom(reply, name);
		if (WIFEXITED(status))
			etf_put_int(reply, WEXITSTATUS(status));
		else
			etf_put_atom(reply, signal_name(WIFSIGNALED(status) ? WTERMSIG(status)
									    : WSTOPSIG(status)));
	}
	etf_put_nil(reply);
}

/* What the child still had to say goes up before the reply, which is begun anew for that. */
CALL(waitpid)
{
	int status = 0;
	struct rusage usage;
	pid_t pid = wait4((pid_t)arguments[0].number, &status, (int)arguments[1].number, &usage);

	if (pid < 0)
		return reply_errno(reply, errno);
	if (pid > 0 && (WIFEXITED(status) || WIFSIGNALED(status))) {
		child_ended(port, pid, status, &usage, false);
		reply = output_begin(port);
	}
	reply_ok_tuple(reply, 4);
	etf_put_int(reply, pid);
	etf_put_int(reply, status);
	if (pid > 0)
		put_status(reply, status);
	else
		etf_put_nil(reply);
	return CALL_REPLY;
}
