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

#include "util/macros.h"

#include <jansson.h>

enum severity { SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_ERROR };

struct diagnostic {
	enum severity severity;
	char *file;	       /* owned; NULL: about no file (the host) */
	uint32_t line, column; /* from 1; 0: none */
	uint32_t length;       /* how many columns the caret underlines; at least 1 */
	char *message;	       /* owned */
	char *hint;	       /* owned; NULL: none. What to do. */
	char *source_line;     /* owned; NULL: none */
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

/* Prints all in file order, with colour if asked; names and lines are escaped for terminals. */
void diagnostics_print(const struct diagnostics *list, bool colour, FILE *out);

/* The same as an array of objects (file, line, column, length, severity, message, hint). */
json_t *diagnostics_to_json(const struct diagnostics *list);
