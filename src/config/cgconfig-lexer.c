// SPDX-License-Identifier: MIT
/*
 * libcgroup's lex.l by hand: names of few characters or in quotes, four marks, and comments that
 * are whole lines. What a line is said to be is kept for messages; columns are counted on from the
 * last token, so that a file of one line is read in linear time.
 */
#include "config/cgconfig-lexer.h"

void cglexer_init(struct cglexer *lexer, const char *text, size_t size)
{
	*lexer = (struct cglexer){ .at = text,
				   .end = text + size,
				   .line_start = text,
				   .counted = text,
				   .line = 1,
				   .column = 1 };
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("_-/.,%@\\", c));
}

static uint32_t count_columns(const char *from, const char *to)
{
	return (uint32_t)slice_columns((struct slice){ from, (size_t)(to - from) });
}

static uint32_t column_of(struct cglexer *lexer, const char *at)
{
	lexer->column += count_columns(lexer->counted, at);
	lexer->counted = at;
	return lexer->column;
}

/* Behind a newline at `at`. */
static void new_line(struct cglexer *lexer, const char *at)
{
	lexer->line++;
	lexer->line_start = lexer->counted = at;
	lexer->line_stop = NULL;
	lexer->column = 1;
	lexer->line_begun = false;
}

static const char *line_end(struct cglexer *lexer)
{
	const char *newline;

	if (!lexer->line_stop) {
		newline = memchr(lexer->at, '\n', (size_t)(lexer->end - lexer->at));
		lexer->line_stop = newline ? newline : lexer->end;
	}
	return lexer->line_stop;
}

/* A comment begins its line; '*' only in the first column. */
static bool is_comment(const struct cglexer *lexer)
{
	return !lexer->line_begun &&
	       (*lexer->at == '#' || (*lexer->at == '*' && lexer->at == lexer->line_start));
}

static void skip_blanks(struct cglexer *lexer)
{
	while (lexer->at < lexer->end) {
		if (*lexer->at == '\n') {
			new_line(lexer, ++lexer->at);
		} else if (*lexer->at == ' ' || *lexer->at == '\t' || *lexer->at == '\r') {
			lexer->at++;
		} else if (is_comment(lexer)) {
			const char *stop = line_end(lexer);
			uint32_t column = column_of(lexer, lexer->at);

			if (lexer->on_comment)
				lexer->on_comment((struct slice){ lexer->at + 1,
								  (size_t)(stop - lexer->at - 1) },
						  lexer->line, column, lexer->userdata);
			lexer->at = stop;
		} else {
			return;
		}
	}
}

static void bad(struct cgtoken *token, const char *problem, const char *hint)
{
	token->kind = CGTOKEN_BAD;
	token->problem = problem;
	token->hint = hint;
}

/* Whether a quoted text is text; tabs and new lines may stand in it. */
static bool is_text(struct slice text)
{
	for (size_t i = 0; i < text.size;) {
		size_t length = utf8_sequence(text.data + i, text.size - i);
		unsigned char c = (unsigned char)text.data[i];

		if (length == 0 || (c < 0x20 && c != '\t' && c != '\n') || c == 0x7f)
			return false;
		i += length;
	}
	return true;
}

static void read_quoted(struct cglexer *lexer, struct cgtoken *token)
{
	const char *start = lexer->at + 1;
	const char *close = memchr(start, '"', (size_t)(lexer->end - start));

	if (!close) {
		lexer->at = lexer->end;
		bad(token, "the quote is not closed", NULL);
		return;
	}
	token->kind = CGTOKEN_NAME;
	token->quoted = true;
	token->text = (struct slice){ start, (size_t)(close - start) };
	for (const char *at = start; (at = memchr(at, '\n', (size_t)(close - at)));)
		new_line(lexer, ++at);
	lexer->at = close + 1;
	if (!is_text(token->text))
		bad(token, "what is in quotes is no text", "is this a text file, in UTF-8?");
}

/* A run of what can be no token, told once. */
static void read_bad(struct cglexer *lexer, struct cgtoken *token)
{
	const char *start = lexer->at;

	if (*start == '#') {
		lexer->at = line_end(lexer);
		bad(token, "a comment has to be a line of its own",
		    "libcgroup refuses it behind anything else");
		return;
	}
	while (lexer->at < lexer->end && !is_name(*lexer->at) &&
	       (*lexer->at == '\0' || !strchr("{}=;\"# \t\r\n", *lexer->at)))
		lexer->at++;
	bad(token, "this cannot stand outside of quotes",
	    "names with other characters than letters, digits and _-/.,%@\\ stand in \"...\"");
}

void cglexer_next(struct cglexer *lexer, struct cgtoken *ret_token)
{
	struct cgtoken token = { .kind = CGTOKEN_END };
	const char *start;

	skip_blanks(lexer);
	start = lexer->at;
	token.line = lexer->line;
	token.column = column_of(lexer, start);
	token.first = !lexer->line_begun;
	token.shown =
		(struct slice){ lexer->line_start, (size_t)(line_end(lexer) - lexer->line_start) };
	if (start == lexer->end) {
		*ret_token = token;
		return;
	}
	if (*start == '"') {
		read_quoted(lexer, &token);
	} else if (*start != '\0' && strchr("{}=;", *start)) {
		token.kind = CGTOKEN_MARK;
		token.mark = *start;
		lexer->at++;
	} else if (is_name(*start)) {
		token.kind = CGTOKEN_NAME;
		while (lexer->at < lexer->end && is_name(*lexer->at))
			lexer->at++;
	} else {
		read_bad(lexer, &token);
	}
	lexer->line_begun = true;
	if (!token.quoted)
		token.text = (struct slice){ start, (size_t)(lexer->at - start) };
	token.length =
		MAX(count_columns(start, MIN(lexer->at, token.shown.data + token.shown.size)), 1U);
	*ret_token = token;
}
