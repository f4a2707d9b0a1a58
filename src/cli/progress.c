// SPDX-License-Identifier: MIT
/*
 * A line that is written over again and again. It never reaches the last column: there terminals
 * differ in whether the next character is on the next line, which could not be erased.
 */
#include "cli/progress.h"

#include "cli/output.h"
#include "util/host.h"

#include <stdarg.h>
#include <sys/ioctl.h>

#define MS	 UINT64_C(1000000)
#define PATIENCE (300 * MS) /* what takes less is not worth a line */
#define PAUSE	 (100 * MS)

#define ERASE "\r\033[K"

enum { WIDTH_USUAL = 80, WIDTH_LEAST = 2 };

void progress_init(struct progress *progress, FILE *file)
{
	struct winsize size = { 0 };

	*progress = (struct progress){ 0 };
	if (!output_terminal(file))
		return;
	progress->file = file;
	progress->due_ns = clock_monotonic() + PATIENCE;
	if (ioctl(fileno(file), TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		size.ws_col = WIDTH_USUAL;
	progress->width = MAX(size.ws_col, WIDTH_LEAST);
}

/* As much of safe text as has less than `width` columns. */
static size_t fitting(const char *text, unsigned width)
{
	size_t size = 0;

	for (unsigned columns = 1; text[size] && columns < width; columns++)
		size += MAX(utf8_sequence(text + size, strlen(text + size)), (size_t)1);
	return size;
}

void progress_say(struct progress *progress, const char *format, ...)
{
	_cleanup_(freep) char *line = NULL;
	struct text safe;
	va_list arguments;

	if (!progress->file || clock_monotonic() < progress->due_ns)
		return;
	va_start(arguments, format);
	if (vasprintf(&line, format, arguments) < 0)
		line = NULL;
	va_end(arguments);
	if (!line)
		return;
	text_init(&safe);
	text_add_escaped(&safe, line, strlen(line));
	if (safe.data) {
		fprintf(progress->file, ERASE "%.*s", (int)fitting(safe.data, progress->width),
			safe.data);
		fflush(progress->file);
		progress->shown = true;
	}
	text_done(&safe);
	progress->due_ns = clock_monotonic() + PAUSE;
}

void progress_end(struct progress *progress)
{
	if (!progress->shown)
		return;
	fputs(ERASE, progress->file);
	fflush(progress->file);
	progress->shown = false;
}
