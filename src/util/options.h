/* SPDX-License-Identifier: MIT */
/*
 * Command lines from a table: parsing, --help and the reference pages come from the same rows.
 *
 * Long options take "--name value" or "--name=value"; short ones "-n value", "-nvalue" and may be
 * bundled. "--" ends the options. An unknown option names the nearest known one.
 */
#pragma once

#include "util/error.h"

enum option_kind {
	OPTION_FLAG,   /* bool *: set to true */
	OPTION_STRING, /* const char **: points into argv; the last one wins */
	OPTION_LIST,   /* struct option_list *: every one is kept, in order */
};

struct option_list {
	const char **values; /* owned array of borrowed strings */
	size_t count;
};

struct option {
	const char *name; /* without dashes */
	char letter;	  /* or 0 */
	enum option_kind kind;
	const char *value; /* what --help calls the value, or NULL for a flag */
	const char *help;
	void *target;
};

struct command_line {
	const char *usage;   /* after "usage: PROGRAM " */
	const char *summary; /* one line */
	const struct option *options;
	size_t option_count;
	bool stop_at_operand; /* options end at the first operand (for "run PROGRAM -x") */
};

/*
 * Parses argv[1..argc-1]. Returns the index of the first operand in argv (operands are moved
 * behind the options unless stop_at_operand), or -EINVAL with a sentence in `err`.
 * --help sets *ret_help and stops.
 */
int options_parse(const struct command_line *line, int argc, char **argv, bool *ret_help,
		  struct error *err);

/* Prints usage, summary and the table, and --help where it is no row of it. `program` may hold
 * several words ("reeve group"). */
void options_print_help(const struct command_line *line, const char *program, FILE *out);

void option_list_done(struct option_list *list);
