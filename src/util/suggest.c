// SPDX-License-Identifier: MIT
/* Optimal string alignment distance over three rows; words above WORD_MAX letters get no guess. */
#include "util/suggest.h"

#include <ctype.h>

enum { WORD_MAX = 64 };

static unsigned cost(const char *a, const char *b, size_t i, size_t j)
{
	return tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]) ? 0 : 1;
}

static unsigned distance(const char *a, const char *b)
{
	unsigned rows[3][WORD_MAX + 1];
	size_t la = strlen(a), lb = strlen(b);

	for (size_t j = 0; j <= lb; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned *now = rows[i % 3];
		const unsigned *before = rows[(i + 2) % 3];
		const unsigned *two_before = rows[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned c = cost(a, b, i, j);
			unsigned best = before[j - 1] + c;

			best = MIN(best, before[j] + 1);
			best = MIN(best, now[j - 1] + 1);
			if (i > 1 && j > 1 && !cost(a, b, i - 1, j) && !cost(a, b, i, j - 1))
				best = MIN(best, two_before[j - 2] + 1);
			now[j] = best;
		}
	}
	return rows[la % 3][lb];
}

const char *suggest(const char *word, const char *const *candidates, size_t count)
{
	size_t length = strlen(word);
	unsigned best = (unsigned)MAX(length / 3, (size_t)1) + 1;
	const char *found = NULL;

	/* Of one letter nothing would be left to know the word by. */
	if (length < 2 || length > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		unsigned d;

		if (strlen(candidates[i]) > WORD_MAX)
			continue;
		d = distance(word, candidates[i]);
		if (d < best) {
			best = d;
			found = candidates[i];
		}
	}
	return found;
}
