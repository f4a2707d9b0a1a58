// SPDX-License-Identifier: MIT
/* Calls that tell the kernel's numbers. */
#include "port/call-functions.h"

static enum call_result reply_constant(enum constant_table table, const struct argument *argument,
				       struct etf_writer *reply)
{
	uint64_t value;

	if (!constant_find(table, argument->text, strlen(argument->text), &value))
		return reply_atom(reply, "unknown");
	etf_put_uint(reply, value);
	return CALL_REPLY;
}

#define CONSTANT(name, table)                                       \
	CALL(name##_constant)                                       \
	{                                                           \
		return reply_constant(table, &arguments[0], reply); \
	}

CONSTANT(clone, CONSTANTS_CLONE)
CONSTANT(fcntl, CONSTANTS_FCNTL)
CONSTANT(file, CONSTANTS_FILE)
CONSTANT(ioctl, CONSTANTS_IOCTL)
CONSTANT(mount, CONSTANTS_MOUNT)
CONSTANT(prctl, CONSTANTS_PRCTL)
CONSTANT(ptrace, CONSTANTS_PTRACE)
CONSTANT(rlimit, CONSTANTS_RLIMIT)
CONSTANT(seccomp, CONSTANTS_SECCOMP)
CONSTANT(signal, CONSTANTS_SIGNAL)
CONSTANT(syscall, CONSTANTS_SYSCALL)

CALL(errno_id)
{
	int64_t number = (int64_t)arguments[0].number;

	return reply_atom(reply, errno_name((int)number));
}
