// SPDX-License-Identifier: MIT
/*
 * The search of execvp(3), done before there is a process: a name with a slash is a path; any
 * other is looked for in each folder of the path, an empty one being the working directory. A
 * file that is there and may not be executed does not end the search, yet it is what is told when
 * nothing better comes.
 */
#include "launch/lookup.h"

#include <fcntl.h>
#include <sys/stat.h>

static int check_file(int folder_fd, const char *path)
{
	struct stat st;

	if (fstatat(folder_fd, path, &st, 0) < 0)
		return errno == ENOTDIR ? -ENOENT : -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	return faccessat(folder_fd, path, X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

static int refuse(const char *path, int code, struct error *err)
{
	if (code == -ENOENT)
		return error_set(err, code, "there is no file \"%s\"", path);
	if (code == -EISDIR)
		return error_set(err, code, "\"%s\" is a folder, not a program", path);
	if (code == -EACCES)
		return error_set(err, code,
				 "\"%s\" may not be executed: no permission (x) for you, or its "
				 "file system is mounted noexec",
				 path);
	return error_set_errno(err, code, "cannot look at \"%s\"", path);
}

static int look_into(const char *folder, size_t length, const char *name, int folder_fd,
		     char **ret_program)
{
	_cleanup_(freep) char *path = NULL;
	int r;

	if (asprintf(&path, "%.*s%s%s", (int)length, folder, length > 0 ? "/" : "", name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	r = check_file(folder_fd, path);
	if (r != -ENOENT)
		*ret_program = TAKE_PTR(path);
	return r;
}

static int search(const char *name, const char *search_path, int folder_fd, char **ret_program,
		  struct error *err)
{
	_cleanup_(freep) char *found = NULL;
	const char *folder = search_path;
	int worst = -ENOENT, r;

	for (;;) {
		_cleanup_(freep) char *candidate = NULL;
		size_t length = strcspn(folder, ":");

		r = look_into(folder, length, name, folder_fd, &candidate);
		if (r == 0) {
			*ret_program = TAKE_PTR(candidate);
			return 0;
		}
		if (r == -ENOMEM)
			return error_oom(err);
		if (worst == -ENOENT && r != -ENOENT) {
			worst = r;
			found = TAKE_PTR(candidate);
		}
		if (folder[length] == '\0')
			break;
		folder += length + 1;
	}
	if (found)
		return refuse(found, worst, err);
	return error_set(err, -ENOENT, "there is no program \"%s\" in PATH (%s)", name,
			 search_path);
}

int lookup_program(const char *name, const char *search_path, int folder_fd, char **ret_program,
		   struct error *err)
{
	char *copy;
	int r;

	if (name[0] == '\0')
		return error_set(err, -ENOENT, "the name of the program is empty");
	if (!strchr(name, '/'))
		return search(name, search_path, folder_fd, ret_program, err);
	r = check_file(folder_fd, name);
	if (r < 0)
		return refuse(name, r, err);
	copy = strdup(name);
	if (!copy)
		return error_oom(err);
	*ret_program = copy;
	return 0;
}
