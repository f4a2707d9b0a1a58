// SPDX-License-Identifier: MIT
/* The first line is a glob, the rest a text: the matcher is compared with a simple one, and what
 * matches must be found by its grams. */
#include "rules/glob.h"
#include "rules/grams.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { GLOB_MOST = 40, TEXT_MOST = 60, STEPS_MOST = 200000 };

struct naive {
	enum glob_text kind;
	unsigned steps;
};

/* [...] at `*p`, by a set of all bytes. False: it is never closed. */
static bool read_bracket(const char **p, bool *set)
{
	const char *at = *p + 1;
	bool negate = *at == '!' || *at == '^', closed = false;

	memset(set, 0, 256);
	at += negate;
	for (const char *first = at; *at && !closed;) {
		unsigned low, high;

		if (*at == ']' && at != first) {
			closed = true;
			at++;
			continue;
		}
		low = (unsigned char)*at++;
		if (low == '\\' && *at)
			low = (unsigned char)*at++;
		high = low;
		if (at[0] == '-' && at[1] && at[1] != ']') {
			high = (unsigned char)at[1];
			at += 2;
		}
		for (; low <= high; low++)
			set[low] = true;
	}
	for (unsigned i = 0; i < 256 && negate; i++)
		set[i] = !set[i];
	*p = at;
	return closed;
}

static bool match(struct naive *naive, const char *glob, const char *pattern, struct slice text);

static bool match_rest(struct naive *naive, const char *glob, const char *pattern,
		       struct slice text, bool deep)
{
	for (;;) {
		if (match(naive, glob, pattern, text))
			return true;
		if (text.size == 0 || (!deep && text.data[0] == '/'))
			return false;
		text.data++;
		text.size--;
	}
}

/* A part of its own: the rest begins here or behind a slash. */
static bool match_parts(struct naive *naive, const char *glob, const char *pattern,
			struct slice text)
{
	while (!match(naive, glob, pattern, text)) {
		const char *slash = text.size ? memchr(text.data, '/', text.size) : NULL;

		if (!slash)
			return false;
		text.size -= (size_t)(slash + 1 - text.data);
		text.data = slash + 1;
	}
	return true;
}

static bool match_stars(struct naive *naive, const char *glob, const char *pattern,
			struct slice text)
{
	size_t stars = strspn(pattern, "*");
	const char *rest = pattern + stars;
	bool path = naive->kind == GLOB_PATH;

	if (path && stars > 1 && *rest == '/' && (pattern == glob || pattern[-1] == '/'))
		return match_parts(naive, glob, rest + 1, text);
	return match_rest(naive, glob, rest, text, !path || stars > 1);
}

static bool match(struct naive *naive, const char *glob, const char *pattern, struct slice text)
{
	bool set[256] = { false };
	unsigned char c;

	if (++naive->steps > STEPS_MOST)
		return false;
	if (*pattern == '*')
		return match_stars(naive, glob, pattern, text);
	if (text.size == 0 || *pattern == '\0')
		return text.size == 0 && *pattern == '\0';
	c = (unsigned char)(naive->kind == GLOB_JOINED && !text.data[0] ? ' ' : text.data[0]);
	if (*pattern == '[') {
		if (!read_bracket(&pattern, set))
			return false;
		set['/'] &= naive->kind != GLOB_PATH;
	} else if (*pattern == '?') {
		memset(set, 1, sizeof(set));
		set['/'] = naive->kind != GLOB_PATH;
		pattern++;
	} else {
		pattern += *pattern == '\\' && pattern[1];
		set[(unsigned char)*pattern++] = true;
	}
	return set[c] &&
	       match(naive, glob, pattern, (struct slice){ text.data + 1, text.size - 1 });
}

static void check(enum glob_text kind, const char *glob, struct slice text,
		  const struct grams *grams)
{
	struct naive naive = { .kind = kind };
	bool wanted = match(&naive, glob, glob, text);
	struct candidates found;

	if (naive.steps > STEPS_MOST)
		return;
	if (glob_matches(kind, glob, text) != wanted)
		abort();
	/* A joined text has blanks where the grams see none. */
	if (!wanted || kind == GLOB_JOINED)
		return;
	candidates_begin(&found, 0);
	grams_find(grams, text, &found);
	if (candidates_take(&found) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(freep) char *input = strndup((const char *)data, size);
	_cleanup_(grams_freep) struct grams *grams = NULL;
	size_t length = input ? strlen(input) : 0, line = input ? strcspn(input, "\n") : 0;
	struct slice text;

	if (!input || line > GLOB_MOST || line == length || length - line > TEXT_MOST)
		return 0;
	input[line] = '\0';
	text = (struct slice){ input + line + 1, length - line - 1 };
	if (grams_new(&(struct gram_source){ .glob = input }, 1, &grams) < 0)
		return 0;
	(void)glob_is_pattern(input);
	(void)glob_literal_prefix(input);
	check(GLOB_PATH, input, text, grams);
	check(GLOB_PLAIN, input, text, grams);
	check(GLOB_JOINED, input, text, grams);
	return 0;
}
