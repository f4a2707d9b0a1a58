// SPDX-License-Identifier: MIT
/*
 * Files are opened first and judged by their descriptor, so that what is checked is what is read.
 * O_NONBLOCK and the check for a regular file keep a FIFO or device from holding the daemon up.
 */
#include "config/files.h"

#include "config/reader.h"
#include "util/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

int report_file(struct diagnostics *diagnostics, enum severity severity, const char *name, int code,
		const char *hint, const char *message)
{
	diagnostics_add(diagnostics, severity, name, NULL, 0, 0, 0, hint, "%s", message);
	return code;
}

int report_file_errno(struct diagnostics *diagnostics, const char *name, int code, const char *what)
{
	diagnostics_add(diagnostics, SEVERITY_ERROR, name, NULL, 0, 0, 0, NULL, "%s: %s", what,
			strerror(-code));
	return code;
}

/* What is opened must be root's (or ours) and nobody else's to write. */
int file_check_owner(struct diagnostics *diagnostics, enum load_flags flags, const char *name,
		     const struct stat *info)
{
	bool must = (flags & LOAD_REQUIRE_OWNERSHIP) != 0;
	bool foreign = info->st_uid != 0 && info->st_uid != geteuid();
	bool open = (info->st_mode & (S_IWGRP | S_IWOTH)) != 0;
	_cleanup_(freep) char *hint = NULL;

	if (!foreign && !open)
		return 0;
	if (asprintf(&hint, "%s '%s'", foreign ? "chown root:root" : "chmod go-w", name) < 0)
		hint = NULL;
	return report_file(
		diagnostics, must ? SEVERITY_ERROR : SEVERITY_WARNING, name, must ? -EPERM : 0,
		hint,
		foreign ? "belongs to another user than root, who could change the policy"
			: "can be written by other users than its owner, who could change "
			  "the policy");
}

static int check_file(struct diagnostics *diagnostics, enum load_flags flags, size_t limit,
		      const char *name, const struct stat *info)
{
	char message[64];

	if (S_ISDIR(info->st_mode))
		return report_file(diagnostics, SEVERITY_ERROR, name, -EISDIR, NULL,
				   "is a folder, not a file");
	if (!S_ISREG(info->st_mode))
		return report_file(diagnostics, SEVERITY_ERROR, name, -EINVAL, NULL,
				   "is not a regular file");
	if (info->st_size > (off_t)limit) {
		snprintf(message, sizeof(message), "is larger than %zu MiB", limit >> 20);
		return report_file(diagnostics, SEVERITY_ERROR, name, -EFBIG, NULL, message);
	}
	return file_check_owner(diagnostics, flags, name, info);
}

int config_file_read(struct diagnostics *diagnostics, enum load_flags flags, size_t limit,
		     int folder, const char *name, const char *shown, char **ret_text,
		     size_t *ret_size)
{
	_cleanup_(closep) int fd =
		openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat info;
	int r;

	if (fd < 0 || fstat(fd, &info) < 0)
		return report_file_errno(diagnostics, shown, -errno, "cannot be read");
	r = check_file(diagnostics, flags, limit, shown, &info);
	if (r < 0)
		return r;
	r = file_read_fd(fd, limit, ret_text, ret_size);
	return r < 0 ? report_file_errno(diagnostics, shown, r, "cannot be read") : 0;
}

static int compare_names(const void *left, const void *right)
{
	const char *const *a = left, *const *b = right;

	return strcmp(*a, *b);
}

void file_names_free(char **names)
{
	for (size_t i = 0; names && names[i]; i++)
		free(names[i]);
	free(names);
}

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

int config_folder_list(struct diagnostics *diagnostics, int folder, const char *shown,
		       file_wanted_fn wanted, char ***ret_names)
{
	_cleanup_(file_names_freep) char **names = calloc(LOAD_FILES_MAX + 1, sizeof(*names));
	_cleanup_(closep) int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(closedirp) DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	size_t count = 0;

	if (!dir || !names)
		return report_file_errno(diagnostics, shown, dir ? -ENOMEM : -errno,
					 "cannot be read");
	TAKE_FD(fd);
	while ((entry = readdir(dir))) {
		if (streq(entry->d_name, ".") || streq(entry->d_name, "..") ||
		    !wanted(entry->d_name, shown, diagnostics))
			continue;
		if (count == LOAD_FILES_MAX)
			return report_file(diagnostics, SEVERITY_ERROR, shown, -E2BIG, NULL,
					   "has more than 1000 policy files");
		names[count] = strdup(entry->d_name);
		if (!names[count++])
			return report_file_errno(diagnostics, shown, -ENOMEM, "cannot be read");
	}
	qsort(names, count, sizeof(*names), compare_names);
	*ret_names = TAKE_PTR(names);
	return 0;
}

size_t file_mark(struct diagnostics *diagnostics, const char *name, const char *text, size_t size)
{
	static const char mark[] = "\xef\xbb\xbf";
	const size_t length = sizeof(mark) - 1;

	if (size < length || memcmp(text, mark, length) != 0)
		return 0;
	diagnostics_add(diagnostics, SEVERITY_WARNING, name, NULL, 1, 1, 1, "save it without",
			"the file begins with a byte order mark, which libcgroup takes for a part "
			"of the first word");
	return length;
}

struct each {
	struct diagnostics *diagnostics;
	enum load_flags flags;
	size_t limit;
	file_text_fn take;
	void *userdata;
};

static int take_file(const struct each *each, int folder, const char *name, const char *shown)
{
	_cleanup_(freep) char *text = NULL;
	size_t size;
	int r = config_file_read(each->diagnostics, each->flags, each->limit, folder, name, shown,
				 &text, &size);

	return r < 0 ? r : each->take(shown, text, size, each->userdata);
}

static int take_folder(const struct each *each, int folder, const char *path, file_wanted_fn wanted)
{
	_cleanup_(file_names_freep) char **names = NULL;
	int first = 0, r = config_folder_list(each->diagnostics, folder, path, wanted, &names);
	const char *slash = path[strlen(path) - 1] == '/' ? "" : "/";

	for (size_t i = 0; r >= 0 && names[i]; i++) {
		_cleanup_(freep) char *shown = NULL;
		struct stat info;
		int one;

		if (fstatat(folder, names[i], &info, 0) == 0 && S_ISDIR(info.st_mode))
			continue;
		if (asprintf(&shown, "%s%s%s", path, slash, names[i]) < 0)
			return report_file_errno(each->diagnostics, path, -ENOMEM,
						 "cannot be read");
		one = take_file(each, folder, names[i], shown);
		first = first < 0 ? first : one;
	}
	return r < 0 ? r : first;
}

int config_files_each(struct diagnostics *diagnostics, enum load_flags flags, size_t limit,
		      const char *path, file_wanted_fn wanted, file_text_fn take, void *userdata)
{
	const struct each each = { diagnostics, flags, limit, take, userdata };
	_cleanup_(closep) int fd = *path ? open(path, O_PATH | O_CLOEXEC) : -1;
	struct stat info;
	int r;

	if (fd < 0 || fstat(fd, &info) < 0)
		return report_file_errno(diagnostics, path, *path ? -errno : -ENOENT,
					 "cannot be read");
	if (!S_ISDIR(info.st_mode))
		return take_file(&each, AT_FDCWD, path, path);
	r = file_check_owner(diagnostics, flags, path, &info);
	return r < 0 ? r : take_folder(&each, fd, path, wanted);
}
