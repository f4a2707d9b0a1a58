/* SPDX-License-Identifier: MIT */
/* Groups of cgconfig.conf as `groups:` of a policy. Private to config/. */
#pragma once

#include "config/cgconfig.h"
#include "util/text.h"

/* What is not carried over is a comment, and a warning. */
void import_groups(const struct cgconfig *config, struct text *text,
		   struct diagnostics *diagnostics);

/* import.c: a scalar, in quotes where it could be read as something else. */
void import_add_scalar(struct text *text, const char *value);
/* "# text\n" behind `indent` blanks, as one line of printable text. */
void import_add_comment(struct text *text, unsigned indent, const char *comment);
/* Those that stand before a line, and have not been printed. */
struct import_comments {
	const struct cgcomment *items;
	size_t count, next;
};
void import_add_comments(struct text *text, unsigned indent, struct import_comments *comments,
			 struct position before);
