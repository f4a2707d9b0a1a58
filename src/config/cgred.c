// SPDX-License-Identifier: MIT
#include "config/cgred.h"

#include "util/suggest.h"

static const struct {
	const char *name;
	size_t offset; /* of a text in struct cgred; SIZE_MAX: nodaemon */
} keys[] = {
	{ "CONFIG_FILE", offsetof(struct cgred, config_file) },
	{ "LOG", offsetof(struct cgred, log) },
	{ "LOG_FILE", offsetof(struct cgred, log_file) },
	{ "NODAEMON", SIZE_MAX },
	{ "SOCKET_GROUP", offsetof(struct cgred, socket_group) },
	{ "SOCKET_USER", offsetof(struct cgred, socket_user) },
};

struct line {
	const char *name; /* of the file */
	struct slice text;
	uint32_t number;
	struct diagnostics *diagnostics;
};

void cgred_done(struct cgred *cgred)
{
	free(cgred->config_file);
	free(cgred->log_file);
	free(cgred->log);
	free(cgred->socket_user);
	free(cgred->socket_group);
	*cgred = (struct cgred){ 0 };
}

static void warn(const struct line *line, size_t at, size_t size, const char *hint,
		 const char *message)
{
	diagnostics_add_in_line(line->diagnostics, SEVERITY_WARNING, line->name, line->text,
				line->number, (uint32_t)at + 1, (uint32_t)size, hint, "%s",
				message);
}

/* Quotes around all of it are taken off; a comment behind a blank, too. */
static struct slice value_of(struct slice text)
{
	size_t size;

	if (text.size > 0 && (*text.data == '"' || *text.data == '\'')) {
		const char *close = memchr(text.data + 1, *text.data, text.size - 1);

		if (close)
			return (struct slice){ text.data + 1, (size_t)(close - text.data - 1) };
	}
	for (size = 0; size < text.size && !strchr(" \t\r;", text.data[size]); size++)
		;
	return (struct slice){ text.data, size };
}

/* The rows' names, for a suggestion. */
static void report_unknown(const struct line *line, size_t at, size_t size)
{
	const char *names[ARRAY_SIZE(keys)], *near;
	char word[64], hint[96];

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		names[i] = keys[i].name;
	snprintf(word, sizeof(word), "%.*s", (int)MIN(size, sizeof(word) - 1),
		 line->text.data + at);
	near = suggest(word, names, ARRAY_SIZE(names));
	snprintf(hint, sizeof(hint), "did you mean \"%s\"?", near ? near : "");
	warn(line, at, size, near ? hint : NULL, "the init script knows no such variable");
}

static int take(const struct line *line, size_t at, size_t size, struct slice value,
		struct cgred *cgred)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		char **to;

		if (strlen(keys[i].name) != size ||
		    memcmp(keys[i].name, line->text.data + at, size) != 0)
			continue;
		if (keys[i].offset == SIZE_MAX) {
			cgred->nodaemon = value.size > 0;
			return 0;
		}
		to = (char **)((char *)cgred + keys[i].offset);
		free(*to);
		*to = value.size > 0 ? strndup(value.data, value.size) : NULL;
		return value.size == 0 || *to ? 0 : -ENOMEM;
	}
	report_unknown(line, at, size);
	return 0;
}

static int read_line(const struct line *line, struct cgred *cgred)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
	const char *text = line->text.data;
	size_t at = 0, end;
	struct slice value;

	while (at < line->text.size && strchr(" \t\r", text[at]))
		at++;
	if (at == line->text.size || text[at] == '#')
		return 0;
	if (line->text.size - at > 7 && memcmp(text + at, "export ", 7) == 0)
		at += 7;
	for (end = at; end < line->text.size && text[end] && strchr(letters, text[end]); end++)
		;
	if (end == at || end == line->text.size || text[end] != '=') {
		warn(line, at, 1, NULL, "only NAME=value is read here: this is left out");
		return 0;
	}
	value = value_of((struct slice){ text + end + 1, line->text.size - end - 1 });
	if (memchr(value.data, '$', value.size) || memchr(value.data, '`', value.size)) {
		warn(line, end + 1, value.size, NULL,
		     "a shell would work this out: it is left out");
		return 0;
	}
	return take(line, at, end - at, value, cgred);
}

int cgred_parse(const char *name, const char *text, size_t size, struct cgred *ret_cgred,
		struct diagnostics *diagnostics)
{
	struct cgred cgred = { 0 };
	struct line line = { .name = name, .diagnostics = diagnostics };
	const char *end = text + size;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline : end;

		line.text = (struct slice){ text, (size_t)(stop - text) };
		line.number++;
		if (read_line(&line, &cgred) < 0) {
			cgred_done(&cgred);
			return -ENOMEM;
		}
		text = newline ? newline + 1 : end;
	}
	*ret_cgred = cgred;
	return 0;
}
