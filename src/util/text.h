/* SPDX-License-Identifier: MIT */
/* Growing text, and text made safe for a terminal. */
#pragma once

#include "util/macros.h"

/* Bytes that are owned elsewhere; not NUL-terminated. */
struct slice {
	const char *data;
	size_t size;
};

static inline struct slice slice_of(const char *string)
{
	return (struct slice){ string, strlen(string) };
}

static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.size == b.size && (!a.size || memcmp(a.data, b.data, a.size) == 0);
}

/* What follows the last slash; the whole where there is none. */
static inline struct slice slice_last_part(struct slice path)
{
	const char *slash = path.size ? memrchr(path.data, '/', path.size) : NULL;

	if (slash)
		path = (struct slice){ slash + 1, path.size - (size_t)(slash + 1 - path.data) };
	return path;
}

/* The same of a string. */
static inline const char *path_last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* A growing string. After a failed allocation it stays as it was and `failed` is set once. */
struct text {
	char *data; /* NUL-terminated, or NULL while empty */
	size_t size, room;
	bool failed;
};

void text_init(struct text *text);
void text_done(struct text *text);
void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const void *data, size_t size);
void text_addf(struct text *text, const char *format, ...) _printf_(2, 3);
/* Makes room for `more` bytes and the NUL, so that they can be written at data + size; who does
 * that sets `size` and the NUL. False: no memory. */
bool text_reserve(struct text *text, size_t more);
/* Hands the string over ("" for an empty one); NULL if an allocation had failed. */
char *text_take(struct text *text);

/*
 * Adds `string` with every byte that could act on a terminal (C0, DEL, C1, invalid UTF-8) written
 * as \xNN and the backslash as \\, so that the original can be got back.
 */
void text_add_escaped(struct text *text, const char *string, size_t size);

/* Adds what text_add_escaped() was given. -EINVAL, with nothing added, for what it does not write:
 * a backslash before anything but a backslash or xNN. */
int text_add_unescaped(struct text *text, const char *string, size_t size);

/* The number of terminal columns of a UTF-8 string, each code point counted as one. */
size_t text_columns(const char *string);

/* The same of what need not be UTF-8: a byte that is none counts as one. */
size_t slice_columns(struct slice text);

/* The length of the valid UTF-8 sequence that starts at `data`, or 0 if it is none. */
size_t utf8_sequence(const char *data, size_t size);
