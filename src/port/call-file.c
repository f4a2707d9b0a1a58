// SPDX-License-Identifier: MIT
/* Calls on files, folders, descriptors and mounts. */
#include "port/call-functions.h"

#include "port/direct.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* {ok, Binary} without the bytes. */
enum { OK_BINARY_SIZE = 1 + 2 + 4 + 5 };

CALL(chdir)
{
	return reply_result(reply, chdir(arguments[0].text));
}

CALL(chmod)
{
	return reply_result(reply, chmod(arguments[0].text, (mode_t)arguments[1].number));
}

CALL(chown)
{
	return reply_result(reply, chown(arguments[0].text, (uid_t)arguments[1].number,
					 (gid_t)arguments[2].number));
}

CALL(chroot)
{
	return reply_result(reply, chroot(arguments[0].text));
}

/* A child's descriptor must not stay in the table under a number that will be somebody else's. */
CALL(close)
{
	int fd = (int)arguments[0].number;
	struct child *child = children_with_fd(&port->children, fd);

	if (direct_owns(port, fd))
		direct_forget(port, fd);
	if (fd == port->guard) {
		port->guard = -1;
		port->polls_stale = true;
	}
	if (!child)
		return reply_result(reply, close(fd));
	port->polls_stale = true;
	if (child->in == fd && child_bytes_left(&child->queue)) {
		child->in_ends = true;
		return reply_ok(reply);
	}
	child_forget_fd(child, fd);
	child_release(&port->children, child);
	return reply_result(reply, close(fd));
}

CALL(fcntl)
{
	int fd = (int)arguments[0].number, command = (int)arguments[1].number;
	int r = fcntl(fd, command, (long)(int)arguments[2].number);

	if (r >= 0 && fd == FD_CONTROL && command == F_SETFD)
		port->control_kept = !(arguments[2].number & FD_CLOEXEC);
	return reply_value(reply, r);
}

CALL(getcwd)
{
	char folder[PATH_MAX] = "";

	/* The C library would go and look for itself where the kernel does not say. */
	if (syscall(SYS_getcwd, folder, sizeof(folder)) < 0)
		return reply_errno(reply, errno);
	if (folder[0] && folder[0] != '/') /* "(unreachable)/..." */
		return reply_errno(reply, ENOENT);
	reply_ok_tuple(reply, 2);
	etf_put_binary(reply, folder, strlen(folder));
	return CALL_REPLY;
}

CALL(link)
{
	return reply_result(reply, link(arguments[0].text, arguments[1].text));
}

CALL(lseek)
{
	return reply_result(reply, lseek((int)arguments[0].number, (off_t)arguments[1].number,
					 (int)arguments[2].number));
}

CALL(seek)
{
	return reply_value(reply, lseek((int)arguments[0].number, (off_t)arguments[1].number,
					(int)arguments[2].number));
}

CALL(mkdir)
{
	return reply_result(reply, mkdir(arguments[0].text, (mode_t)arguments[1].number));
}

CALL(mkfifo)
{
	return reply_result(reply, mkfifo(arguments[0].text, (mode_t)arguments[1].number));
}

static const char *text_or_null(const struct argument *argument)
{
	return *argument->text ? argument->text : NULL;
}

/* `data` may hold zero bytes: it is not text. The last argument is another system's. */
CALL(mount)
{
	const struct argument *data = &arguments[4];
	char *copy = NULL;

	if (!*arguments[1].text)
		return reply_badarg(reply);
	if (data->size) {
		copy = arena_take(&port->arena, data->size + 1);
		if (!copy)
			return reply_errno(reply, ENOMEM);
		memcpy(copy, data->bytes, data->size);
	}
	return reply_result(reply, mount(text_or_null(&arguments[0]), arguments[1].text,
					 text_or_null(&arguments[2]), arguments[3].number, copy));
}

CALL(open)
{
	return reply_value(reply, open(arguments[0].text, (int)arguments[1].number,
				       (mode_t)arguments[2].number));
}

CALL(pivot_root)
{
	return reply_result(reply, syscall(SYS_pivot_root, arguments[0].text, arguments[1].text));
}

/* No more than a reply holds: the rest stays to be read. */
CALL(read)
{
	size_t room = frame_room(port->depth) - OK_BINARY_SIZE;
	size_t size = (size_t)MIN(arguments[1].number, (uint64_t)room);
	uint8_t *data;
	ssize_t got;

	reply_ok_tuple(reply, 2);
	data = etf_put_binary_room(reply, size);
	if (!data)
		return CALL_REPLY;
	got = read((int)arguments[0].number, data, size);
	if (got < 0) {
		int number = errno;

		etf_restart(reply);
		return reply_errno(reply, number);
	}
	etf_shrink_binary(reply, data, (size_t)got);
	return CALL_REPLY;
}

CALL(readdir)
{
	DIR *folder = opendir(arguments[0].text);
	const struct dirent *entry;
	size_t list, count = 0;
	int number;

	if (!folder)
		return reply_errno(reply, errno);
	reply_ok_tuple(reply, 2);
	list = etf_open_list(reply);
	errno = 0;
	while ((entry = readdir(folder))) {
		etf_put_binary(reply, entry->d_name, strlen(entry->d_name));
		count++;
		errno = 0;
	}
	number = errno;
	closedir(folder);
	etf_close_list(reply, list, count);
	if (!number)
		return CALL_REPLY;
	etf_restart(reply);
	return reply_errno(reply, number);
}

CALL(rmdir)
{
	return reply_result(reply, rmdir(arguments[0].text));
}

CALL(symlink)
{
	return reply_result(reply, symlink(arguments[0].text, arguments[1].text));
}

CALL(umount)
{
	return reply_result(reply, umount(arguments[0].text));
}

CALL(umount2)
{
	return reply_result(reply, umount2(arguments[0].text, (int)arguments[1].number));
}

CALL(unlink)
{
	return reply_result(reply, unlink(arguments[0].text));
}

CALL(write)
{
	return reply_value(reply,
			   write((int)arguments[0].number, arguments[1].bytes, arguments[1].size));
}
