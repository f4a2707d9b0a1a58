/* SPDX-License-Identifier: MIT */
/* Policy files as text: which they are, whether they may be trusted, what is in them. */
#pragma once

#include "config/reader.h"

/*
 * Adds the files that `path` means to the reader's sources: itself, or those of a folder. Returns 0
 * or the first negative errno (told); sources that could be read have their text.
 */
int sources_read(struct reader *reader, const char *path);

/* Adds one source; takes `text` over. Its number, or -ENOMEM (told). */
int source_add(struct reader *reader, const char *name, char *text, size_t size,
	       enum source_syntax syntax);

/*
 * The syntax that a file's name says: its extension, or one of libcgroup's names (cgrules.conf, and
 * what is in cgrules.d and cgconfig.d). With LOAD_COMPAT_LIBCGROUP others are judged by `text`;
 * else -EINVAL.
 */
int source_syntax_of(const char *name, struct slice text, enum load_flags flags,
		     enum source_syntax *ret_syntax);

/* Whether the text is text: UTF-8 without control characters; its first bad byte is told. */
bool source_check(struct reader *reader, uint16_t file);
