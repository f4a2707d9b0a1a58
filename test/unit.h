/* SPDX-License-Identifier: MIT */
/*
 * What unit tests share: cmocka with the headers that it forgets, and a folder of their own.
 *
 * A test that needs a privilege calls unit_need_root(), which skips it where there is none.
 */
#pragma once

#include "util/macros.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* Whether AddressSanitizer is there, whose malloc() gives nothing back. */
#if defined(__SANITIZE_ADDRESS__)
enum { UNIT_SANITIZED = 1 };
#elif defined(__has_feature)
enum { UNIT_SANITIZED = __has_feature(address_sanitizer) };
#else
enum { UNIT_SANITIZED = 0 };
#endif

/* A new empty folder below $TMPDIR; its path is owned by the caller, who removes it as below. */
char *unit_folder_new(void);

/* Removes the folder with all that is in it and frees the path. */
void unit_folder_free(char *folder);
DEFINE_CLEANUP(char *, unit_folder_free);

/* <folder>/<name>; owned by the caller. */
char *unit_path(const char *folder, const char *name);

/* Writes a file below the folder, making the folders between. */
void unit_write(const char *folder, const char *name, const char *text);

/* The whole of a file, at most 64 KiB; owned by the caller. */
char *unit_read(const char *folder, const char *name);

/* Skips the running test unless it runs as root. */
#define unit_need_root()            \
	do {                        \
		if (geteuid() != 0) \
			skip();     \
	} while (0)
