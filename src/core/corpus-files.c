// SPDX-License-Identifier: MIT
/*
 * The files of a case. Everything is below a folder of the run's own; removing goes by descriptors,
 * since one case makes paths that are too long to be named, and stays on that file system.
 */
#include "core/corpus-internal.h"

#include "util/fd.h"

#include <dirent.h>
#include <fcntl.h>

/* The payload, as the build made it. */
static const unsigned char payload[] = {
#include "payload.inc"
};

/*
 * A program for 32 bits that takes the payload's orders: 'x' executes its first argument by int
 * 0x80, anything else exits with the order's second byte. A header, one segment, and
 *
 *	mov $3, %eax; mov $100, %ebx; push %eax; mov %esp, %ecx; mov $2, %edx; int $0x80 # read
 *	pop %ecx; xor %ebx, %ebx; cmp $2, %eax; jne 1f; mov %ch, %bl; cmp $'x', %cl; jne 1f
 *	mov (%esp), %eax; lea 8(%esp), %ecx; lea 8(%esp,%eax,4), %edx; mov 8(%esp), %ebx
 *	mov $11, %eax; int $0x80; mov $255, %ebx			   # execve
 *	1: mov $1, %eax; int $0x80					   # exit
 */
const unsigned char corpus_payload_32[] = {
	0x7f, 'E',  'L',  'F',	1,    1,    1,	  0,	0,    0,    0,	  0,	0,    0,
	0,    0,    2,	  0,	3,    0,    1,	  0,	0,    0,    0x54, 0x80, 0x04, 0x08,
	52,   0,    0,	  0,	0,    0,    0,	  0,	0,    0,    0,	  0,	52,   0,
	32,   0,    1,	  0,	0,    0,    0,	  0,	0,    0,    1,	  0,	0,    0,
	0,    0,    0,	  0,	0,    0x80, 0x04, 0x08, 0,    0x80, 0x04, 0x08, 0x99, 0,
	0,    0,    0x99, 0,	0,    0,    5,	  0,	0,    0,    0,	  0x10, 0,    0,
	0xb8, 0x03, 0x00, 0x00, 0x00, 0xbb, 0x64, 0x00, 0x00, 0x00, 0x50, 0x89, 0xe1, 0xba,
	0x02, 0x00, 0x00, 0x00, 0xcd, 0x80, 0x59, 0x31, 0xdb, 0x83, 0xf8, 0x02, 0x75, 0x22,
	0x88, 0xeb, 0x80, 0xf9, 0x78, 0x75, 0x1b, 0x8b, 0x04, 0x24, 0x8d, 0x4c, 0x24, 0x08,
	0x8d, 0x54, 0x84, 0x08, 0x8b, 0x5c, 0x24, 0x08, 0xb8, 0x0b, 0x00, 0x00, 0x00, 0xcd,
	0x80, 0xbb, 0xff, 0x00, 0x00, 0x00, 0xb8, 0x01, 0x00, 0x00, 0x00, 0xcd, 0x80,
};
const size_t corpus_payload_32_size = sizeof(corpus_payload_32);

char *corpus_at(const struct corpus_run *run, const char *text)
{
	struct text whole;
	char *result;

	if (text[0] != '@')
		return arena_string(run->arena, text);
	text_init(&whole);
	text_add(&whole, run->folder);
	text_add(&whole, text + 1);
	result = whole.failed ? NULL : arena_copy(run->arena, whole.data, whole.size);
	text_done(&whole);
	return result;
}

static char *path_of(const struct corpus_run *run, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", run->folder, name) < 0 ? NULL : path;
}

/* Makes the folders on the way to `name`. */
static int make_way(const struct corpus_run *run, const char *name, struct error *err)
{
	_cleanup_(freep) char *path = path_of(run, name);

	if (!path)
		return error_oom(err);
	for (char *at = path + strlen(run->folder) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return error_set_errno(err, -errno, "cannot make the folder %s", path);
		*at = '/';
	}
	return 0;
}

int corpus_make_folder(const struct corpus_run *run, const char *name, struct error *err)
{
	_cleanup_(freep) char *path = NULL;

	if (asprintf(&path, "%s/", name) < 0) {
		path = NULL;
		return error_oom(err);
	}
	return make_way(run, path, err);
}

int corpus_write(const struct corpus_run *run, const char *name, const void *data, size_t size,
		 mode_t mode, struct error *err)
{
	_cleanup_(freep) char *path = path_of(run, name);
	_cleanup_(closep) int fd = -1;
	int r = make_way(run, name, err);

	if (r < 0)
		return r;
	if (!path)
		return error_oom(err);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_set_errno(err, -errno, "cannot make %s", path);
	r = write_all(fd, data, size);
	if (r == 0 && fchmod(fd, mode) < 0)
		r = -errno;
	return r < 0 ? error_set_errno(err, r, "cannot write %s", path) : 0;
}

int corpus_write_payload(const struct corpus_run *run, const char *name, struct error *err)
{
	/* the build put a NUL behind it */
	return corpus_write(run, name, payload, sizeof(payload) - 1, 0755, err);
}

/* ---- removing ---- */

static void remove_in(int parent, const char *name, dev_t dev);

static void remove_contents(int fd, dev_t dev)
{
	DIR *folder = fdopendir(fd);
	const struct dirent *entry;

	if (!folder) {
		close(fd);
		return;
	}
	while ((entry = readdir(folder)))
		if (!streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
			remove_in(fd, entry->d_name, dev);
	closedir(folder);
}

static void remove_in(int parent, const char *name, dev_t dev)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd >= 0) {
		/* a mount that a case could not undo is left with what it holds */
		if (fstat(fd, &st) < 0 || st.st_dev != dev) {
			close(fd);
			return;
		}
		remove_contents(fd, dev);
	}
	unlinkat(parent, name, fd >= 0 ? AT_REMOVEDIR : 0);
}

void corpus_remove(const char *folder)
{
	struct stat st;

	if (lstat(folder, &st) == 0 && S_ISDIR(st.st_mode))
		remove_in(AT_FDCWD, folder, st.st_dev);
}
