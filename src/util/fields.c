// SPDX-License-Identifier: MIT
/*
 * A template is read piece by piece, a run of plain bytes or one field, by all functions alike: so
 * what passes the check can be filled in.
 */
#include "util/fields.h"

const struct field field_table[] = {
	{ 'p', "number of the process" },
	{ 'P', "number of its parent" },
	{ 'e', "its program's path" },
	{ 'n', "the last part of that path" },
	{ 'f', "path of the file that was executed or opened" },
	{ 's', "path of the script, when an interpreter runs one" },
	{ 'w', "its working folder" },
	{ 'u', "name of its user, or the number where there is none" },
	{ 'U', "number of its user" },
	{ 'g', "name of its group of users, or the number where there is none" },
	{ 'G', "number of its group of users" },
	{ 'r', "name of the rule" },
	{ 'a', "what was done: execute, read, write, ..." },
	{ 'c', "id of its container; nothing on the host" },
	{ 'C', "its cgroup" },
	{ 't', "time, as 2026-01-31T12:00:00.000000Z" },
	{ 0 },
};

struct piece {
	struct slice plain;
	char letter; /* 0: a plain one; '%' stands for itself */
};

static bool is_letter(char letter)
{
	for (const struct field *field = field_table; field->letter; field++)
		if (field->letter == letter)
			return true;
	return letter == '%';
}

/* 1 and the next piece, 0 at the end, -EINVAL at what is no field. */
static int next_piece(const char **at, struct piece *ret_piece)
{
	size_t plain = strcspn(*at, "%");

	*ret_piece = (struct piece){ .plain = { *at, plain } };
	if (plain > 0) {
		*at += plain;
		return 1;
	}
	if (!**at)
		return 0;
	if (!is_letter((*at)[1]))
		return -EINVAL;
	ret_piece->letter = (*at)[1];
	*at += 2;
	return 1;
}

static int refuse(const char *at, struct error *err)
{
	_cleanup_(text_done) struct text word = { 0 };
	size_t size = utf8_sequence(at + 1, strlen(at + 1));

	if (!at[1])
		return error_set(err, -EINVAL,
				 "a single %% at the end: write %%%% for the sign itself");
	text_add_escaped(&word, at, 1 + MAX(size, 1));
	return error_set(err, -EINVAL, "\"%s\" is no field: write %%%% for the sign itself",
			 word.data ? word.data : "?");
}

int fields_check(const char *template, const char *letters, struct error *err)
{
	struct piece piece;
	int r;

	while ((r = next_piece(&template, &piece)) > 0) {
		if (piece.letter == 0 || piece.letter == '%' || !letters)
			continue;
		if (!strchr(letters, piece.letter))
			return error_set(err, -EINVAL, "the field %%%c cannot stand here",
					 piece.letter);
	}
	return r < 0 ? refuse(template, err) : 0;
}

bool fields_use(const char *template, char letter)
{
	struct piece piece;

	while (next_piece(&template, &piece) > 0)
		if (piece.letter != 0 && piece.letter != '%' &&
		    (letter == 0 || piece.letter == letter))
			return true;
	return false;
}

static struct slice value_of(const struct piece *piece, field_value_fn value, void *userdata)
{
	if (piece->letter == 0)
		return piece->plain;
	return piece->letter == '%' ? slice_of("%") : value(piece->letter, userdata);
}

int fields_expand(const char *template, field_value_fn value, void *userdata, struct text *text)
{
	size_t size = text->size;
	struct piece piece;
	int r;

	while ((r = next_piece(&template, &piece)) > 0) {
		struct slice bytes = value_of(&piece, value, userdata);

		if (bytes.size > 0)
			text_add_bytes(text, bytes.data, bytes.size);
	}
	if (r == 0 && !text->failed)
		return 0;
	text->size = size;
	if (text->data)
		text->data[size] = '\0';
	return r < 0 ? r : -ENOMEM;
}

ssize_t fields_expand_into(const char *template, field_value_fn value, void *userdata, char *buffer,
			   size_t size)
{
	struct piece piece;
	size_t used = 0;
	int r;

	while ((r = next_piece(&template, &piece)) > 0) {
		struct slice bytes = value_of(&piece, value, userdata);

		if (bytes.size >= size - used)
			return -ENOBUFS;
		if (bytes.size > 0)
			memcpy(buffer + used, bytes.data, bytes.size);
		used += bytes.size;
	}
	if (r < 0)
		return r;
	if (size == 0)
		return -ENOBUFS;
	buffer[used] = '\0';
	return (ssize_t)used;
}
