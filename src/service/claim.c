// SPDX-License-Identifier: MIT
/*
 * A lock by flock(2), which goes with the last descriptor, however its process ends. Daemons with
 * different names and runtime folders have nothing in common but the manifests: so it lies among
 * them, in a file that only root can open. Where that cannot be made (/etc may be read-only), it is
 * on the folder itself.
 */
#include "service/claim.h"

#include "util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_NAME "%s/.lock"

static int open_lock(const char *folder, struct error *err)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), LOCK_NAME, folder) >= PATH_MAX)
		return error_set_errno(err, -ENAMETOOLONG, "%s", folder);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 && errno == EROFS)
		fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? error_set_errno(err, -errno, "cannot open the lock %s", path) : fd;
}

/* Who holds it, as that has said. */
static int say_busy(int fd, const char *folder, struct error *err)
{
	char text[16] = "", holder[40] = "";
	int pid = pread(fd, text, sizeof(text) - 1, 0) > 0 ? (int)strtol(text, NULL, 10) : 0;

	if (pid > 0)
		snprintf(holder, sizeof(holder), " (process %d)", pid);
	return error_set(err, -EBUSY,
			 "the services in %s are another daemon's%s: stop that one, or move this "
			 "one's policy to a folder of its own",
			 folder, holder);
}

int claim_folder(const char *folder, int *ret_fd, struct error *err)
{
	_cleanup_(closep) int fd = open_lock(folder, err);
	char text[16];
	int r;

	if (fd < 0)
		return fd;
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return say_busy(fd, folder, err);
		if (errno != EINTR)
			return error_set_errno(err, -errno, "cannot lock the folder %s", folder);
	}
	/* For the sentence above alone; a folder cannot be written to. */
	r = snprintf(text, sizeof(text), "%d\n", getpid());
	if (ftruncate(fd, 0) == 0)
		(void)!pwrite(fd, text, (size_t)r, 0);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

bool claim_holds(int fd, const char *folder)
{
	char path[PATH_MAX];
	struct stat ours, theirs;

	if (fd < 0 || fstat(fd, &ours) < 0 ||
	    snprintf(path, sizeof(path), LOCK_NAME, folder) >= PATH_MAX)
		return false;
	return stat(S_ISDIR(ours.st_mode) ? folder : path, &theirs) == 0 &&
	       ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}
