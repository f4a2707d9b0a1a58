/* SPDX-License-Identifier: MIT */
/* Which other file an execve of this one opens: a script's interpreter, a program's loader. */
#pragma once

#include "util/host.h"

#include <sys/types.h>

enum { INTERPRETER_LINE = 256 }; /* BINPRM_BUF_SIZE: the kernel looks no further */

/*
 * Reads the interpreter out of a script's first line (without its argument) into `path`. False if
 * it is no script, or its line is not complete within what the kernel looks at. No allocation.
 */
bool interpreter_parse(const char *head, size_t size, char path[static INTERPRETER_LINE]);

/*
 * The one argument that the first line gives its interpreter, "" for none: what stands behind the
 * interpreter, without blanks at both ends. Of a script that interpreter_parse() took for one.
 */
void interpreter_parse_argument(const char *head, size_t size,
				char argument[static INTERPRETER_LINE]);

/*
 * interpreter_parse() for an open file, and what the path is for that process. The file is looked
 * at, not opened. False if there is none.
 */
bool interpreter_of(const struct host *host, pid_t pid, int fd, dev_t *ret_dev, ino_t *ret_ino);

/* True for a name like ld-linux-x86-64.so.2: a dynamic loader, which programs name in themselves.
 */
bool interpreter_is_loader(const char *path);
