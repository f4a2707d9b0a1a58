// SPDX-License-Identifier: MIT
/* Small files, read and written whole. All descriptors are O_CLOEXEC and never outlive a call. */
#include "util/fd.h"

#include <fcntl.h>
#include <sys/stat.h>

int file_read_at(int dirfd, const char *path, size_t limit, char **ret_text, size_t *ret_size)
{
	_cleanup_(closep) int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : file_read_fd(fd, limit, ret_text, ret_size);
}

int file_read_fd(int fd, size_t limit, char **ret_text, size_t *ret_size)
{
	_cleanup_(freep) char *text = NULL;
	size_t used = 0, room = 4096;

	text = malloc(room + 1);
	if (!text)
		return -ENOMEM;
	for (;;) {
		ssize_t n = read(fd, text + used, room - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
		if (used > limit)
			return -EFBIG;
		if (used == room) {
			char *larger = realloc(text, room * 2 + 1);

			if (!larger)
				return -ENOMEM;
			text = larger;
			room *= 2;
		}
	}
	text[used] = '\0';
	*ret_text = TAKE_PTR(text);
	if (ret_size)
		*ret_size = used;
	return 0;
}

ssize_t file_read_into(int dirfd, const char *path, char *buffer, size_t size)
{
	_cleanup_(closep) int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t used = 0;

	if (fd < 0)
		return -errno;
	while (used < size) {
		ssize_t n = read(fd, buffer + used, size - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0) {
			buffer[used] = '\0';
			return (ssize_t)used;
		}
		used += (size_t)n;
	}
	return -EFBIG;
}

int file_write_at(int dirfd, const char *path, const char *text)
{
	_cleanup_(closep) int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	size_t size = strlen(text);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = write(fd, text, size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EIO;
}

int write_all(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

static int replace(int dirfd, const char *path, const char *text, size_t size, unsigned mode,
		   bool lasting)
{
	_cleanup_(freep) char *temporary = NULL;
	_cleanup_(closep) int fd = -1;
	int r;

	if (asprintf(&temporary, "%s.new", path) < 0)
		return -ENOMEM;
	if (unlinkat(dirfd, temporary, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(dirfd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return -errno;
	r = write_all(fd, text, size);
	if (r >= 0 && fchmod(fd, mode) < 0)
		r = -errno;
	if (r >= 0 && lasting && fsync(fd) < 0)
		r = -errno;
	if (r >= 0 && renameat(dirfd, temporary, dirfd, path) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(dirfd, temporary, 0);
	return r;
}

int file_replace_at(int dirfd, const char *path, const char *text, size_t size, unsigned mode)
{
	return replace(dirfd, path, text, size, mode, true);
}

int file_replace_until_boot(int dirfd, const char *path, const char *text, size_t size,
			    unsigned mode)
{
	return replace(dirfd, path, text, size, mode, false);
}
