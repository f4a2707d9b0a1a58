/* SPDX-License-Identifier: MIT */
/* A row as text: which columns fit into a width, and what stands in them. Pure. */
#pragma once

#include "top/tree.h"
#include "util/text.h"

enum column_kind {
	COLUMN_NAME,
	COLUMN_CPU,
	COLUMN_PAST,
	COLUMN_MEMORY,
	COLUMN_TASKS,
	COLUMN_IO,
	COLUMN_PRESSURE,
	COLUMN_THROTTLED,
	COLUMN_OOM,
	COLUMNS_ALL
};

enum tone { TONE_PLAIN, TONE_GOOD, TONE_WARNING, TONE_BAD, TONE_FAINT };

struct layout_of_columns {
	unsigned widths[COLUMNS_ALL]; /* 0: not shown */
	bool unicode;		      /* else the past is drawn in ASCII */
};

/* The least useful columns go first; the name takes what is left. */
void columns_fit(unsigned width, bool unicode, struct layout_of_columns *ret_columns);
const char *column_heading(enum column_kind column);
bool column_is_right(enum column_kind column);

/* The cell of a row into an empty text, not padded, never wider than the column; its tone. */
enum tone cell_text(const struct layout_of_columns *columns, const struct row *row,
		    enum column_kind column, struct text *text);

/* A whole row or, without one, the headings, padded; for what is no screen. */
void line_text(const struct layout_of_columns *columns, const struct row *row, struct text *text);

/* "1.5G", at most 5 columns. */
const char *short_bytes(uint64_t bytes, char buffer[static 16]);
/* Adds at most `width` columns of a string, made safe for a terminal. */
void text_add_clipped(struct text *text, const char *string, unsigned width);
