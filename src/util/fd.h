/* SPDX-License-Identifier: MIT */
/* Reading and writing small files whole, relative to a directory descriptor or AT_FDCWD. */
#pragma once

#include "util/macros.h"

/*
 * Reads a whole file of unknown size (/proc and cgroupfs say 0) into a NUL-terminated heap buffer.
 * Returns 0, or a negative errno; -EFBIG above `limit` bytes.
 */
int file_read_at(int dirfd, const char *path, size_t limit, char **ret_text, size_t *ret_size);

/* The same from a descriptor that is open, which stays open. */
int file_read_fd(int fd, size_t limit, char **ret_text, size_t *ret_size);

/*
 * Reads at most `size - 1` bytes into the caller's buffer and terminates it; no allocation.
 * Returns the number of bytes, or a negative errno; -EFBIG if the file did not fit.
 */
ssize_t file_read_into(int dirfd, const char *path, char *buffer, size_t size);

/*
 * Writes `text` in one write(2), as cgroup and /proc files want it. The file must exist.
 * Returns 0, or a negative errno; -EIO for a short write.
 */
int file_write_at(int dirfd, const char *path, const char *text);

/*
 * Replaces `path` atomically: a temporary file "<path>.new", fsync, rename. The new file has just
 * `mode`, whatever the umask. Returns 0 or a negative errno; then the old file is whole.
 */
int file_replace_at(int dirfd, const char *path, const char *text, size_t size, unsigned mode);
/* The same for what the next boot makes worthless: nothing waits for a disk. */
int file_replace_until_boot(int dirfd, const char *path, const char *text, size_t size,
			    unsigned mode);

/* write(2) until all is written; -errno. */
int write_all(int fd, const void *data, size_t size);
