// SPDX-License-Identifier: MIT
/*
 * Paths in the new root, from its descriptor and with RESOLVE_IN_ROOT, so that no link in it,
 * absolute or with "..", leads out; and the attributes of what is mounted there. For the new
 * process alone (child.c).
 */
#include "launch/job-mount.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <sys/statfs.h>

enum { FOLDER_MODE = 0755, FILE_MODE = 0100644 };

int child_close(long fd, int result)
{
	if (fd >= 0)
		(void)raw(SYS_close, fd);
	return result;
}

long child_open(int root_fd, const char *path)
{
	const struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	return raw(SYS_openat2, root_fd, path, &how, sizeof(how));
}

int child_look(int fd, const char *path, struct statx *ret_status)
{
	return (int)raw(SYS_statx, fd, path, AT_EMPTY_PATH, STATX_TYPE | STATX_MODE | STATX_MNT_ID,
			ret_status);
}

static bool is_ours(const struct job_mounts *mounts, int fd)
{
	struct statx status;

	if (child_look(fd, "", &status) < 0 || !(status.stx_mask & STATX_MNT_ID))
		return false;
	for (size_t i = 0; i < mounts->made_count; i++)
		if (mounts->made[i] == status.stx_mnt_id)
			return true;
	return false;
}

void child_remember(struct job_mounts *mounts, int fd)
{
	struct statx status;

	if (child_look(fd, "", &status) == 0 && (status.stx_mask & STATX_MNT_ID))
		mounts->made[mounts->made_count++] = status.stx_mnt_id;
}

/* Copies `path` up to `end`; what is longer was refused before the start. */
static void copy_part(char *to, const char *path, size_t end)
{
	for (size_t i = 0; i < end; i++)
		to[i] = path[i];
	to[end] = '\0';
}

/* The last name of a path, and where the folder's part of it ends; 0 where there is no name. */
static size_t last_name(const char *path, size_t *ret_start)
{
	size_t end = 0, start;

	while (path[end])
		end++;
	while (end > 0 && path[end - 1] == '/')
		end--;
	for (start = end; start > 0 && path[start - 1] != '/';)
		start--;
	*ret_start = start;
	return end - start;
}

int child_may_make(const struct job *job, int folder)
{
	if (job->plan->file_system->make_targets || is_ours(job->mounts, folder))
		return 0;
	return -ENOENT;
}

/* Makes all missing folders of a path, where they may be made, and opens the last: fd or -errno. */
static long open_folder(const struct job *job, const char *path, size_t end)
{
	char part[MOUNT_PATH_MAX];
	long above = -1, fd = child_open(job->mounts->root_fd, "/");

	for (size_t i = 1; fd >= 0 && i <= end; i++) {
		size_t start, length;

		if (i < end && path[i] != '/')
			continue;
		copy_part(part, path, i);
		(void)child_close(above, 0);
		above = fd;
		fd = child_open(job->mounts->root_fd, part);
		length = last_name(part, &start);
		if (fd == -ENOENT && length > 0) {
			part[start + length] = '\0';
			fd = child_may_make(job, (int)above);
			if (fd == 0)
				fd = raw(SYS_mkdirat, above, part + start, FOLDER_MODE);
			if (fd == 0)
				fd = child_open(job->mounts->root_fd, part);
		}
	}
	return child_close(above, 0), fd;
}

/* The folder that `path` is in, made if it may be; *ret_name points into `part`. */
long child_open_above(const struct job *job, const char *path, char part[static MOUNT_PATH_MAX],
		      const char **ret_name)
{
	size_t start, length = last_name(path, &start);
	long fd;

	if (length == 0)
		return -EEXIST;
	fd = start <= 1 ? child_open(job->mounts->root_fd, "/") : open_folder(job, path, start);
	copy_part(part, path + start, length);
	*ret_name = part;
	return fd;
}

/* The mount point; a missing one is made, as a folder or an empty file. fd or -errno. */
long child_open_target(struct job *job, const char *path, bool folder)
{
	char part[MOUNT_PATH_MAX];
	const char *name;
	long fd = child_open(job->mounts->root_fd, path), above;
	int r;

	if (fd != -ENOENT)
		return fd;
	job->doing = "the mount point is missing";
	above = child_open_above(job, path, part, &name);
	if (above < 0)
		return above;
	r = child_may_make(job, (int)above);
	if (r == 0)
		r = (int)(folder ? raw(SYS_mkdirat, above, name, FOLDER_MODE)
				 : raw(SYS_mknodat, above, name, FILE_MODE, 0));
	(void)child_close(above, 0);
	return r < 0 ? r : child_open(job->mounts->root_fd, path);
}

/* For mount(2), which takes no descriptors. */
const char *child_fd_path(char text[static FD_PATH_SIZE], int fd)
{
	static const char folder[] = "/proc/self/fd/";
	char digits[12];
	size_t length = sizeof(folder) - 1, count = 0;

	for (size_t i = 0; i < length; i++)
		text[i] = folder[i];
	do
		digits[count++] = (char)('0' + fd % 10);
	while (fd /= 10);
	while (count)
		text[length++] = digits[--count];
	text[length] = '\0';
	return text;
}

/* ---- attributes: read only, no set-user-id, no devices, no execution ---- */

unsigned long child_old_flags(uint64_t attributes)
{
	return (attributes & MOUNT_ATTR_RDONLY ? MS_RDONLY : 0) |
	       (attributes & MOUNT_ATTR_NOSUID ? MS_NOSUID : 0) |
	       (attributes & MOUNT_ATTR_NODEV ? MS_NODEV : 0) |
	       (attributes & MOUNT_ATTR_NOEXEC ? MS_NOEXEC : 0);
}

/* The same by mount(2), which sets all flags anew: those that are there stay. */
int child_remount(int fd, uint64_t attributes)
{
	const unsigned long kept = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
	char path[FD_PATH_SIZE];
	struct statfs now;
	long r = raw(SYS_fstatfs, fd, &now);

	if (r < 0)
		return (int)r;
	/* The ST_ flags have the numbers of the MS_ ones. */
	return (int)raw(SYS_mount, NULL, child_fd_path(path, fd), NULL,
			MS_REMOUNT | MS_BIND | ((unsigned long)now.f_flags & kept) |
				child_old_flags(attributes),
			NULL);
}

int child_set_attributes(int fd, uint64_t attributes, bool shallow)
{
	const struct mount_attr attr = { .attr_set = attributes };

	return (int)raw(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | (shallow ? 0 : AT_RECURSIVE),
			&attr, sizeof(attr));
}

int child_set_apart(int fd, uint64_t attributes, bool shallow)
{
	const struct mount_attr attr = { .attr_set = attributes, .propagation = MS_SLAVE };

	return (int)raw(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | (shallow ? 0 : AT_RECURSIVE),
			&attr, sizeof(attr));
}

/* Before 5.12: each mount by itself, as the parent found them below the source. */
int child_remount_all(struct job *job, const char *target, uint64_t attributes, char **below)
{
	static char *const none[] = { NULL };
	char path[2 * MOUNT_PATH_MAX];
	size_t length = 0;
	int r = 0;

	while (target[length] && !(length > 0 && target[length] == '/' && !target[length + 1]))
		length++;
	copy_part(path, target, length);
	for (char *const *at = below ? below : none;; at++) {
		long fd = child_open(job->mounts->root_fd, path);
		size_t i = 0;

		r = fd < 0 ? (int)fd : child_remount((int)fd, attributes);
		(void)child_close(fd, 0);
		if (r < 0 || !*at)
			return r;
		for (; (*at)[i]; i++)
			path[length + i] = (*at)[i];
		path[length + i] = '\0';
	}
}
