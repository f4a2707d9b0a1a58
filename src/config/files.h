/* SPDX-License-Identifier: MIT */
/* Files of a configuration, whatever their syntax: whether they may be trusted, what is in them,
 * which a folder has. Everything that is wrong is told about the file as a whole. Private to
 * config/. */
#pragma once

#include "config/load.h"

struct stat;

enum { LOAD_FILES_MAX = 1000 }; /* of a folder */

/* Tells something about a whole file, and returns `code`. */
int report_file(struct diagnostics *diagnostics, enum severity severity, const char *name, int code,
		const char *hint, const char *message);
/* An error with the text of an errno. */
int report_file_errno(struct diagnostics *diagnostics, const char *name, int code,
		      const char *what);

/* Who may write it: a warning, or with LOAD_REQUIRE_OWNERSHIP an error and -EPERM. */
int file_check_owner(struct diagnostics *diagnostics, enum load_flags flags, const char *name,
		     const struct stat *info);

/*
 * Reads a regular file of at most `limit` bytes (told in MiB): `name` relative to `folder` and
 * shown as `shown`. Returns 0 and its text, NUL-terminated and the caller's; else a negative errno
 * (told): -ENOENT, -EACCES, -EISDIR, -EINVAL no regular file, -EFBIG, -EPERM.
 */
int config_file_read(struct diagnostics *diagnostics, enum load_flags flags, size_t limit,
		     int folder, const char *name, const char *shown, char **ret_text,
		     size_t *ret_size);

/*
 * The names in an open folder that `wanted` takes, sorted and NULL-terminated, to be freed by
 * file_names_free(); what it does not take it may tell. Negative errno (told): -E2BIG above
 * LOAD_FILES_MAX, -ENOMEM.
 */
typedef bool (*file_wanted_fn)(const char *name, const char *shown,
			       struct diagnostics *diagnostics);
int config_folder_list(struct diagnostics *diagnostics, int folder, const char *shown,
		       file_wanted_fn wanted, char ***ret_names);

/*
 * Reads a file, or all regular files of a folder that `wanted` takes (of the folder itself, too, it
 * is told who may write it), and hands each text over for the time of the call. Goes on after a
 * negative errno, and returns the first.
 */
typedef int (*file_text_fn)(const char *shown, const char *text, size_t size, void *userdata);
int config_files_each(struct diagnostics *diagnostics, enum load_flags flags, size_t limit,
		      const char *path, file_wanted_fn wanted, file_text_fn take, void *userdata);

/* The size of a byte order mark in front of a text of libcgroup's (told, as a warning), or 0. */
size_t file_mark(struct diagnostics *diagnostics, const char *name, const char *text, size_t size);

void file_names_free(char **names);
DEFINE_CLEANUP(char **, file_names_free);
