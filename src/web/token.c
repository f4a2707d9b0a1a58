// SPDX-License-Identifier: MIT
/*
 * A token goes over the wire in a header, and behind the '#' of an address, so it consists of what
 * both take as it is.
 */
#include "web/token.h"

#include "util/base64.h"
#include "util/secret.h"

#include <sys/random.h>

enum { RANDOM_BYTES = 32 };

int token_make(struct token *ret_token, struct error *err)
{
	unsigned char bytes[RANDOM_BYTES];
	_cleanup_(freep) char *encoded = NULL;
	struct text text;
	size_t size;

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return error_set_errno(err, -errno, "cannot make a token");
	text_init(&text);
	text_add_base64(&text, bytes, sizeof(bytes));
	encoded = text_take(&text);
	if (!encoded)
		return error_oom(err);
	size = strcspn(encoded, "=");
	for (size_t i = 0; i < size; i++) {
		char c = encoded[i];

		ret_token->text[i] = c == '+' ? '-' : c == '/' ? '_' : c;
	}
	ret_token->text[size] = '\0';
	ret_token->size = size;
	return 0;
}

static bool is_token_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

int token_read(const char *path, struct token *ret_token, struct error *err)
{
	_cleanup_(secret_freep) char *text = NULL;
	size_t size;
	int r = secret_read("the token", path, &text, err);

	if (r < 0)
		return r;
	size = strlen(text);
	if (size < TOKEN_LEAST || size > TOKEN_MOST)
		return error_set(err, -EINVAL,
				 "the token in \"%s\" is %zu characters long, %d to %d are allowed",
				 path, size, TOKEN_LEAST, TOKEN_MOST);
	for (size_t i = 0; i < size; i++)
		if (!is_token_character(text[i]))
			return error_set(err, -EINVAL,
					 "character %zu of the token in \"%s\" is none of letters, "
					 "digits, \"-\" and \"_\"",
					 i + 1, path);
	memcpy(ret_token->text, text, size);
	ret_token->text[size] = '\0';
	ret_token->size = size;
	return 0;
}

bool token_equal(const struct token *token, const char *given, size_t size)
{
	volatile unsigned char differs = size != token->size;

	for (size_t i = 0; i < token->size; i++)
		differs |= (unsigned char)(token->text[i] ^ (i < size ? given[i] : '\0'));
	return differs == 0;
}
