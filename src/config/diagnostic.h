/* SPDX-License-Identifier: MIT */
/*
 * What is wrong with a configuration, all of it: every message with its file, line, column, the
 * line itself, a caret and, where there is one, a suggestion.
 *
 *   rules.yaml:12:9: error: group "bulid" is not defined (did you mean "build"?)
 *      12 |   group: bulid
 *         |          ^~~~~
 */
#pragma once

#include "util/text.h"

#include <jansson.h>
#include <stdarg.h>

enum severity { SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_ERROR };

struct diagnostic {
	enum severity severity;
	char *file;		/* owned; NULL: about no file (the host) */
	uint32_t line, column;	/* from 1; 0: none */
	uint32_t length;	/* how many columns the caret underlines; at least 1 */
	char *message;		/* owned */
	char *hint;		/* owned; NULL: none. What to do. */
	char *source_line;	/* owned; NULL: none. Of a long line only the part around it. */
	uint32_t source_column; /* the column at which source_line begins; 1 but for long lines */
};

struct diagnostics {
	struct diagnostic *items;
	size_t count, room;
	size_t errors, warnings;
	size_t dropped; /* beyond DIAGNOSTICS_MAX */
};

enum { DIAGNOSTICS_MAX = 200 };

void diagnostics_done(struct diagnostics *list);

/* Adds one; `source` (may be NULL) is the whole text of the file, for the line to show. */
void diagnostics_add(struct diagnostics *list, enum severity severity, const char *file,
		     const char *source, uint32_t line, uint32_t column, uint32_t length,
		     const char *hint, const char *format, ...) _printf_(9, 10);
void diagnostics_add_v(struct diagnostics *list, enum severity severity, const char *file,
		       const char *source, uint32_t line, uint32_t column, uint32_t length,
		       const char *hint, const char *format, va_list arguments) _printf_(9, 0);

/* The same for who has the line at hand, without its end: of a large file no other is looked at. */
void diagnostics_add_in_line(struct diagnostics *list, enum severity severity, const char *file,
			     struct slice shown, uint32_t line, uint32_t column, uint32_t length,
			     const char *hint, const char *format, ...) _printf_(9, 10);
void diagnostics_add_in_line_v(struct diagnostics *list, enum severity severity, const char *file,
			       struct slice shown, uint32_t line, uint32_t column, uint32_t length,
			       const char *hint, const char *format, va_list arguments)
	_printf_(9, 0);

/* The first error as one sentence with its place, owned; NULL: there is none, or no memory. */
char *diagnostics_first(const struct diagnostics *list);

/*
 * Puts them into the order of `files` (NULL-terminated) and of the positions in each; what is about
 * no file comes last. A note stays behind the error or warning that it was added after.
 */
void diagnostics_sort(struct diagnostics *list, const char *const *files);

/* Prints all in the order they have, with colour if asked; names and lines are escaped for
 * terminals. */
void diagnostics_print(const struct diagnostics *list, bool colour, FILE *out);

/* The same as an array of objects (file, line, column, length, severity, message, hint). */
json_t *diagnostics_to_json(const struct diagnostics *list);
