// SPDX-License-Identifier: MIT
/*
 * The file is looked at when its folder or it changes (inotify). A rotation is seen by another file
 * having the name: the old one is read to its end first, so that nothing is left out.
 */
#include "cli/service-logs.h"

#include "util/fd.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <zlib.h>

enum { PIECE = 65536 };

/* Where the last `lines` lines of a text begin; *ret_missing: how many it has too few. */
static const char *last_lines(const char *text, size_t size, uint64_t lines, uint64_t *ret_missing)
{
	const char *at = text + size;

	*ret_missing = 0;
	/* The end of the last line ends no other. */
	if (size > 0 && at[-1] == '\n')
		at--;
	for (; lines > 0 && at > text; at--)
		if (at[-1] == '\n' && --lines == 0)
			return at;
	*ret_missing = lines;
	return lines > 0 ? text : text + size;
}

/* A rotated file, compressed or not, whole; NULL: there is none. */
static char *read_rotated(const char *file, size_t *ret_size)
{
	_cleanup_(freep) char *plain = NULL, *text = NULL;
	size_t size = 0, room = 0;
	gzFile from;
	int n = 1;

	if (asprintf(&plain, "%s.1.gz", file) < 0)
		return NULL;
	if (access(plain, F_OK) < 0)
		plain[strlen(plain) - 3] = '\0';
	/* Reads what is not compressed as it is. */
	from = gzopen(plain, "re");
	while (from && n > 0) {
		char *larger = size + PIECE > room ? realloc(text, room += 4 * PIECE) : text;

		if (!larger)
			break;
		text = larger;
		n = gzread(from, text + size, PIECE);
		size += n > 0 ? (size_t)n : 0;
	}
	if (from)
		gzclose(from);
	*ret_size = size;
	return TAKE_PTR(text);
}

static void print_last(const char *file, const char *text, size_t size, uint64_t lines, FILE *out)
{
	_cleanup_(freep) char *old = NULL;
	uint64_t missing = 0, ignored;
	const char *begin = last_lines(text, size, lines, &missing);
	size_t old_size = 0;

	/* What has no line end yet is a line too. */
	if (missing > 0 && (size > 0 || lines > 0)) {
		old = read_rotated(file, &old_size);
		if (old) {
			const char *from =
				last_lines(old, old_size, missing - (size > 0), &ignored);

			(void)fwrite(from, 1, (size_t)(old + old_size - from), out);
		}
	}
	(void)fwrite(begin, 1, (size_t)(text + size - begin), out);
}

/* Copies what is there from where the descriptor is. */
static int copy_rest(int fd, FILE *out)
{
	char piece[PIECE];
	ssize_t n;

	while ((n = read(fd, piece, sizeof(piece))) > 0)
		if (fwrite(piece, 1, (size_t)n, out) != (size_t)n)
			return -EIO;
	if (n < 0)
		return -errno;
	return fflush(out) != 0 ? -EIO : 0;
}

static bool is_same(int fd, const char *file)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(file, &b) == 0 && a.st_ino == b.st_ino &&
	       a.st_dev == b.st_dev;
}

static int follow_file(const char *file, int *fd, FILE *out)
{
	_cleanup_(closep) int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	_cleanup_(freep) char *folder = strdup(file);
	struct pollfd wait = { .fd = watch, .events = POLLIN };
	char events[4096];
	int r = 0;

	if (watch < 0 || !folder)
		return -ENOMEM;
	*strrchr(folder, '/') = '\0';
	if (inotify_add_watch(watch, folder, IN_MODIFY | IN_CREATE | IN_MOVED_FROM | IN_DELETE) < 0)
		return -errno;
	for (;;) {
		bool same = is_same(*fd, file);

		r = copy_rest(*fd, out);
		if (r < 0)
			return r;
		if (!same) {
			int next = open(file, O_RDONLY | O_CLOEXEC);

			if (next >= 0) {
				close(*fd);
				*fd = next;
				continue;
			}
		}
		if (poll(&wait, 1, -1) < 0 && errno != EINTR)
			return -errno;
		while (read(watch, events, sizeof(events)) > 0)
			;
	}
}

int service_logs(const char *file, uint64_t lines, bool follow, FILE *out, struct error *err)
{
	_cleanup_(closep) int fd = open(file, O_RDONLY | O_CLOEXEC);
	_cleanup_(freep) char *text = NULL;
	size_t size = 0;
	int r;

	if (fd < 0)
		return error_set_errno(err, -errno, "cannot read %s", file);
	r = file_read_fd(fd, SIZE_MAX / 2, &text, &size);
	if (r < 0)
		return error_set_errno(err, r, "cannot read %s", file);
	print_last(file, text, size, lines, out);
	if (fflush(out) != 0)
		return error_set_errno(err, -errno, "cannot write the output");
	if (!follow)
		return 0;
	r = follow_file(file, &fd, out);
	return error_set_errno(err, r, "cannot follow %s", file);
}
