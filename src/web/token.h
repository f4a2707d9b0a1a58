/* SPDX-License-Identifier: MIT */
/* The secret that a browser has to know: made at the start, or read from a file. */
#pragma once

#include "util/error.h"

enum { TOKEN_LEAST = 32, TOKEN_MOST = 256 };

struct token {
	char text[TOKEN_MOST + 1]; /* letters, digits, '-' and '_' alone */
	size_t size;
};

/* 256 random bits in 43 characters. */
int token_make(struct token *ret_token, struct error *err);

/*
 * The first line of a file, of TOKEN_LEAST to TOKEN_MOST characters. -EPERM: others than its owner
 * may read it, or it belongs to somebody else; -EINVAL: it is no token; others as open(2).
 */
int token_read(const char *path, struct token *ret_token, struct error *err);

/* Takes as long for any two words of a length, wherever they differ. */
bool token_equal(const struct token *token, const char *given, size_t size);
