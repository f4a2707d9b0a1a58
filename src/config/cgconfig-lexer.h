/* SPDX-License-Identifier: MIT */
/* The words of cgconfig.conf(5). Private to config/. */
#pragma once

#include "util/text.h"

enum cgtoken_kind {
	CGTOKEN_END,
	CGTOKEN_NAME,
	CGTOKEN_MARK, /* '{', '}', '=' or ';' */
	CGTOKEN_BAD,  /* what can be no token: `problem` says why */
};

struct cgtoken {
	enum cgtoken_kind kind;
	char mark;	    /* of a mark */
	bool quoted;	    /* a name in quotes is never a keyword */
	bool first;	    /* in its line */
	struct slice text;  /* of a name, without quotes; else as it stands */
	struct slice shown; /* the line in which it begins */
	uint32_t line, column, length;
	const char *problem, *hint;
};

struct cglexer {
	const char *at, *end, *line_start;
	const char *counted;   /* up to where `column` is counted: a line may be long */
	const char *line_stop; /* NULL: not looked for yet */
	uint32_t line, column;
	bool line_begun; /* a token stands before in this line */
	void (*on_comment)(struct slice text, uint32_t line, uint32_t column, void *userdata);
	void *userdata;
};

void cglexer_init(struct cglexer *lexer, const char *text, size_t size);

/* The next token; behind the end again and again CGTOKEN_END. */
void cglexer_next(struct cglexer *lexer, struct cgtoken *ret_token);
