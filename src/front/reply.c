// SPDX-License-Identifier: MIT
/*
 * Only the one reply that is hoped for is understood: whatever else there is to be said, the
 * program that is executed instead of this one reads with a library and says.
 */
#include "front/reply.h"

struct cursor {
	char *at;
};

static bool take(struct cursor *cursor, char character)
{
	cursor->at += strspn(cursor->at, " \t\r\n");
	if (*cursor->at != character)
		return false;
	cursor->at++;
	return true;
}

static bool take_word(struct cursor *cursor, const char *word)
{
	size_t length = strlen(word);

	cursor->at += strspn(cursor->at, " \t\r\n");
	if (strncmp(cursor->at, word, length) != 0)
		return false;
	cursor->at += length;
	return true;
}

/* Ends it in the text. NULL: it is none, or has something in it that would have to be decoded. */
static const char *take_string(struct cursor *cursor)
{
	char *begin, *end;

	if (!take(cursor, '"'))
		return NULL;
	begin = cursor->at;
	for (end = begin; *end != '"'; end++)
		if ((unsigned char)*end < 0x20 || *end == '\\')
			return NULL;
	*end = '\0';
	cursor->at = end + 1;
	return begin;
}

static bool read_paths(struct cursor *cursor, struct reply_places *places)
{
	if (!take(cursor, '['))
		return false;
	if (take(cursor, ']'))
		return true;
	do {
		if (places->count == REPLY_PLACES_MAX)
			return false;
		places->paths[places->count] = take_string(cursor);
		if (!places->paths[places->count++])
			return false;
	} while (take(cursor, ','));
	return take(cursor, ']');
}

static bool read_parameters(struct cursor *cursor, struct reply_places *places)
{
	bool has_frozen = false, has_paths = false;

	if (!take(cursor, '{'))
		return false;
	do {
		const char *key = take_string(cursor);

		if (!key || !take(cursor, ':'))
			return false;
		if (streq(key, "frozen") && !has_frozen) {
			has_frozen = true;
			places->frozen = take_word(cursor, "true");
			if (!places->frozen && !take_word(cursor, "false"))
				return false;
		} else if (streq(key, "paths") && !has_paths) {
			has_paths = true;
			if (!read_paths(cursor, places))
				return false;
		} else {
			return false;
		}
	} while (take(cursor, ','));
	return take(cursor, '}') && has_frozen && has_paths;
}

int reply_read_places(char *text, struct reply_places *ret_places)
{
	struct cursor cursor = { .at = text };
	struct reply_places places = { .count = 0 };
	const char *key;

	if (!take(&cursor, '{'))
		return -EPROTO;
	key = take_string(&cursor);
	if (!key || !streq(key, "parameters") || !take(&cursor, ':') ||
	    !read_parameters(&cursor, &places) || !take(&cursor, '}') || !take(&cursor, '\0'))
		return -EPROTO;
	*ret_places = places;
	return 0;
}
