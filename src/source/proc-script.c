// SPDX-License-Identifier: MIT
/*
 * For a script the kernel makes the arguments "interpreter, its argument, script, ..." and runs the
 * interpreter; for what binfmt_misc handles the same. The name that was asked for must then stand
 * behind the first argument, and be another file than the one that runs.
 */
#include "source/proc-script.h"

#include "util/macros.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

/* In <linux/openat2.h> since 5.12. */
#ifndef RESOLVE_CACHED
#define RESOLVE_CACHED 0x20
#endif

static bool is_argument(struct slice argv, struct slice name)
{
	const char *at = argv.data, *end = argv.data + argv.size;

	for (size_t i = 0; at < end; i++) {
		size_t size = strnlen(at, (size_t)(end - at));

		if (i > 0 && size == name.size && memcmp(at, name.data, size) == 0)
			return true;
		at += MIN(size + 1, (size_t)(end - at));
	}
	return false;
}

/* A path of the process, below its root; it is not opened, only found. */
static int find(int root, const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_CACHED,
	};
	long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

	if (fd < 0 && errno == EINVAL) {
		how.resolve &= ~(uint64_t)RESOLVE_CACHED;
		fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
	}
	return (int)fd;
}

static bool is_same(int fd, const struct statx *file)
{
	struct statx st;

	return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO | STATX_TYPE, &st) < 0 ||
	       !S_ISREG(st.stx_mode) ||
	       (st.stx_ino == file->stx_ino && st.stx_dev_major == file->stx_dev_major &&
		st.stx_dev_minor == file->stx_dev_minor);
}

bool proc_script_runs(const struct proc_script_clues *clues)
{
	_cleanup_(closep) int root = -1, fd = -1;
	char path[2 * PATH_MAX];
	bool whole = clues->filename.size > 0 && clues->filename.data[0] == '/';
	int n;

	if (clues->filename.size == 0 || !is_argument(clues->argv, clues->filename))
		return false;
	n = snprintf(path, sizeof(path), "%.*s/%.*s", whole ? 0 : (int)clues->cwd.size,
		     clues->cwd.data, (int)clues->filename.size, clues->filename.data);
	if (n < 0 || (size_t)n >= sizeof(path))
		return false;
	root = openat(clues->dirfd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return false;
	fd = find(root, path);
	return fd >= 0 && !is_same(fd, clues->exe);
}
