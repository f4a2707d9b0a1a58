// SPDX-License-Identifier: MIT
/* A small reader of command lines over a table of options; it never prints or exits by itself. */
#include "util/options.h"

#include "util/suggest.h"

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
	const char *near;

	if (!word || !names)
		return error_oom(parser->err);
	for (size_t i = 0; i < parser->line->option_count; i++)
		names[i] = parser->line->options[i].name;
	near = suggest(word, names, parser->line->option_count);
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

	if (n == 4 && strncmp(name, "help", 4) == 0) {
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
			return error_set(parser->err, -EINVAL, "unknown option -%c (see --help)",
					 *p);
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

void options_print_help(const struct command_line *line, const char *program, FILE *out)
{
	fprintf(out, "usage: %s %s\n\n%s\n", program, line->usage, line->summary);
	if (line->option_count > 0)
		fputs("\noptions:\n", out);
	for (size_t i = 0; i < line->option_count; i++) {
		const struct option *option = &line->options[i];
		char left[80];
		int n = 0;

		if (option->letter)
			n = snprintf(left, sizeof(left), "-%c, ", option->letter);
		snprintf(left + n, sizeof(left) - (size_t)n, "--%s%s%s", option->name,
			 option->value ? " " : "", option->value ? option->value : "");
		fprintf(out, "  %-26s %s\n", left, option->help);
	}
}

void option_list_done(struct option_list *list)
{
	free(list->values);
	*list = (struct option_list){ 0 };
}
