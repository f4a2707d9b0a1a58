// SPDX-License-Identifier: MIT
/*
 * Tables are collected first and printed when every width is known. Cells hold text that is safe
 * for a terminal already; colour is added around the padding, so that widths stay right.
 */
#include "cli/output.h"

#include "util/units.h"

#include <inttypes.h>
#include <stdarg.h>

static const char *const sequences[] = {
	[STYLE_NONE] = "",	    [STYLE_HEADING] = "\033[1m",  [STYLE_GOOD] = "\033[32m",
	[STYLE_BAD] = "\033[31;1m", [STYLE_WARNING] = "\033[33m", [STYLE_FAINT] = "\033[2m",
};

bool output_terminal(FILE *file)
{
	const char *term = getenv("TERM");

	return isatty(fileno(file)) && term && *term && !streq(term, "dumb");
}

bool output_colour(FILE *file)
{
	const char *no_color = getenv("NO_COLOR");

	return output_terminal(file) && !(no_color && *no_color);
}

const char *style_on(bool colour, enum style style)
{
	return colour ? sequences[style] : "";
}

const char *style_off(bool colour)
{
	return colour ? "\033[0m" : "";
}

void output_escaped(FILE *out, const char *string)
{
	struct text text;

	text_init(&text);
	text_add_escaped(&text, string, strlen(string));
	if (text.data)
		fputs(text.data, out);
	text_done(&text);
}

void table_init(struct table *table, const struct column *columns, size_t column_count)
{
	*table = (struct table){ .columns = columns, .column_count = column_count };
}

void table_done(struct table *table)
{
	for (size_t i = 0; i < table->cell_count; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table->styles);
	*table = (struct table){ 0 };
}

/* Makes room for one more cell; the two arrays grow together. */
static bool reserve(struct table *table)
{
	size_t room = table->room ? table->room * 2 : 64;
	enum style *styles;
	char **cells;

	if (table->failed || table->cell_count < table->room)
		return !table->failed;
	cells = realloc(table->cells, room * sizeof(*cells));
	if (cells)
		table->cells = cells;
	styles = realloc(table->styles, room * sizeof(*styles));
	if (styles)
		table->styles = styles;
	table->failed = !cells || !styles;
	if (!table->failed)
		table->room = room;
	return !table->failed;
}

static void add_owned(struct table *table, enum style style, char *cell)
{
	if (!cell || !reserve(table)) {
		free(cell);
		table->failed = true;
		return;
	}
	table->cells[table->cell_count] = cell;
	table->styles[table->cell_count++] = style;
}

void table_add(struct table *table, enum style style, const char *format, ...)
{
	char *cell = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&cell, format, arguments) < 0)
		cell = NULL;
	va_end(arguments);
	add_owned(table, style, cell);
}

void table_add_text(struct table *table, enum style style, const char *string)
{
	struct text text;

	text_init(&text);
	text_add_escaped(&text, string, strlen(string));
	add_owned(table, style, text_take(&text));
}

/* The width of a column, or 0 if no row has anything in it. */
static size_t column_width(const struct table *table, size_t column)
{
	size_t width = 0;

	for (size_t i = column; i < table->cell_count; i += table->column_count)
		width = MAX(width, text_columns(table->cells[i]));
	return width > 0 ? MAX(width, text_columns(table->columns[column].heading)) : 0;
}

/* One line; what would only be spaces at its end is not written. */
static void print_line(const struct table *table, const size_t *widths, size_t row, int indent,
		       bool colour, FILE *out)
{
	size_t owed = (size_t)indent; /* spaces due before the next thing that is seen */
	bool heading = row == SIZE_MAX;

	for (size_t column = 0; column < table->column_count; column++) {
		size_t at = row * table->column_count + column;
		const char *cell = heading ? table->columns[column].heading : table->cells[at];
		enum style style = heading ? STYLE_FAINT : table->styles[at];
		size_t pad = widths[column] - MIN(text_columns(cell), widths[column]);
		bool right = table->columns[column].right;

		if (widths[column] == 0)
			continue;
		owed += right ? pad : 0;
		if (*cell) {
			fprintf(out, "%*s%s%s%s", (int)owed, "", style_on(colour, style), cell,
				style == STYLE_NONE ? "" : style_off(colour));
			owed = 0;
		}
		owed += (right ? 0 : pad) + 2;
	}
	fputc('\n', out);
}

void table_print(const struct table *table, int indent, bool colour, FILE *out)
{
	_cleanup_(freep) size_t *widths = calloc(table->column_count + 1, sizeof(*widths));
	size_t rows = table->column_count ? table->cell_count / table->column_count : 0;

	if (!widths || table->failed) {
		fprintf(out, "%*s(out of memory)\n", indent, "");
		return;
	}
	for (size_t i = 0; i < table->column_count; i++)
		widths[i] = column_width(table, i);
	print_line(table, widths, SIZE_MAX, indent, colour, out);
	for (size_t i = 0; i < rows; i++)
		print_line(table, widths, i, indent, colour, out);
}

const char *show_bytes(uint64_t bytes, char buffer[static VALUE_SIZE])
{
	static const char letters[] = "KMGTPE";
	double value = (double)bytes;
	int unit = -1;

	if (bytes == UNITS_MAX)
		return "max";
	for (; value >= 1024 && letters[unit + 1]; unit++)
		value /= 1024;
	if (unit < 0)
		snprintf(buffer, VALUE_SIZE, "%" PRIu64, bytes);
	else
		snprintf(buffer, VALUE_SIZE, value < 99.95 ? "%.1f%c" : "%.0f%c", value,
			 letters[unit]);
	return buffer;
}

const char *show_time(uint64_t ns, char buffer[static VALUE_SIZE])
{
	if (ns == 0)
		return "0";
	return format_duration(ns, buffer, VALUE_SIZE);
}

const char *member_string(const json_t *object, const char *key)
{
	const char *string = json_string_value(json_object_get(object, key));

	return string ? string : "";
}

uint64_t member_integer(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value < 0 ? 0 : (uint64_t)value;
}

bool member_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}
