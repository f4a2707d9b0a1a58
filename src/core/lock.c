// SPDX-License-Identifier: MIT
/*
 * flock(2) goes with the process, however it ends; the file's name alone means nothing. The file
 * says whether a daemon holds it, which does so for long, or a command, which does not.
 */
#include "core/lock.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define DAEMON "daemon"

enum { TRIES_DAEMON = 20, TRIES_COMMAND = 400, WAIT_NS = 50000000 };

static void lock_path(const char *name, char path[static PATH_MAX])
{
	snprintf(path, PATH_MAX, "/run/reeve-%s.lock", name);
}

/* The file may have been removed by its last holder between our open and our lock. */
static bool is_current(int fd, const char *path)
{
	struct stat ours, theirs;

	return fstat(fd, &ours) == 0 && stat(path, &theirs) == 0 && ours.st_ino == theirs.st_ino &&
	       ours.st_dev == theirs.st_dev;
}

/* Only for those who wait: without it they wait too long, or not long enough. */
static void write_holder(int fd, bool daemon)
{
	if (ftruncate(fd, 0) == 0 && daemon)
		(void)!pwrite(fd, DAEMON, strlen(DAEMON), 0);
}

static int tries_for_holder(int fd)
{
	char text[sizeof(DAEMON)] = "";

	(void)!pread(fd, text, sizeof(text) - 1, 0);
	return streq(text, DAEMON) ? TRIES_DAEMON : TRIES_COMMAND;
}

int instance_lock(const char *name, bool daemon, struct error *err)
{
	const struct timespec wait = { .tv_nsec = WAIT_NS };
	char path[PATH_MAX];
	int tries = 1;

	lock_path(name, path);
	for (int i = 0; i < tries; i++) {
		_cleanup_(closep) int fd =
			open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

		if (fd < 0)
			return error_set_errno(err, -errno, "cannot open the lock %s", path);
		if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
			if (is_current(fd, path)) {
				write_holder(fd, daemon);
				return TAKE_FD(fd);
			}
			tries = i + 2;
			continue;
		}
		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_set_errno(err, -errno, "cannot lock %s", path);
		tries = tries_for_holder(fd);
		nanosleep(&wait, NULL);
	}
	return error_set(err, -EBUSY,
			 "another instance named \"%s\" is running (it holds %s); stop it, or give "
			 "this "
			 "one another name in its policy",
			 name, path);
}

void instance_unlock(int fd, const char *name)
{
	char path[PATH_MAX];

	if (fd < 0)
		return;
	lock_path(name, path);
	(void)unlink(path);
	close(fd);
}
