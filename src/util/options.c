// SPDX-License-Identifier: MIT
/* A small reader of command lines over a table of options; it never prints or exits by itself. */
#include "util/options.h"

#include "util/suggest.h"
#include "util/text.h"

enum { HELP_COLUMN = 26 };

struct parser {
	const struct command_line *line;
	int argc;
	char **argv;
	int at;
	bool help;
	struct error *err;
};

static const struct option *find_long(const struct command_line *line, const char *name, size_t n)
{
	for (size_t i = 0; i < line->option_count; i++)
		if (strlen(line->options[i].name) == n &&
		    strncmp(line->options[i].name, name, n) == 0)
			return &line->options[i];
	return NULL;
}

static const struct option *find_short(const struct command_line *line, char letter)
{
	for (size_t i = 0; i < line->option_count; i++)
		if (line->options[i].letter == letter)
			return &line->options[i];
	return NULL;
}

static int store(struct parser *parser, const struct option *option, const char *value)
{
	struct option_list *list = option->target;
	const char **larger;

	switch (option->kind) {
	case OPTION_FLAG:
		*(bool *)option->target = true;
		return 0;
	case OPTION_STRING:
		*(const char **)option->target = value;
		return 0;
	case OPTION_LIST:
		larger = realloc(list->values, (list->count + 1) * sizeof(*larger));
		if (!larger)
			return error_oom(parser->err);
		list->values = larger;
		list->values[list->count++] = value;
		return 0;
	}
	return -EINVAL;
}

static int unknown_long(struct parser *parser, const char *name, size_t n)
{
	_cleanup_(freep) char *word = strndup(name, n);
	_cleanup_(freep) const char **names =
		calloc(parser->line->option_count + 1, sizeof(*names));
	size_t count = parser->line->option_count;
	const char *near;

	if (!word || !names)
		return error_oom(parser->err);
	for (size_t i = 0; i < count; i++)
		names[i] = parser->line->options[i].name;
	names[count++] = "help";
	near = suggest(word, names, count);
	if (near)
		return error_set(parser->err, -EINVAL, "unknown option --%s (did you mean --%s?)",
				 word, near);
	return error_set(parser->err, -EINVAL, "unknown option --%s (see --help)", word);
}

static int parse_long(struct parser *parser, const char *name)
{
	const char *equals = strchr(name, '=');
	size_t n = equals ? (size_t)(equals - name) : strlen(name);
	const struct option *option;

	if (streq(name, "help")) {
		parser->help = true;
		return 0;
	}
	option = find_long(parser->line, name, n);
	if (!option)
		return unknown_long(parser, name, n);
	if (option->kind == OPTION_FLAG && equals)
		return error_set(parser->err, -EINVAL, "option --%s takes no value", option->name);
	if (option->kind == OPTION_FLAG)
		return store(parser, option, NULL);
	if (equals)
		return store(parser, option, equals + 1);
	if (parser->at >= parser->argc)
		return error_set(parser->err, -EINVAL, "option --%s needs a value (%s)",
				 option->name, option->value);
	return store(parser, option, parser->argv[parser->at++]);
}

/* Names the whole character, of which *at may be the first byte only. */
static int unknown_short(struct parser *parser, const char *at)
{
	size_t length = utf8_sequence(at, strlen(at));

	return error_set(parser->err, -EINVAL, "unknown option -%.*s (see --help)",
			 (int)MAX(length, (size_t)1), at);
}

static int parse_short(struct parser *parser, const char *letters)
{
	for (const char *p = letters; *p; p++) {
		const struct option *option = find_short(parser->line, *p);
		int r;

		if (*p == 'h' && !option) {
			parser->help = true;
			return 0;
		}
		if (!option)
			return unknown_short(parser, p);
		if (option->kind == OPTION_FLAG) {
			r = store(parser, option, NULL);
			if (r < 0)
				return r;
			continue;
		}
		if (p[1])
			return store(parser, option, p + 1);
		if (parser->at >= parser->argc)
			return error_set(parser->err, -EINVAL, "option -%c needs a value (%s)", *p,
					 option->value);
		return store(parser, option, parser->argv[parser->at++]);
	}
	return 0;
}

int options_parse(const struct command_line *line, int argc, char **argv, bool *ret_help,
		  struct error *err)
{
	struct parser parser = { .line = line, .argc = argc, .argv = argv, .at = 1, .err = err };
	_cleanup_(freep) char **operands = calloc((size_t)argc + 1, sizeof(*operands));
	int count = 0, first;

	if (!operands)
		return error_oom(err);
	while (parser.at < argc && !parser.help) {
		char *word = argv[parser.at];
		int r = 0;

		if (word[0] != '-' || word[1] == '\0') {
			if (line->stop_at_operand)
				break;
			operands[count++] = word;
			parser.at++;
			continue;
		}
		parser.at++;
		if (streq(word, "--"))
			break;
		r = word[1] == '-' ? parse_long(&parser, word + 2) : parse_short(&parser, word + 1);
		if (r < 0)
			return r;
	}
	*ret_help = parser.help;
	/* What follows "--" comes after the operands met before it, at the end of argv. */
	first = parser.at - count;
	memcpy(&argv[first], operands, (size_t)count * sizeof(*operands));
	return first;
}

static void print_option(const struct option *option, FILE *out)
{
	_cleanup_(text_done) struct text left = { 0 };

	if (option->letter)
		text_addf(&left, "-%c, ", option->letter);
	text_addf(&left, "--%s", option->name);
	if (option->value)
		text_addf(&left, " %s", option->value);
	if (left.failed)
		return;
	/* What is too long for its column pushes the explanation to the next line. */
	if (left.size > HELP_COLUMN)
		fprintf(out, "  %s\n  %-*s %s\n", left.data, HELP_COLUMN, "", option->help);
	else
		fprintf(out, "  %-*s %s\n", HELP_COLUMN, left.data, option->help);
}

void options_print_help(const struct command_line *line, const char *program, FILE *out)
{
	const struct option help = { .name = "help",
				     .letter = find_short(line, 'h') ? 0 : 'h',
				     .help = "print this text" };

	fprintf(out, "usage: %s %s\n\n%s\n\noptions:\n", program, line->usage, line->summary);
	for (size_t i = 0; i < line->option_count; i++)
		print_option(&line->options[i], out);
	if (!find_long(line, help.name, strlen(help.name)))
		print_option(&help, out);
}

void option_list_done(struct option_list *list)
{
	free(list->values);
	*list = (struct option_list){ 0 };
}
