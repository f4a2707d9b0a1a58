// SPDX-License-Identifier: MIT
/*
 * A file that a stranger could have written holds no secret of ours, and one that a stranger can
 * read holds none at all. What is looked at is what was opened; a FIFO is not waited for. The file
 * fits what file_read_fd() allocates first, so that no copy of it stays in memory that was grown.
 */
#include "util/secret.h"

#include "util/fd.h"

#include <fcntl.h>
#include <sys/stat.h>

static int check(int fd, const char *what, const char *path, struct error *err)
{
	struct stat info;

	if (fstat(fd, &info) < 0)
		return error_set_errno(err, -errno, "cannot read %s in %s", what, path);
	if (!S_ISREG(info.st_mode))
		return error_set(err, -EINVAL, "%s in %s: this is no regular file", what, path);
	if (info.st_uid != geteuid() && info.st_uid != 0)
		return error_set(err, -EPERM,
				 "%s in %s is not used: the file belongs to user %u, and must be "
				 "our own or root's",
				 what, path, info.st_uid);
	if (info.st_mode & (S_IRWXO | S_IWGRP))
		return error_set(err, -EPERM,
				 "%s in %s can be read or changed by other users (mode %04o): "
				 "chmod 600 it, and write a new one",
				 what, path, info.st_mode & 07777);
	return 0;
}

int secret_read(const char *what, const char *path, char **ret_secret, struct error *err)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char *text;
	size_t size;
	int r;

	if (fd < 0)
		return error_set_errno(err, -errno, "cannot read %s in %s", what, path);
	r = check(fd, what, path, err);
	if (r < 0)
		return r;
	r = file_read_fd(fd, SECRET_MOST, &text, &size);
	if (r < 0)
		return error_set_errno(err, r, "cannot read %s in %s", what, path);
	size = strcspn(text, "\r\n");
	explicit_bzero(text + size, strlen(text + size));
	*ret_secret = text;
	return 0;
}

void secret_free(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}
