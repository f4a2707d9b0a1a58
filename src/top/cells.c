// SPDX-License-Identifier: MIT
/* Columns are a table: width, and in which order they are given up where there is no room. */
#include "top/cells.h"

#include <inttypes.h>

enum { NAME_LEAST = 12, PAST_LEAST = 10, NAME_ENOUGH = 40, SCALE_LEAST = 100000 };

static const struct {
	const char *heading;
	unsigned width;
	unsigned rank; /* the highest goes first */
	bool right;
} rows[COLUMNS_ALL] = {
	[COLUMN_NAME] = { "GROUP", NAME_LEAST, 0, false },
	[COLUMN_CPU] = { "CPU%", 6, 1, true },
	[COLUMN_PAST] = { "PAST", PAST_LEAST, 6, false },
	[COLUMN_MEMORY] = { "MEMORY", 11, 2, true },
	[COLUMN_TASKS] = { "TASKS", 9, 3, true },
	[COLUMN_IO] = { "IO/s", 5, 5, true },
	[COLUMN_PRESSURE] = { "WAIT%", 5, 4, true },
	[COLUMN_THROTTLED] = { "HELD%", 5, 7, true },
	[COLUMN_OOM] = { "OOM", 3, 8, true },
};

const char *column_heading(enum column_kind column)
{
	return rows[column].heading;
}

bool column_is_right(enum column_kind column)
{
	return rows[column].right;
}

void columns_fit(unsigned width, bool unicode, struct layout_of_columns *ret_columns)
{
	unsigned used = 0, spare, more;

	*ret_columns = (struct layout_of_columns){ .unicode = unicode };
	if (width < NAME_LEAST) {
		ret_columns->widths[COLUMN_NAME] = width;
		return;
	}
	for (unsigned rank = 0; rank < COLUMNS_ALL; rank++)
		for (unsigned i = 0; i < COLUMNS_ALL; i++) {
			unsigned wanted = rows[i].width + (used > 0);

			if (rows[i].rank != rank || used + wanted > width)
				continue;
			ret_columns->widths[i] = rows[i].width;
			used += wanted;
		}
	spare = width - used;
	more = MIN(spare, (unsigned)(NAME_ENOUGH - NAME_LEAST));
	ret_columns->widths[COLUMN_NAME] += more;
	spare -= more;
	if (ret_columns->widths[COLUMN_PAST]) {
		more = MIN(spare, (unsigned)(PAST_MOST - PAST_LEAST));
		ret_columns->widths[COLUMN_PAST] += more;
		spare -= more;
	}
	ret_columns->widths[COLUMN_NAME] += spare;
}

const char *short_bytes(uint64_t bytes, char buffer[static 16])
{
	static const char letters[] = "KMGTPE";
	double value = (double)bytes;
	int unit = -1;

	for (; value >= 999.5 && letters[unit + 1]; unit++)
		value /= 1024;
	if (unit < 0)
		snprintf(buffer, 16, "%" PRIu64, bytes);
	else
		snprintf(buffer, 16, value < 9.95 ? "%.1f%c" : "%.0f%c", value, letters[unit]);
	return buffer;
}

void text_add_clipped(struct text *text, const char *string, unsigned width)
{
	struct text safe;
	size_t at = 0;

	text_init(&safe);
	text_add_escaped(&safe, string, strlen(string));
	while (safe.data && at < safe.size && width > 0) {
		size_t n = MAX(utf8_sequence(safe.data + at, safe.size - at), (size_t)1);

		text_add_bytes(text, safe.data + at, n);
		at += n;
		width--;
	}
	text_done(&safe);
}

/* ---- cells ---- */

static enum tone add_name(const struct row *row, unsigned width, struct text *text)
{
	const struct use *use = row->use;
	unsigned indent = MIN(2 * (use->depth + (row->task ? 2 : 0)), width / 2);
	char label[128];

	text_addf(text, "%*s", (int)indent, "");
	if (row->task) {
		snprintf(label, sizeof(label), "%d %s", (int)row->task->pid, row->task->comm);
		/* It is safe already. */
		text_addf(text, "%.*s", (int)(width - indent), label);
		return TONE_FAINT;
	}
	if (width > indent + 2) {
		text_add(text, use->child ? use->folded ? "+ " : "- " : "  ");
		indent += 2;
	}
	text_add_clipped(text, use->label, width - indent);
	return use->frozen ? TONE_WARNING : TONE_PLAIN;
}

/* Tenths of a percent of a second of so many µs. */
static void add_percent(struct text *text, uint64_t usec)
{
	if (usec < 9995000)
		text_addf(text, "%.1f", (double)usec / 10000);
	else
		text_addf(text, "%" PRIu64, usec / 10000);
}

static enum tone add_cpu(const struct row *row, struct text *text)
{
	const struct use *use = row->use;
	uint64_t cpu = row->task ? row->task->cpu : use->values[USE_CPU];

	if (!row->task && use->frozen) {
		text_add(text, "frozen");
		return TONE_WARNING;
	}
	if (!row->task && !use_knows(use, USE_CPU))
		return TONE_FAINT;
	add_percent(text, cpu);
	if (!row->task && use_knows(use, USE_CPU_LIMIT) &&
	    cpu >= use->values[USE_CPU_LIMIT] / 10 * 9)
		return TONE_WARNING;
	return cpu > 0 ? TONE_PLAIN : TONE_FAINT;
}

static enum tone add_past(const struct use *use, unsigned width, bool unicode, struct text *text)
{
	static const char *const blocks[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char *const letters[] = { " ", "_", ".", ":", "-", "=", "+", "*", "#" };
	const char *const *levels = unicode ? blocks : letters;
	size_t count = MIN(use->past_count, (size_t)width), from = use->past_count - count;
	uint64_t most = SCALE_LEAST;

	for (size_t i = from; i < use->past_count; i++)
		most = MAX(most, use->past[i]);
	text_addf(text, "%*s", (int)(width - count), "");
	for (size_t i = from; i < use->past_count; i++)
		text_add(text, levels[(use->past[i] * 8 + most / 2) / most]);
	return TONE_GOOD;
}

/* "1.5G/4G", coloured where little is left. */
static enum tone add_of(struct text *text, const char *now, const char *limit, uint64_t value,
			uint64_t most)
{
	text_addf(text, "%s%s%s", now, limit ? "/" : "", limit ? limit : "");
	if (!limit)
		return value > 0 ? TONE_PLAIN : TONE_FAINT;
	return value >= most - most / 20 ? TONE_BAD
	       : value >= most / 10 * 8	 ? TONE_WARNING
					 : TONE_PLAIN;
}

static enum tone add_memory(const struct row *row, struct text *text)
{
	const struct use *use = row->use;
	bool limited = use_knows(use, USE_MEMORY_LIMIT);
	char now[16], limit[16];

	if (row->task) {
		text_add(text, short_bytes(row->task->memory, now));
		return TONE_FAINT;
	}
	if (!use_knows(use, USE_MEMORY))
		return TONE_FAINT;
	return add_of(text, short_bytes(use->values[USE_MEMORY], now),
		      limited ? short_bytes(use->values[USE_MEMORY_LIMIT], limit) : NULL,
		      use->values[USE_MEMORY], limited ? use->values[USE_MEMORY_LIMIT] : 0);
}

static enum tone add_tasks(const struct row *row, struct text *text)
{
	const struct use *use = row->use;
	bool limited = use_knows(use, USE_PIDS_LIMIT);
	uint64_t value = use_knows(use, USE_PIDS) ? use->values[USE_PIDS] : use->members;
	char now[16], limit[16];

	if (row->task) {
		text_addf(text, "%c %" PRIu64, row->task->state, row->task->threads);
		return TONE_FAINT;
	}
	snprintf(now, sizeof(now), "%" PRIu64, MIN(value, UINT64_C(9999999)));
	snprintf(limit, sizeof(limit), "%" PRIu64,
		 MIN(use->values[USE_PIDS_LIMIT], UINT64_C(9999999)));
	return add_of(text, now, limited && strlen(now) + strlen(limit) < 9 ? limit : NULL, value,
		      use->values[USE_PIDS_LIMIT]);
}

static enum tone add_rest(const struct use *use, enum column_kind column, struct text *text)
{
	uint64_t value;
	char buffer[16];

	switch (column) {
	case COLUMN_IO:
		if (!use_knows(use, USE_IO_READ) && !use_knows(use, USE_IO_WRITTEN))
			return TONE_FAINT;
		value = use->values[USE_IO_READ] + use->values[USE_IO_WRITTEN];
		text_add(text, short_bytes(value, buffer));
		return value > 0 ? TONE_PLAIN : TONE_FAINT;
	case COLUMN_PRESSURE:
		value = use_pressure(use, buffer);
		if (use_knows(use, USE_CPU_STALL) || value > 0)
			text_addf(text, "%" PRIu64 "%c", MIN(value / 10000, UINT64_C(100)),
				  buffer[0]);
		return value >= 300000 ? TONE_WARNING : TONE_FAINT;
	case COLUMN_THROTTLED:
		if (use_knows(use, USE_THROTTLED))
			text_addf(text, "%" PRIu64,
				  MIN(use->values[USE_THROTTLED] / 10000, UINT64_C(9999)));
		return use->values[USE_THROTTLED] > 0 ? TONE_WARNING : TONE_FAINT;
	case COLUMN_OOM:
		if (use_knows(use, USE_OOM_KILLS))
			text_addf(text, "%" PRIu64, MIN(use->values[USE_OOM_KILLS], UINT64_C(999)));
		return use->values[USE_OOM_KILLS] > 0 ? TONE_BAD : TONE_FAINT;
	default:
		return TONE_PLAIN;
	}
}

static enum tone add_cell(const struct layout_of_columns *columns, const struct row *row,
			  enum column_kind column, struct text *text)
{
	unsigned width = columns->widths[column];

	switch (column) {
	case COLUMN_NAME:
		return add_name(row, width, text);
	case COLUMN_CPU:
		return add_cpu(row, text);
	case COLUMN_MEMORY:
		return add_memory(row, text);
	case COLUMN_TASKS:
		return add_tasks(row, text);
	case COLUMN_PAST:
		return row->task ? TONE_PLAIN : add_past(row->use, width, columns->unicode, text);
	case COLUMN_IO:
	case COLUMN_PRESSURE:
	case COLUMN_THROTTLED:
	case COLUMN_OOM:
	case COLUMNS_ALL:
	default:
		return row->task ? TONE_PLAIN : add_rest(row->use, column, text);
	}
}

enum tone cell_text(const struct layout_of_columns *columns, const struct row *row,
		    enum column_kind column, struct text *text)
{
	enum tone tone = add_cell(columns, row, column, text);
	size_t size = 0;

	for (unsigned i = 0; i < columns->widths[column] && size < text->size; i++)
		size += MAX(utf8_sequence(text->data + size, text->size - size), (size_t)1);
	if (size < text->size) {
		text->data[size] = '\0';
		text->size = size;
	}
	return tone;
}

void line_text(const struct layout_of_columns *columns, const struct row *row, struct text *text)
{
	unsigned owed = 0;

	for (unsigned i = 0; i < COLUMNS_ALL; i++) {
		struct text cell;
		size_t size;

		if (columns->widths[i] == 0)
			continue;
		text_init(&cell);
		if (row)
			(void)cell_text(columns, row, i, &cell);
		else
			text_add_clipped(&cell, rows[i].heading, columns->widths[i]);
		size = cell.data ? text_columns(cell.data) : 0;
		owed += rows[i].right ? columns->widths[i] - (unsigned)size : 0;
		if (size > 0) {
			text_addf(text, "%*s%s", (int)owed, "", cell.data);
			owed = 0;
		}
		owed += (rows[i].right ? 0 : columns->widths[i] - (unsigned)size) + 1;
		text_done(&cell);
	}
}
