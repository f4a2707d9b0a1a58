// SPDX-License-Identifier: MIT
/*
 * A value is written as JSON, which is YAML too, but for words that need no quotes. A key of the
 * text reaches from its line to before the next line that begins with one.
 */
#include "config/service-text.h"

#include "util/text.h"

#include <ctype.h>

/* A word that YAML reads as the same text: no number, no word such as "yes" or "null". */
static bool is_plain(const char *word)
{
	static const char *const special[] = { "y",	"n",  "yes", "no",  "true",
					       "false", "on", "off", "null" };

	if (*word != '/' && !isalpha((unsigned char)*word))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(special); i++)
		if (strcasecmp(word, special[i]) == 0)
			return false;
	for (; *word; word++)
		if (!isalnum((unsigned char)*word) && !strchr("/._-", *word))
			return false;
	return true;
}

static void add_value(struct text *text, const json_t *value)
{
	_cleanup_(freep) char *dumped = NULL;

	if (json_is_string(value) &&
	    (is_plain(json_string_value(value)) || streq(json_string_value(value), "no"))) {
		text_add(text, json_string_value(value));
		return;
	}
	dumped = json_dumps(value, JSON_ENCODE_ANY);
	if (dumped)
		text_add(text, dumped);
	else
		text->failed = true;
}

static void add_pair(struct text *text, const char *key, const json_t *value)
{
	text_addf(text, "%s: ", key);
	add_value(text, value);
	text_add(text, "\n");
}

char *service_text_new(const json_t *manifest)
{
	struct text text;
	const char *key;
	json_t *value;

	text_init(&text);
	json_object_foreach((json_t *)(uintptr_t)manifest, key, value) add_pair(&text, key, value);
	return text_take(&text);
}

/* ---- changes ---- */

/* Whether a line begins with this key. */
static bool is_key(const char *line, const char *key)
{
	size_t length = strlen(key);
	char quote = *line == '"' || *line == '\'' ? *line : '\0';

	line += quote != '\0';
	if (strncmp(line, key, length) != 0)
		return false;
	line += length;
	if (quote != '\0' && *line++ != quote)
		return false;
	line += strspn(line, " \t");
	return *line == ':' && strchr(" \t\r\n", line[1]);
}

/* Whether a line goes on with what the one before it began. */
static bool goes_on(const char *line)
{
	return *line != '\0' && (strchr(" \t-]}", *line) != NULL);
}

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : line + strlen(line);
}

static const char *find_key(const char *text, const char *key)
{
	for (; *text; text = next_line(text))
		if (is_key(text, key))
			return text;
	return NULL;
}

/* One change; *text is replaced. */
static bool change(char **text, const char *key, const json_t *value)
{
	const char *begin = find_key(*text, key);
	const char *end = begin ? next_line(begin) : NULL;
	struct text new;
	char *whole;

	while (end && goes_on(end))
		end = next_line(end);
	if (!begin)
		begin = end = *text + strlen(*text);
	text_init(&new);
	text_add_bytes(&new, *text, (size_t)(begin - *text));
	if (begin > *text && begin[-1] != '\n')
		text_add(&new, "\n");
	if (!json_is_null(value))
		add_pair(&new, key, value);
	text_add(&new, end);
	whole = text_take(&new);
	if (!whole)
		return false;
	free(*text);
	*text = whole;
	return true;
}

char *service_text_set(const char *text, const json_t *changes)
{
	char *whole = strdup(text);
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)changes, key, value)
	{
		if (whole && !change(&whole, key, value)) {
			free(whole);
			return NULL;
		}
	}
	return whole;
}
