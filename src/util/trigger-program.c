// SPDX-License-Identifier: MIT
/*
 * A file is as safe as every folder on the way to it: who may write a folder gives its names to
 * other files. With a sticky bit only the owner of the file, or of the folder, can. Both ways are
 * looked at, the one that is written and the one that its symbolic links lead.
 */
#include "util/trigger-program.h"

#include <limits.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

static int check_folder(const char *folder, uid_t uid, struct error *err)
{
	struct stat info;

	if (stat(folder, &info) < 0)
		return error_set_errno(err, -errno, "cannot look at %s", folder);
	if ((info.st_mode & S_IWOTH) && !(info.st_mode & S_ISVTX))
		return error_set(err, -EPERM,
				 "every user may put another program in its place: chmod o-w %s",
				 folder);
	if (uid == 0 && info.st_uid != 0 && info.st_uid != geteuid())
		return error_set(err, -EPERM,
				 "it would run as root, and %s belongs to user %u: let root own it",
				 folder, info.st_uid);
	return 0;
}

/* Every folder above, "/" too. */
static int check_way(const char *path, uid_t uid, struct error *err)
{
	char folder[PATH_MAX];

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		int r;

		snprintf(folder, sizeof(folder), "%.*s", (int)MAX(slash - path, 1), path);
		r = check_folder(folder, uid, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_file(const char *path, uid_t uid, struct error *err)
{
	struct statvfs mount;
	struct stat info;

	if (stat(path, &info) < 0)
		return error_set_errno(err, -errno, "cannot look at %s", path);
	if (!S_ISREG(info.st_mode))
		return error_set(err, -EACCES, "%s is no regular file", path);
	if (!(info.st_mode & 0111))
		return error_set(err, -EACCES, "%s is not executable: chmod +x it", path);
	if (statvfs(path, &mount) == 0 && mount.f_flag & ST_NOEXEC)
		return error_set(err, -EACCES,
				 "%s is on a file system that is mounted noexec: put it elsewhere",
				 path);
	if (info.st_mode & S_IWOTH)
		return error_set(err, -EPERM, "every user may change %s: chmod o-w it", path);
	if (uid == 0 && info.st_uid != 0 && info.st_uid != geteuid())
		return error_set(err, -EPERM,
				 "it would run as root, and %s belongs to user %u: let root own it",
				 path, info.st_uid);
	return 0;
}

int trigger_program_check(const char *path, uid_t uid, struct error *err)
{
	char real[PATH_MAX];
	int r;

	if (path[0] != '/')
		return error_set(err, -ENOENT, "\"%s\" is no absolute path", path);
	if (!realpath(path, real))
		return error_set_errno(err, -errno, "cannot find the program %s", path);
	r = check_file(real, uid, err);
	if (r >= 0)
		r = check_way(path, uid, err);
	if (r >= 0 && !streq(path, real))
		r = check_way(real, uid, err);
	return r;
}
