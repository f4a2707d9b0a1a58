// SPDX-License-Identifier: MIT
/*
 * Diagnostics keep their own copy of the line they show, so that the text of a large policy can be
 * freed before anything is printed. Of a long line (JSON on one line, say) only a window around the
 * caret is kept. What is kept is bounded: DIAGNOSTICS_MAX entries of at most a few hundred bytes.
 *
 * Columns count code points, as editors do; a tab is one column in the number, and is printed as a
 * tab above and below, so that the caret stands right whatever the terminal makes of it.
 */
#include "config/diagnostic.h"

#include "util/json-text.h"
#include "util/text.h"

enum {
	LINE_WINDOW = 120, /* columns of a longer line that are kept */
	LINE_BEFORE = 40,  /* of them, before the caret */
};

static void diagnostic_done(struct diagnostic *item)
{
	free(item->file);
	free(item->message);
	free(item->hint);
	free(item->source_line);
}

void diagnostics_done(struct diagnostics *list)
{
	for (size_t i = 0; i < list->count; i++)
		diagnostic_done(&list->items[i]);
	free(list->items);
	*list = (struct diagnostics){ 0 };
}

/* Where line number `line` begins in the text, or NULL. LF, CR LF and a lone CR end a line. */
static const char *find_line(const char *source, uint32_t line)
{
	const char *at = source;

	while (--line > 0) {
		at += strcspn(at, "\r\n");
		if (*at == '\0')
			return NULL;
		at += at[0] == '\r' && at[1] == '\n' ? 2 : 1;
	}
	return at;
}

/* Steps over one character, or one byte where it is no valid UTF-8. */
static const char *next_character(const char *at, const char *end)
{
	size_t length = utf8_sequence(at, (size_t)(end - at));

	return at + (length ? length : 1);
}

static void keep_line(struct diagnostic *item, const char *start, const char *end)
{
	uint32_t skipped = 0, columns = 0;

	if ((size_t)(end - start) > LINE_WINDOW) {
		uint32_t skip = item->column > LINE_BEFORE ? item->column - LINE_BEFORE : 0;
		const char *stop;

		for (; skipped < skip && start < end; skipped++)
			start = next_character(start, end);
		for (stop = start; columns < LINE_WINDOW && stop < end; columns++)
			stop = next_character(stop, end);
		end = stop;
	}
	item->source_line = strndup(start, (size_t)(end - start));
	item->source_column = skipped + 1;
}

static struct diagnostic *reserve(struct diagnostics *list)
{
	if (list->count == DIAGNOSTICS_MAX)
		return NULL;
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 8;
		struct diagnostic *larger = reallocarray(list->items, room, sizeof(*larger));

		if (!larger)
			return NULL;
		list->items = larger;
		list->room = room;
	}
	return &list->items[list->count];
}

/* Adds one without its line; NULL: it is only counted. */
_printf_(8, 0) static struct diagnostic *add(struct diagnostics *list, enum severity severity,
					     const char *file, uint32_t line, uint32_t column,
					     uint32_t length, const char *hint, const char *format,
					     va_list arguments)
{
	struct diagnostic *item = reserve(list);

	if (severity == SEVERITY_ERROR)
		list->errors++;
	else if (severity == SEVERITY_WARNING)
		list->warnings++;
	if (!item) {
		/* Out of memory counts as dropped too: the number of errors stays right. */
		list->dropped += severity != SEVERITY_NOTE;
		return NULL;
	}
	*item = (struct diagnostic){
		.severity = severity,
		.line = line,
		.column = column,
		.length = MAX(length, 1U),
		.file = file ? strdup(file) : NULL,
		.hint = hint ? strdup(hint) : NULL,
		.source_column = 1,
	};
	if (vasprintf(&item->message, format, arguments) < 0)
		item->message = NULL;
	list->count++;
	return item;
}

void diagnostics_add_v(struct diagnostics *list, enum severity severity, const char *file,
		       const char *source, uint32_t line, uint32_t column, uint32_t length,
		       const char *hint, const char *format, va_list arguments)
{
	struct diagnostic *item =
		add(list, severity, file, line, column, length, hint, format, arguments);
	const char *start = item && source && line > 0 ? find_line(source, line) : NULL;

	if (start)
		keep_line(item, start, start + strcspn(start, "\r\n"));
}

void diagnostics_add(struct diagnostics *list, enum severity severity, const char *file,
		     const char *source, uint32_t line, uint32_t column, uint32_t length,
		     const char *hint, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	diagnostics_add_v(list, severity, file, source, line, column, length, hint, format,
			  arguments);
	va_end(arguments);
}

void diagnostics_add_in_line_v(struct diagnostics *list, enum severity severity, const char *file,
			       struct slice shown, uint32_t line, uint32_t column, uint32_t length,
			       const char *hint, const char *format, va_list arguments)
{
	struct diagnostic *item =
		add(list, severity, file, line, column, length, hint, format, arguments);

	if (item)
		keep_line(item, shown.data, shown.data + shown.size);
}

void diagnostics_add_in_line(struct diagnostics *list, enum severity severity, const char *file,
			     struct slice shown, uint32_t line, uint32_t column, uint32_t length,
			     const char *hint, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	diagnostics_add_in_line_v(list, severity, file, shown, line, column, length, hint, format,
				  arguments);
	va_end(arguments);
}

/* What one item is ordered by; a note takes the key of what it belongs to. */
struct sort_key {
	size_t file;
	uint32_t line, column;
	size_t index; /* keeps the order stable, and notes in their place */
};

static int compare_keys(const void *left, const void *right)
{
	const struct sort_key *a = left, *b = right;

	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->column != b->column)
		return a->column < b->column ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static size_t file_rank(const char *file, const char *const *files)
{
	size_t i;

	if (!file)
		return SIZE_MAX;
	for (i = 0; files[i]; i++)
		if (streq(files[i], file))
			break;
	return i;
}

void diagnostics_sort(struct diagnostics *list, const char *const *files)
{
	_cleanup_(freep) struct sort_key *keys = calloc(list->count + 1, sizeof(*keys));
	_cleanup_(freep) struct diagnostic *sorted = calloc(list->count + 1, sizeof(*sorted));

	if (!keys || !sorted)
		return; /* unsorted is still complete */
	for (size_t i = 0; i < list->count; i++) {
		const struct diagnostic *item = &list->items[i];

		if (i > 0 && item->severity == SEVERITY_NOTE)
			keys[i] = keys[i - 1];
		else
			keys[i] = (struct sort_key){ .file = file_rank(item->file, files),
						     .line = item->line,
						     .column = item->column };
		keys[i].index = i;
	}
	qsort(keys, list->count, sizeof(*keys), compare_keys);
	for (size_t i = 0; i < list->count; i++)
		sorted[i] = list->items[keys[i].index];
	if (list->count > 0)
		memcpy(list->items, sorted, list->count * sizeof(*sorted));
}

struct style {
	const char *word, *colour;
};

static const struct style styles[] = {
	[SEVERITY_NOTE] = { "note", "\033[1;36m" },
	[SEVERITY_WARNING] = { "warning", "\033[1;35m" },
	[SEVERITY_ERROR] = { "error", "\033[1;31m" },
};

static void add_coloured(struct text *text, bool colour, const char *code, const char *string)
{
	if (colour)
		text_addf(text, "%s%s\033[0m", code, string);
	else
		text_add(text, string);
}

/* Safe for a terminal; a backslash stays one, since nobody reads this back. */
static void add_safe(struct text *text, const char *string, size_t size)
{
	while (size > 0) {
		size_t plain = 0;

		while (plain < size && string[plain] != '\\')
			plain++;
		text_add_escaped(text, string, plain);
		if (plain < size)
			text_add(text, "\\"), plain++;
		string += plain;
		size -= plain;
	}
}

static void add_escaped(struct text *text, const char *string)
{
	add_safe(text, string, strlen(string));
}

static void add_place(struct text *text, const struct diagnostic *item)
{
	if (item->file) {
		add_escaped(text, item->file);
		if (item->line > 0)
			text_addf(text, ":%u", item->line);
		if (item->line > 0 && item->column > 0)
			text_addf(text, ":%u", item->column);
		text_add(text, ": ");
	}
}

/* Adds one character of the line to `shown`, and what stands under it to `below`. */
static void add_character(struct text *shown, struct text *below, const char *at, size_t size,
			  char mark)
{
	size_t before = shown->size, columns;

	if (*at == '\t') {
		text_add(shown, "\t");
		text_add(below, mark == ' ' ? "\t" : "^");
		return;
	}
	add_safe(shown, at, size);
	columns = shown->data ? text_columns(shown->data + before) : 0;
	for (size_t i = 0; i < columns; i++)
		text_add_bytes(below, &(char){ mark == '^' && i > 0 ? '~' : mark }, 1);
}

static void add_source(struct text *text, const struct diagnostic *item, bool colour)
{
	const char *at = item->source_line, *end = at + strlen(at), *next;
	uint32_t column = item->source_column;
	struct text shown, below;

	text_init(&shown);
	text_init(&below);
	if (column > 1)
		text_add(&shown, "..."), text_add(&below, "   ");
	for (; at < end; at = next, column++) {
		char mark = column == item->column		   ? '^'
			    : column < item->column		   ? ' '
			    : column - item->column < item->length ? '~'
								   : '\0';

		next = next_character(at, end);
		if (mark != '\0') {
			add_character(&shown, &below, at, (size_t)(next - at), mark);
		} else {
			struct text unused = { 0 };

			add_character(&shown, &unused, at, (size_t)(next - at), ' ');
			text_done(&unused);
		}
	}
	if (column <= item->column)
		text_add(&below, "^"); /* just behind the end of the line */
	text_addf(text, "%5u | %s\n", item->line, shown.data ? shown.data : "");
	if (item->column > 0) {
		text_add(text, "      | ");
		add_coloured(text, colour, "\033[1;32m", below.data ? below.data : "^");
		text_add(text, "\n");
	}
	text_done(&shown);
	text_done(&below);
}

static void print_one(const struct diagnostic *item, bool colour, FILE *out)
{
	const struct style *style = &styles[item->severity];
	bool guess = item->hint && strncmp(item->hint, "did you mean", 12) == 0;
	struct text text;

	text_init(&text);
	add_place(&text, item);
	add_coloured(&text, colour, style->colour, style->word);
	text_add(&text, ": ");
	add_escaped(&text, item->message ? item->message : "out of memory");
	if (guess) {
		text_add(&text, " (");
		add_escaped(&text, item->hint);
		text_add(&text, ")");
	}
	text_add(&text, "\n");
	if (item->source_line)
		add_source(&text, item, colour);
	if (item->hint && !guess) {
		text_add(&text, "      = hint: ");
		add_escaped(&text, item->hint);
		text_add(&text, "\n");
	}
	if (text.data)
		fwrite(text.data, 1, text.size, out);
	text_done(&text);
}

void diagnostics_print(const struct diagnostics *list, bool colour, FILE *out)
{
	for (size_t i = 0; i < list->count; i++)
		print_one(&list->items[i], colour, out);
	if (list->dropped > 0)
		fprintf(out, "and %zu more, not shown\n", list->dropped);
}

char *diagnostics_first(const struct diagnostics *list)
{
	struct text text;

	for (size_t i = 0; i < list->count; i++) {
		const struct diagnostic *item = &list->items[i];

		if (item->severity != SEVERITY_ERROR)
			continue;
		text_init(&text);
		if (item->file)
			text_addf(&text, "%s:", item->file);
		if (item->file && item->line > 0)
			text_addf(&text, "%u:%u:", item->line, item->column);
		text_addf(&text, "%s%s", item->file ? " " : "", item->message);
		if (item->hint)
			text_addf(&text, " (%s)", item->hint);
		return text_take(&text);
	}
	return NULL;
}

json_t *diagnostics_to_json(const struct diagnostics *list)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < list->count; i++) {
		const struct diagnostic *item = &list->items[i];
		json_t *object =
			json_pack("{s:o, s:I, s:I, s:I, s:s, s:o, s:o}", "file",
				  json_text(item->file), "line", (json_int_t)item->line, "column",
				  (json_int_t)item->column, "length", (json_int_t)item->length,
				  "severity", styles[item->severity].word, "message",
				  json_text(item->message ? item->message : "out of memory"),
				  "hint", json_text(item->hint));

		if (!object || json_array_append_new(array, object) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}
