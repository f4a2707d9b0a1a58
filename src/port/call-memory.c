// SPDX-License-Identifier: MIT
/* Calls that hand memory to the kernel, and tell what it wrote there. */
#include "port/call-functions.h"

#include <fcntl.h>

#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* Integers and null pointers are no memory: they are told as an empty binary. */
static void put_memory(struct etf_writer *reply, const struct memory *memory)
{
	if (memory->kind == MEMORY_BYTES || memory->kind == MEMORY_STRUCT)
		memory_put(reply, memory);
	else
		etf_put_binary(reply, NULL, 0);
}

CALL(alloc)
{
	const struct memory *memory = arguments[0].memory;

	if (memory->kind != MEMORY_STRUCT)
		return reply_badarg(reply);
	reply_ok_tuple(reply, 3);
	etf_put_binary(reply, memory->data, memory->size);
	memory_put(reply, memory);
	return CALL_REPLY;
}

CALL(iolist_to_bin)
{
	etf_put_binary(reply, arguments[0].bytes, arguments[0].size);
	return CALL_REPLY;
}

CALL(connect)
{
	const struct memory *address = arguments[1].memory;

	if (address->size > sizeof(struct sockaddr_storage))
		return reply_badarg(reply);
	return reply_result(reply, connect((int)arguments[0].number, address->data,
					   (socklen_t)address->size));
}

CALL(ioctl)
{
	int r = ioctl((int)arguments[0].number, arguments[1].number,
		      memory_address(arguments[2].memory));

	if (r < 0)
		return reply_errno(reply, errno);
	reply_ok_tuple(reply, 3);
	etf_put_int(reply, r);
	put_memory(reply, arguments[2].memory);
	return CALL_REPLY;
}

/* With a structure; the commands that take a number are fcntl/3's. */
CALL(fcntl_struct)
{
	const struct memory *memory = arguments[2].memory;
	int r;

	if (memory->kind == MEMORY_NONE || memory->kind == MEMORY_NUMBER)
		return reply_badarg(reply);
	/* No structure of fcntl(2) is larger. */
	if (memory->size < sizeof(struct flock))
		return reply_errno(reply, EINVAL);
	r = fcntl((int)arguments[0].number, (int)arguments[1].number, memory_address(memory));
	if (r < 0)
		return reply_errno(reply, errno);
	reply_ok_tuple(reply, 3);
	etf_put_int(reply, r);
	put_memory(reply, memory);
	return CALL_REPLY;
}

CALL(prctl)
{
	int option = (int)arguments[0].number;
	int r = prctl(option, memory_address(arguments[1].memory),
		      memory_address(arguments[2].memory), memory_address(arguments[3].memory),
		      memory_address(arguments[4].memory));

	if (r < 0)
		return reply_errno(reply, errno);
	if (option == PR_SET_PDEATHSIG)
		port->pdeathsig_set = true;
	if (option == PR_SET_SECCOMP)
		port->plain_calls = true;
	reply_ok_tuple(reply, 6);
	etf_put_int(reply, r);
	for (size_t i = 1; i <= 4; i++)
		memory_put(reply, arguments[i].memory);
	return CALL_REPLY;
}

/* The result of a peek may be any number: errno alone tells of an error. */
CALL(ptrace)
{
	long r;

	errno = 0;
	r = ptrace((enum __ptrace_request)arguments[0].number, (pid_t)arguments[1].number,
		   memory_address(arguments[2].memory), memory_address(arguments[3].memory));
	if (r == -1 && errno)
		return reply_errno(reply, errno);
	reply_ok_tuple(reply, 4);
	etf_put_int(reply, r);
	put_memory(reply, arguments[2].memory);
	put_memory(reply, arguments[3].memory);
	return CALL_REPLY;
}

CALL(seccomp)
{
	unsigned operation = (unsigned)arguments[0].number;
	long r = syscall(SYS_seccomp, operation, (unsigned)arguments[1].number,
			 memory_address(arguments[2].memory));

	if (r >= 0 &&
	    (operation == SECCOMP_SET_MODE_FILTER || operation == SECCOMP_SET_MODE_STRICT))
		port->plain_calls = true;
	return reply_result(reply, r);
}
