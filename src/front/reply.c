// SPDX-License-Identifier: MIT
/*
 * Only the replies that are hoped for are understood: whatever else there is to be said, the
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

enum { SEEN_FROZEN = 1, SEEN_PATHS = 2, SEEN_PROBLEMS = 4 };

static bool read_member(struct cursor *cursor, const char *key, struct reply_places *places,
			unsigned *seen)
{
	unsigned bit = streq(key, "frozen")	? SEEN_FROZEN
		       : streq(key, "paths")	? SEEN_PATHS
		       : streq(key, "problems") ? SEEN_PROBLEMS
						: 0;

	if (!bit || *seen & bit)
		return false;
	*seen |= bit;
	switch (bit) {
	case SEEN_FROZEN:
		places->frozen = take_word(cursor, "true");
		return places->frozen || take_word(cursor, "false");
	case SEEN_PATHS:
		return read_paths(cursor, places);
	default:
		return take(cursor, '[') && take(cursor, ']');
	}
}

static bool read_parameters(struct cursor *cursor, struct reply_places *places, unsigned wanted)
{
	unsigned seen = 0;

	if (!take(cursor, '{'))
		return false;
	do {
		const char *key = take_string(cursor);

		if (!key || !take(cursor, ':') || !read_member(cursor, key, places, &seen))
			return false;
	} while (take(cursor, ','));
	return take(cursor, '}') && seen == wanted;
}

static int read_reply(char *text, unsigned wanted, struct reply_places *ret_places)
{
	struct cursor cursor = { .at = text };
	struct reply_places places = { .count = 0 };
	const char *key;

	if (!take(&cursor, '{'))
		return -EPROTO;
	key = take_string(&cursor);
	if (!key || !streq(key, "parameters") || !take(&cursor, ':') ||
	    !read_parameters(&cursor, &places, wanted) || !take(&cursor, '}') ||
	    !take(&cursor, '\0'))
		return -EPROTO;
	*ret_places = places;
	return 0;
}

int reply_read_places(char *text, struct reply_places *ret_places)
{
	return read_reply(text, SEEN_FROZEN | SEEN_PATHS, ret_places);
}

int reply_read_made(char *text, struct reply_places *ret_places)
{
	return read_reply(text, SEEN_PROBLEMS | SEEN_PATHS, ret_places);
}

bool reply_is_good(const char *text)
{
	/* The daemon puts an error's name first. */
	return strncmp(text, "{\"parameters\":", strlen("{\"parameters\":")) == 0;
}
