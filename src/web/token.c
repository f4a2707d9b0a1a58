// SPDX-License-Identifier: MIT
/*
 * A token goes over the wire in a header, and behind the '#' of an address, so it consists of what
 * both take as it is. A file that others may read holds no secret, and is refused.
 */
#include "web/token.h"

#include "util/base64.h"
#include "util/fd.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>

enum { RANDOM_BYTES = 32, FILE_MOST = 4096 };

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

static int check_file(int fd, const char *path, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set_errno(err, -errno, "cannot look at the token file \"%s\"", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, -EINVAL, "the token file \"%s\" is no regular file", path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return error_set(err, -EPERM,
				 "the token file \"%s\" belongs to user %u; it must be your own, "
				 "or root's",
				 path, st.st_uid);
	if (st.st_mode & (S_IRWXO | S_IWGRP))
		return error_set(err, -EPERM,
				 "the token file \"%s\" has mode %04o, so others may use it: chmod "
				 "600 it, and write a new token",
				 path, st.st_mode & 07777);
	return 0;
}

int token_read(const char *path, struct token *ret_token, struct error *err)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	_cleanup_(freep) char *text = NULL;
	size_t size;
	int r;

	if (fd < 0)
		return error_set_errno(err, -errno, "cannot open the token file \"%s\"", path);
	r = check_file(fd, path, err);
	if (r < 0)
		return r;
	r = file_read_fd(fd, FILE_MOST, &text, &size);
	if (r < 0)
		return error_set_errno(err, r, "cannot read the token file \"%s\"", path);
	size = strcspn(text, "\r\n");
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
