// SPDX-License-Identifier: MIT
/*
 * The listening socket's file. fchmod() before bind() makes the kernel create the file with that
 * mode, whatever the umask: at no moment may more people connect than at the end. A file left by
 * a dead daemon is known by connect(): nobody answers. Two daemons that start in one folder at
 * the same time are kept apart by the folder's lock, not here; bind() still lets only one win.
 */
#include "varlink/internal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>

static int fill_address(const char *path, struct sockaddr_un *ret_address, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = strlen(path);

	if (length == 0)
		return error_set(err, -EINVAL, "the control socket has no path");
	if (length >= sizeof(address.sun_path))
		return error_set(err, -ENAMETOOLONG,
				 "the path of the control socket is %zu bytes long, at most %zu "
				 "are "
				 "possible: \"%s\"; choose a shorter runtime folder",
				 length, sizeof(address.sun_path) - 1, path);
	memcpy(address.sun_path, path, length + 1);
	*ret_address = address;
	return 0;
}

int varlink_check_path(const char *path, struct error *err)
{
	struct sockaddr_un address;

	return fill_address(path, &address, err);
}

static int new_socket(struct error *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? error_set_errno(err, -errno, "cannot make a Unix socket") : fd;
}

/* 0: the path is free now; a stale socket there has been removed. */
static int clear_path(const char *path, const struct sockaddr_un *address, struct error *err)
{
	_cleanup_(closep) int fd = -1;
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT
			       ? 0
			       : error_set_errno(err, -errno, "cannot look at \"%s\"", path);
	if (!S_ISSOCK(st.st_mode))
		return error_set(err, -EEXIST,
				 "\"%s\" is there and is not a socket; remove it if it is not "
				 "needed",
				 path);
	fd = new_socket(err);
	if (fd < 0)
		return fd;
	/* EAGAIN: the listener's queue is full. EPROTOTYPE: living, of another type. */
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
	    errno == EAGAIN || errno == EPROTOTYPE)
		return error_set(err, -EADDRINUSE,
				 "another daemon answers at \"%s\"; stop it, or choose another "
				 "runtime folder",
				 path);
	if (errno == ENOENT)
		return 0;
	if (errno != ECONNREFUSED)
		return error_set_errno(err, -errno, "cannot find out who answers at \"%s\"", path);
	if (unlink(path) < 0 && errno != ENOENT)
		return error_set_errno(err, -errno, "cannot remove the stale socket \"%s\"", path);
	return 0;
}

/* Opens the file itself, so that owner and mode go to it and to nothing put in its place. */
static int open_to(const char *path, uid_t uid, gid_t gid, struct stat *ret_stat, struct error *err)
{
	_cleanup_(closep) int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char link[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set_errno(err, -errno, "cannot open \"%s\"", path);
	if (!S_ISSOCK(st.st_mode))
		return error_set(err, -EEXIST, "\"%s\" has been replaced", path);
	*ret_stat = st;
	if (uid != (uid_t)-1 && st.st_uid != uid &&
	    fchownat(fd, "", uid, (gid_t)-1, AT_EMPTY_PATH) < 0)
		return error_set_errno(err, -errno, "cannot give \"%s\" to user %u", path, uid);
	if (gid == (gid_t)-1)
		return 0;
	if (st.st_gid != gid && fchownat(fd, "", (uid_t)-1, gid, AT_EMPTY_PATH) < 0)
		return error_set_errno(err, -errno, "cannot give \"%s\" to group %u", path, gid);
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (chmod(link, 0660) < 0)
		return error_set_errno(err, -errno, "cannot set the mode of \"%s\"", path);
	return 0;
}

int socket_listen(const char *path, uid_t uid, gid_t gid, int *ret_fd, struct stat *ret_stat,
		  struct error *err)
{
	_cleanup_(closep) int fd = -1;
	struct sockaddr_un address;
	int r;

	r = fill_address(path, &address, err);
	if (r < 0)
		return r;
	r = clear_path(path, &address, err);
	if (r < 0)
		return r;
	fd = new_socket(err);
	if (fd < 0)
		return fd;
	if (fchmod(fd, 0600) < 0)
		return error_set_errno(err, -errno, "cannot set the mode of a socket");
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return error_set_errno(err, -errno, "cannot make the control socket \"%s\"", path);
	r = open_to(path, uid, gid, ret_stat, err);
	if (r >= 0 && listen(fd, SOMAXCONN) < 0)
		r = error_set_errno(err, -errno, "cannot listen at \"%s\"", path);
	if (r < 0) {
		(void)unlink(path);
		return r;
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}
