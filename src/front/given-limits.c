// SPDX-License-Identifier: MIT
/*
 * Words become JSON without a library, by the same forms as in the whole program. What a value
 * means, and whether it can be, the daemon says.
 */
#include "front/given-limits.h"

#include "front/ask.h"
#include "model/limit-form.h"

#include <inttypes.h>

/* In a group that stands still a program could not start; the rest is not one word. */
static bool is_ours(enum limit limit)
{
	enum limit_form form = limit_form(limit);

	return limit != LIMIT_FREEZE && form != LIMIT_FORM_PAIR && form != LIMIT_FORM_IO;
}

size_t limits_rows(struct limits_given *given, struct option *to)
{
	size_t count = 0;

	for (enum limit i = 0; i < LIMIT_COUNT; i++) {
		if (!is_ours(i))
			continue;
		to[count++] = (struct option){ .name = limit_word_name(i),
					       .kind = OPTION_LIST,
					       .value = "VALUE",
					       .target = &given->words[i] };
	}
	return count;
}

bool limits_are_given(const struct limits_given *given)
{
	for (size_t i = 0; i < LIMIT_COUNT; i++)
		if (given->words[i].count > 0)
			return true;
	return false;
}

/* How long it is, as snprintf(3). -EINVAL. */
static int write_value(enum limit limit, const char *word, char *to, size_t room)
{
	uint64_t number;
	bool yes;

	if (!ask_is_plain(word))
		return -EINVAL;
	if (limit_form(limit) == LIMIT_FORM_BOOL) {
		if (limit_word_bool(word, &yes) < 0)
			return -EINVAL;
		return snprintf(to, room, "%s", yes ? "true" : "false");
	}
	if (limit_form(limit) == LIMIT_FORM_PLAIN && limit_word_number(word, &number))
		return snprintf(to, room, "%" PRIu64, number);
	return snprintf(to, room, "\"%s\"", word);
}

int limits_write(const struct limits_given *given, char *to, size_t room)
{
	size_t at = 0;

	for (enum limit i = 0; i < LIMIT_COUNT; i++) {
		const struct option_list *words = &given->words[i];
		int n;

		if (words->count == 0)
			continue;
		if (words->count > 1)
			return -EINVAL;
		n = snprintf(to + at, room - at, "%s\"%s\":", at ? "," : "{", limit_name(i));
		if (n < 0 || (size_t)n >= room - at)
			return -E2BIG;
		at += (size_t)n;
		n = write_value(i, words->values[0], to + at, room - at);
		if (n < 0 || (size_t)n >= room - at)
			return n < 0 ? n : -E2BIG;
		at += (size_t)n;
	}
	if (at + sizeof("{}") > room)
		return -E2BIG;
	memcpy(to + at, at ? "}" : "{}", at ? sizeof("}") : sizeof("{}"));
	return 0;
}

void limits_given_done(struct limits_given *given)
{
	for (size_t i = 0; i < LIMIT_COUNT; i++)
		option_list_done(&given->words[i]);
}
