// SPDX-License-Identifier: MIT
/*
 * Paths are normalised by their text alone: nothing is looked up, so a rule may name what is not
 * there yet. ".." is refused and not folded, because behind a symlink it means another place.
 *
 * Patterns: `*` and `?` and `[a-z]`, `[!x]` stay within one part of the path, `**` crosses parts, a
 * backslash takes the next byte literally. In a path without any of them a backslash is a byte like
 * others; before a byte that would make it a pattern it is refused, for it could be meant either
 * way. The number of stars is bounded.
 */
#include "config/paths.h"

#include <limits.h>

bool path_is_pattern(const char *path)
{
	for (; *path; path++) {
		if (*path == '*' || *path == '?' || *path == '[')
			return true;
		if (path[0] == '\\' && path[1] != '\0')
			path++;
	}
	return false;
}

/* The offset behind the ']' that closes the '[' at `at`, or 0 with the reason in `err`. */
static size_t check_bracket(const char *part, size_t size, size_t at, struct error *err)
{
	size_t i = at + 1, first;

	if (i < size && (part[i] == '!' || part[i] == '^'))
		i++;
	first = i;
	/* As in the shell, a ']' that stands first is one of the characters. */
	while (i < size && (part[i] != ']' || i == first)) {
		if (i + 2 < size && part[i + 1] == '-' && part[i + 2] != ']') {
			if ((unsigned char)part[i] > (unsigned char)part[i + 2]) {
				error_set(err, -EINVAL, "the range \"%c-%c\" is backwards", part[i],
					  part[i + 2]);
				return 0;
			}
			i += 2;
		}
		i++;
	}
	if (i >= size) {
		error_set(err, -EINVAL, "\"[\" has no closing \"]\"");
		return 0;
	}
	return i + 1;
}

/* Checks the wildcards of one part; *ret_offset is where in it something is wrong. */
static int check_wildcards(const char *part, size_t size, unsigned *stars, size_t *ret_offset,
			   struct error *err)
{
	for (size_t i = 0; i < size;) {
		*ret_offset = i;
		switch (part[i]) {
		case '\\':
			if (i + 1 == size)
				return error_set(err, -EINVAL,
						 "there is nothing behind the \"\\\"");
			i += 2;
			break;
		case '*':
			if (i + 2 < size && part[i + 1] == '*' && part[i + 2] == '*')
				return error_set(err, -EINVAL, "\"***\" means nothing");
			i += i + 1 < size && part[i + 1] == '*' ? 2 : 1;
			if (++*stars > PATH_STARS_MAX)
				return error_set(err, -EINVAL, "more than %d \"*\" in one path",
						 PATH_STARS_MAX);
			break;
		case '[':
			i = check_bracket(part, size, i, err);
			if (i == 0)
				return -EINVAL;
			break;
		default:
			i++;
		}
	}
	return 0;
}

static int check_part(const char *part, size_t size, bool pattern, unsigned *stars,
		      size_t *ret_offset, struct error *err)
{
	*ret_offset = 0;
	if (size == 2 && part[0] == '.' && part[1] == '.')
		return error_set(err, -EINVAL,
				 "\"..\" is not allowed: behind a symlink it is another place");
	if (pattern)
		return check_wildcards(part, size, stars, ret_offset, err);
	if (size > NAME_MAX)
		return error_set(err, -EINVAL, "a part of it has %zu bytes, at most %d are allowed",
				 size, NAME_MAX);
	for (size_t i = 0; i + 1 < size; i++) {
		if (part[i] == '\\' && strchr("*?[", part[i + 1])) {
			*ret_offset = i;
			return error_set(err, -EINVAL, "write \"[%c]\" for a literal \"%c\"",
					 part[i + 1], part[i + 1]);
		}
	}
	return 0;
}

int pattern_check(const char *pattern, size_t *ret_offset, struct error *err)
{
	unsigned stars = 0;

	return check_wildcards(pattern, strlen(pattern), &stars, ret_offset, err);
}

static int check_start(const char *path, size_t size, struct error *err)
{
	/* Three bytes are kept for what a pattern of a folder gets. */
	size_t most = PATH_MAX - 4;

	if (size == 0)
		return error_set(err, -EINVAL, "it is empty");
	if (path[0] != '/')
		return error_set(err, -EINVAL, "it does not begin with \"/\"");
	if (size > most)
		return error_set(err, -EINVAL, "it has %zu bytes, at most %zu are allowed", size,
				 most);
	return 0;
}

int path_normalise(const char *path, char *to, bool *ret_folder, size_t *ret_offset,
		   struct error *err)
{
	size_t used = 0, size = strlen(path);
	bool pattern = path_is_pattern(path);
	const char *at = path;
	unsigned stars = 0;

	*ret_offset = 0;
	if (check_start(path, size, err) < 0)
		return -EINVAL;
	while (*at) {
		size_t length, offset;

		at += strspn(at, "/");
		length = strcspn(at, "/");
		if (length == 0)
			break;
		if (length == 1 && *at == '.') {
			at++;
			continue;
		}
		if (check_part(at, length, pattern, &stars, &offset, err) < 0) {
			*ret_offset = (size_t)(at - path) + offset;
			return -EINVAL;
		}
		to[used++] = '/';
		memcpy(to + used, at, length);
		used += length;
		at += length;
	}
	*ret_folder = path[size - 1] == '/' || (size > 1 && streq(path + size - 2, "/."));
	if (*ret_folder && pattern) {
		memcpy(to + used, "/**", 3);
		used += 3;
		*ret_folder = false;
	}
	if (used == 0)
		to[used++] = '/';
	to[used] = '\0';
	return 0;
}
