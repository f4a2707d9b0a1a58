// SPDX-License-Identifier: MIT
/* More calls on files, descriptors and sockets. */
#include "port/call-functions.h"

#include "port/direct.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

static void put_time(struct etf_writer *reply, const struct timespec *time)
{
	etf_put_int(reply, (int64_t)time->tv_sec * 1000000000 + time->tv_nsec);
}

/* {ok, {stat, Device, Inode, Mode, Links, Uid, Gid, Special, Size, Blocks, Accessed, Modified,
 * Changed}}; times in nanoseconds */
static enum call_result put_stat(struct etf_writer *reply, int r, const struct stat *status)
{
	if (r < 0)
		return reply_errno(reply, errno);
	const uint64_t numbers[] = { status->st_dev,
				     status->st_ino,
				     status->st_mode,
				     status->st_nlink,
				     status->st_uid,
				     status->st_gid,
				     status->st_rdev,
				     (uint64_t)status->st_size,
				     (uint64_t)status->st_blocks };
	reply_ok_tuple(reply, 2);
	etf_put_tuple(reply, 1 + ARRAY_SIZE(numbers) + 3);
	etf_put_atom(reply, "stat");
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		etf_put_uint(reply, numbers[i]);
	put_time(reply, &status->st_atim);
	put_time(reply, &status->st_mtim);
	put_time(reply, &status->st_ctim);
	return CALL_REPLY;
}

CALL(stat)
{
	struct stat status;
	int r = stat(arguments[0].text, &status);

	return put_stat(reply, r, &status);
}

CALL(lstat)
{
	struct stat status;
	int r = lstat(arguments[0].text, &status);

	return put_stat(reply, r, &status);
}

CALL(readlink)
{
	char target[PATH_MAX];
	ssize_t size = readlink(arguments[0].text, target, sizeof(target));

	if (size < 0)
		return reply_errno(reply, errno);
	reply_ok_tuple(reply, 2);
	etf_put_binary(reply, target, (size_t)size);
	return CALL_REPLY;
}

CALL(rename)
{
	return reply_result(reply, rename(arguments[0].text, arguments[1].text));
}

CALL(umask)
{
	return reply_value(reply, umask((mode_t)arguments[0].number));
}

/* Never a number that the port itself has: a client could close it unawares. */
CALL(dup)
{
	return reply_value(reply, fcntl((int)arguments[0].number, F_DUPFD, FD_FIRST_FREE));
}

CALL(pipe)
{
	int fds[2];

	if (pipe2(fds, (int)arguments[0].number) < 0)
		return reply_errno(reply, errno);
	reply_ok_tuple(reply, 2);
	etf_put_tuple(reply, 2);
	etf_put_int(reply, fds[0]);
	etf_put_int(reply, fds[1]);
	return CALL_REPLY;
}

CALL(bind)
{
	const struct memory *address = arguments[1].memory;

	if (address->size > sizeof(struct sockaddr_storage))
		return reply_badarg(reply);
	return reply_result(reply, bind((int)arguments[0].number, address->data,
					(socklen_t)address->size));
}

CALL(listen)
{
	return reply_result(reply, listen((int)arguments[0].number, (int)arguments[1].number));
}

CALL(accept)
{
	return reply_value(reply,
			   accept4((int)arguments[0].number, NULL, NULL, (int)arguments[1].number));
}

/* The runs between the descriptors that are kept. */
CALL(close_range)
{
	uint64_t first = MAX(arguments[0].number, FD_FIRST_FREE), last = arguments[1].number;
	int greatest = MAX(children_greatest_fd(&port->children),
			   MAX(port->guard, direct_greatest_fd(port)));

	for (int fd = (int)first; (uint64_t)fd <= last && fd <= greatest; fd++, first++)
		if (fd != port->guard && !direct_owns(port, fd) &&
		    !children_with_fd(&port->children, fd))
			close(fd);
	if (first <= last && syscall(SYS_close_range, (unsigned)first, (unsigned)last, 0) < 0)
		return reply_errno(reply, errno);
	return reply_ok(reply);
}

CALL(pty)
{
	char name[PATH_MAX];
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), r;

	if (fd < 0)
		return reply_errno(reply, errno);
	if (grantpt(fd) < 0 || unlockpt(fd) < 0 || ptsname_r(fd, name, sizeof(name)) != 0) {
		r = errno;
		close(fd);
		return reply_errno(reply, r);
	}
	reply_ok_tuple(reply, 2);
	etf_put_tuple(reply, 2);
	etf_put_int(reply, fd);
	etf_put_binary(reply, name, strlen(name));
	return CALL_REPLY;
}
