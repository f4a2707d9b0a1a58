// SPDX-License-Identifier: MIT
/*
 * Matching with two remembered places to fall back to: the last `*` of this part and the last `**`.
 * A later star makes the earlier one of its kind irrelevant, so nothing deeper is ever needed.
 */
#include "rules/glob.h"

bool glob_is_pattern(const char *text)
{
	for (const char *p = text; *p; p++) {
		if (*p == '\\' && p[1])
			p++;
		else if (*p == '*' || *p == '?' || *p == '[')
			return true;
	}
	return false;
}

size_t glob_literal_prefix(const char *pattern)
{
	return strcspn(pattern, "*?[\\");
}

/* What a byte of the text is read as. */
static unsigned char byte_of(enum glob_text kind, char c)
{
	return kind == GLOB_JOINED && c == '\0' ? ' ' : (unsigned char)c;
}

/* Matches one byte against [...] at *at; moves *at behind it. False also for an unclosed bracket.
 */
static bool match_bracket(const char **at, unsigned char c)
{
	const char *p = *at + 1;
	bool negate = *p == '!' || *p == '^', found = false;

	if (negate)
		p++;
	for (bool first = true; *p && (*p != ']' || first); first = false) {
		unsigned char low = (unsigned char)*p++, high = low;

		if (low == '\\' && *p)
			low = high = (unsigned char)*p++;
		if (*p == '-' && p[1] && p[1] != ']') {
			high = (unsigned char)p[1];
			p += 2;
		}
		if (c >= low && c <= high)
			found = true;
	}
	if (*p != ']')
		return false;
	*at = p + 1;
	return found != negate;
}

/* Matches one pattern element that is no star; moves *pattern behind it. */
static bool match_one(enum glob_text kind, const char **pattern, unsigned char c)
{
	bool wild = kind != GLOB_PATH || c != '/';

	switch (**pattern) {
	case '?':
		++*pattern;
		return wild;
	case '[':
		return match_bracket(pattern, c) && wild;
	case '\\':
		if ((*pattern)[1])
			++*pattern;
		break;
	case '\0':
		return false;
	}
	return (unsigned char)*(*pattern)++ == c;
}

/* A place to come back to: the pattern behind a star, and where in the text it was last tried. */
struct fallback {
	const char *pattern;
	const char *text;
	bool parts; /* the star stood as a whole part: try only where a part begins */
};

/* Moves a fallback on to the next place where its pattern may start; false when there is none. */
static bool retry(struct fallback *back, const char *end, bool deep)
{
	if (!back->pattern || back->text == end)
		return false;
	if (!deep)
		return *back->text++ != '/';
	if (!back->parts) {
		back->text++;
		return true;
	}
	back->text = memchr(back->text, '/', (size_t)(end - back->text));
	if (!back->text) {
		back->pattern = NULL;
		return false;
	}
	back->text++;
	return true;
}

bool glob_matches(enum glob_text kind, const char *pattern, struct slice text)
{
	struct fallback star = { 0 }, deep = { 0 };
	const char *p = pattern, *t = text.size ? text.data : "", *end = t + text.size;

	for (;;) {
		if (*p == '*') {
			const char *stars = p;

			while (*p == '*')
				p++;
			if (p - stars == 1 && kind == GLOB_PATH) {
				star = (struct fallback){ .pattern = p, .text = t };
				continue;
			}
			/* A part of its own, as in a/ ** /b: none, one or several parts. */
			deep.parts = kind == GLOB_PATH && *p == '/' &&
				     (stars == pattern || stars[-1] == '/');
			p += deep.parts;
			deep.pattern = p;
			deep.text = t;
			star.pattern = NULL;
			continue;
		}
		if (t == end && *p == '\0')
			return true;
		if (t != end && match_one(kind, &p, byte_of(kind, *t))) {
			t++;
		} else if (retry(&star, end, false)) {
			p = star.pattern;
			t = star.text;
		} else if (retry(&deep, end, true)) {
			p = deep.pattern;
			t = deep.text;
			star.pattern = NULL;
		} else {
			return false;
		}
	}
}

bool glob_match(const char *pattern, const char *path)
{
	return glob_matches(GLOB_PATH, pattern, slice_of(path));
}
