/* SPDX-License-Identifier: MIT */
/* Output for people: aligned columns, sizes and times as one reads them, colour on a terminal. */
#pragma once

#include "util/text.h"

#include <jansson.h>

enum style { STYLE_NONE, STYLE_HEADING, STYLE_GOOD, STYLE_BAD, STYLE_WARNING, STYLE_FAINT };

/* True if `file` is a terminal on which a line can be erased and coloured. */
bool output_terminal(FILE *file);
/* The same, and NO_COLOR is not set. */
bool output_colour(FILE *file);
/* The sequences that begin a style and end all; "" without colour. */
const char *style_on(bool colour, enum style style);
const char *style_off(bool colour);

/* Writes a string so that nothing in it can act on a terminal. */
void output_escaped(FILE *out, const char *string);

struct column {
	const char *heading;
	bool right;
};

/* Rows of cells under columns. A column in which no row has anything is left out. */
struct table {
	const struct column *columns;
	size_t column_count;
	char **cells; /* owned array of owned strings */
	enum style *styles;
	size_t cell_count, room;
	bool failed;
};

void table_init(struct table *table, const struct column *columns, size_t column_count);
void table_done(struct table *table);
/* Each adds the next cell, row by row. */
void table_add(struct table *table, enum style style, const char *format, ...) _printf_(3, 4);
void table_add_text(struct table *table, enum style style, const char *string); /* is escaped */
/* Prints all with `indent` spaces before each line. */
void table_print(const struct table *table, int indent, bool colour, FILE *out);

/* "1.5G" and "2h 3min" in a buffer that the caller has; see util/units.h for more. */
enum { VALUE_SIZE = 32 };
const char *show_bytes(uint64_t bytes, char buffer[static VALUE_SIZE]);
const char *show_time(uint64_t ns, char buffer[static VALUE_SIZE]);

/* Members of objects whose maker may be of another version: absent or of another type is "" or 0.
 */
const char *member_string(const json_t *object, const char *key);
uint64_t member_integer(const json_t *object, const char *key);
bool member_true(const json_t *object, const char *key);
