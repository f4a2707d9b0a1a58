// SPDX-License-Identifier: MIT
/*
 * jansson takes some 45 ns for each byte of a string, and all that we read is read in the daemon's
 * loop: a policy of 1.4 MB would hold it up for a twelfth of a second, twice. So long strings that
 * can be nothing but plain letters are lifted out before: jansson reads a text with their numbers
 * in their places, "\u0001" before them, and they are put back into what it has made.
 *
 * Who answers in etcd's place may send such a number himself. He is given a string that he has sent
 * elsewhere, or none: no more than he could have sent there.
 */
#include "fleet/large-json.h"

#include "util/text.h"

#define MARK "\\u0001"

struct lifted {
	struct slice *items;
	size_t count, room;
};

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '+' || c == '/' || c == '=';
}

static int lift(struct lifted *lifted, const char *data, size_t size, struct text *rest)
{
	if (lifted->count == lifted->room) {
		size_t room = lifted->room ? lifted->room * 2 : 16;
		struct slice *larger = reallocarray(lifted->items, room, sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		lifted->items = larger;
		lifted->room = room;
	}
	text_addf(rest, "\"" MARK "%zu\"", lifted->count);
	lifted->items[lifted->count++] = (struct slice){ data, size };
	return 0;
}

/* Whether a string ends here, and is no key. */
static bool is_value(const char *at, const char *end)
{
	if (at == end || *at++ != '"')
		return false;
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n'))
		at++;
	return at == end || *at != ':';
}

/* Behind the quotation mark that ends the string which begins at `at`. */
static const char *string_end(const char *at, const char *end)
{
	while (at < end && *at != '"')
		at += *at == '\\' && at + 1 < end ? 2 : 1;
	return at < end ? at + 1 : end;
}

static int lift_all(const char *text, size_t size, size_t least, struct lifted *lifted,
		    struct text *rest)
{
	const char *at = text, *end = text + size, *quote;
	int r = 0;

	while (r >= 0 && at < end && (quote = memchr(at, '"', (size_t)(end - at)))) {
		const char *plain = quote + 1, *after;

		while (plain < end && is_plain(*plain))
			plain++;
		if ((size_t)(plain - quote) > least && is_value(plain, end)) {
			text_add_bytes(rest, at, (size_t)(quote - at));
			r = lift(lifted, quote + 1, (size_t)(plain - quote) - 1, rest);
			after = plain + 1;
		} else {
			after = string_end(plain, end);
			text_add_bytes(rest, at, (size_t)(after - at));
		}
		at = after;
	}
	text_add_bytes(rest, at, (size_t)(end - at));
	return rest->failed ? -ENOMEM : r;
}

/* Which of the lifted ones a string stands for, or NULL. */
static const struct slice *lifted_by(const struct lifted *lifted, const char *string)
{
	char *rest;
	unsigned long number;

	if (string[0] != 1 || string[1] < '0' || string[1] > '9')
		return NULL;
	errno = 0;
	number = strtoul(string + 1, &rest, 10);
	return errno == 0 && *rest == '\0' && number < lifted->count ? &lifted->items[number]
								     : NULL;
}

/* As deep as jansson reads: 2048 levels. */
static int put_back(json_t *value, const struct lifted *lifted)
{
	const struct slice *slice = NULL;
	const char *key;
	json_t *child;
	size_t i;
	int r = 0;

	if (json_is_string(value))
		slice = lifted_by(lifted, json_string_value(value));
	if (slice)
		return json_string_setn_nocheck(value, slice->data, slice->size);
	json_array_foreach(value, i, child) r |= put_back(child, lifted);
	json_object_foreach(value, key, child) r |= put_back(child, lifted);
	return r;
}

json_t *large_json_load(const char *text, size_t size, size_t least)
{
	_cleanup_(text_done) struct text rest = { 0 };
	struct lifted lifted = { 0 };
	json_t *value = NULL;

	if (size < least)
		return json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	if (lift_all(text, size, least, &lifted, &rest) >= 0)
		value = json_loadb(rest.data ? rest.data : "", rest.size, JSON_REJECT_DUPLICATES,
				   NULL);
	if (value && put_back(value, &lifted) != 0) {
		json_decref(value);
		value = NULL;
	}
	free(lifted.items);
	return value;
}
