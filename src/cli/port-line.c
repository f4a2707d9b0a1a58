// SPDX-License-Identifier: MIT
/*
 * From characters to words. Nothing is known here of calls: what a word is for is the table's to
 * say. A mistake is told with the column at which it begins.
 */
#include "cli/port-line.h"

#include "util/text.h"

enum { WORDS_MAX = 4096, NAME_MAX_SIZE = 64 };

struct scanner {
	const char *begin, *at, *end;
	port_variable variable;
	void *userdata;
	struct error *err;
	size_t wrong_column;
};

static size_t column_of(const struct scanner *scanner, const char *at)
{
	return (size_t)(at - scanner->begin) + 1;
}

static int wrong(struct scanner *scanner, const char *at, const char *sentence)
{
	scanner->wrong_column = column_of(scanner, at);
	return error_set(scanner->err, -EINVAL, "%s", sentence);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool begins_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool in_name(char c)
{
	return begins_name(c) || (c >= '0' && c <= '9');
}

bool port_line_is_name(const char *text)
{
	if (!begins_name(*text))
		return false;
	while (in_name(*text))
		text++;
	return !*text;
}

/* Behind the "$": NAME or {NAME}. */
static int add_variable(struct scanner *scanner, struct text *text)
{
	const char *dollar = scanner->at++, *name, *value;
	bool braces = scanner->at < scanner->end && *scanner->at == '{';
	char copy[NAME_MAX_SIZE];
	size_t size;

	scanner->at += braces;
	name = scanner->at;
	while (scanner->at < scanner->end && in_name(*scanner->at))
		scanner->at++;
	size = (size_t)(scanner->at - name);
	if (!size || size >= sizeof(copy) ||
	    (braces && (scanner->at == scanner->end || *scanner->at++ != '}')))
		return wrong(scanner, dollar,
			     "\"$\" is followed by a name, or {NAME}; '$' is the character");
	memcpy(copy, name, size);
	copy[size] = '\0';
	value = scanner->variable ? scanner->variable(scanner->userdata, copy) : NULL;
	if (!value) {
		scanner->wrong_column = column_of(scanner, dollar);
		return error_set(scanner->err, -EINVAL,
				 "$%s has no value: \"%s = fork\" would give it one", copy, copy);
	}
	text_add(text, value);
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Within "...": what follows a backslash. */
static int add_escape(struct scanner *scanner, struct text *text)
{
	static const char letters[] = "nrtae0\\\"$'", bytes[] = "\n\r\t\a\033\0\\\"$'";
	const char *backslash = scanner->at++, *found;
	int high, low;

	if (scanner->at == scanner->end)
		return wrong(scanner, backslash, "nothing follows the backslash");
	found = *scanner->at ? strchr(letters, *scanner->at) : NULL;
	if (found) {
		text_add_bytes(text, &bytes[found - letters], 1);
		scanner->at++;
		return 0;
	}
	high = scanner->end - scanner->at > 2 ? hex_digit(scanner->at[1]) : -1;
	low = high >= 0 ? hex_digit(scanner->at[2]) : -1;
	if (*scanner->at != 'x' || low < 0)
		return wrong(scanner, backslash,
			     "a backslash stands before n, r, t, a, e, 0, xNN, \\, \", $ or '");
	text_add_bytes(text, &(char){ (char)(high << 4 | low) }, 1);
	scanner->at += 3;
	return 0;
}

static int add_quoted(struct scanner *scanner, struct text *text)
{
	const char *quote = scanner->at++;
	int r = 0;

	while (r == 0 && scanner->at < scanner->end && *scanner->at != *quote) {
		if (*quote == '"' && *scanner->at == '\\')
			r = add_escape(scanner, text);
		else if (*quote == '"' && *scanner->at == '$')
			r = add_variable(scanner, text);
		else
			text_add_bytes(text, scanner->at++, 1);
	}
	if (r == 0 && scanner->at++ == scanner->end)
		return wrong(scanner, quote, "this quotation mark is not closed");
	return r;
}

/* A piece of a word: up to where it, or the manner of quoting, ends. */
static int add_piece(struct scanner *scanner, struct text *text, bool *ret_bare)
{
	char c = *scanner->at;

	if (c == '$')
		return add_variable(scanner, text);
	*ret_bare = *ret_bare && c != '\'' && c != '"' && c != '\\';
	if (c == '\'' || c == '"')
		return add_quoted(scanner, text);
	if (c == '\\' && ++scanner->at == scanner->end)
		return wrong(scanner, scanner->at - 1, "nothing follows the backslash");
	text_add_bytes(text, scanner->at++, 1);
	return 0;
}

static int read_json(struct scanner *scanner, struct port_word *word)
{
	const char *begin = scanner->at;
	json_error_t error;

	word->json = json_loadb(begin, (size_t)(scanner->end - begin),
				JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL,
				&error);
	if (!word->json) {
		scanner->wrong_column = column_of(scanner, begin);
		return error_set(scanner->err, -EINVAL,
				 "what begins with [ or { is to be JSON, or in quotation marks: %s",
				 error.text);
	}
	scanner->at += error.position;
	if (scanner->at < scanner->end && !is_space(*scanner->at))
		return wrong(scanner, scanner->at, "a space is missing behind the JSON value");
	word->size = (size_t)(scanner->at - begin);
	word->text = strndup(begin, word->size);
	return word->text ? 0 : error_oom(scanner->err);
}

static int read_word(struct scanner *scanner, struct port_word *word)
{
	_cleanup_(text_done) struct text text = { 0 };
	int r = 0;

	*word = (struct port_word){ .column = column_of(scanner, scanner->at), .bare = true };
	if (*scanner->at == '[' || *scanner->at == '{')
		return read_json(scanner, word);
	while (r == 0 && scanner->at < scanner->end && !is_space(*scanner->at))
		r = add_piece(scanner, &text, &word->bare);
	if (r < 0)
		return r;
	word->size = text.size;
	word->text = text_take(&text);
	return word->text ? 0 : error_oom(scanner->err);
}

static void word_done(struct port_word *word)
{
	free(word->text);
	json_decref(word->json);
}

void port_line_done(struct port_line *line)
{
	for (size_t i = 0; i < line->count; i++)
		word_done(&line->words[i]);
	free(line->words);
	*line = (struct port_line){ 0 };
}

static int add_word(struct scanner *scanner, struct port_line *line)
{
	struct port_word word;
	struct port_word *words;
	int r;

	if (line->count == WORDS_MAX)
		return wrong(scanner, scanner->at, "a line has at most 4096 words");
	words = realloc(line->words, (line->count + 1) * sizeof(*words));
	if (!words)
		return error_oom(scanner->err);
	line->words = words;
	r = read_word(scanner, &word);
	if (r < 0)
		word_done(&word);
	else
		line->words[line->count++] = word;
	return r;
}

int port_line_parse(const char *text, size_t size, port_variable variable, void *userdata,
		    struct port_line *ret_line, size_t *ret_column, struct error *err)
{
	struct scanner scanner = {
		.begin = text,
		.at = text,
		.end = text + size,
		.variable = variable,
		.userdata = userdata,
		.err = err,
	};
	_cleanup_(port_line_done) struct port_line line = { 0 };
	int r = 0;

	while (r == 0) {
		while (scanner.at < scanner.end && is_space(*scanner.at))
			scanner.at++;
		if (scanner.at == scanner.end || *scanner.at == '#')
			break;
		r = add_word(&scanner, &line);
	}
	if (r < 0) {
		*ret_column = scanner.wrong_column ? scanner.wrong_column : 1;
		return r;
	}
	*ret_line = line;
	line = (struct port_line){ 0 };
	return 0;
}
