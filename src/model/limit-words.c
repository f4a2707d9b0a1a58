// SPDX-License-Identifier: MIT
/* Two programs read these words, with a JSON library and without; what they mean is here. */
#include "model/limit-words.h"

#include "util/units.h"

#include <ctype.h>

static const enum limit_form forms[LIMIT_COUNT] = {
	[LIMIT_CPU_IDLE] = LIMIT_FORM_BOOL, [LIMIT_CPUS] = LIMIT_FORM_TEXT,
	[LIMIT_MEMS] = LIMIT_FORM_TEXT,	    [LIMIT_IO] = LIMIT_FORM_IO,
	[LIMIT_HUGETLB] = LIMIT_FORM_PAIR,  [LIMIT_FREEZE] = LIMIT_FORM_BOOL,
	[LIMIT_RAW] = LIMIT_FORM_PAIR,
};

enum limit_form limit_form(enum limit limit)
{
	return forms[limit];
}

bool limit_word_number(const char *word, uint64_t *ret_number)
{
	return isdigit((unsigned char)*word) && parse_u64(word, ret_number) == 0 &&
	       *ret_number <= INT64_MAX;
}

int limit_word_bool(const char *word, bool *ret_yes)
{
	static const char *const yes[] = { "yes", "true", "on", "1" };
	static const char *const no[] = { "no", "false", "off", "0" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		if (streq(word, yes[i]) || streq(word, no[i])) {
			*ret_yes = streq(word, yes[i]);
			return 0;
		}
	return -EINVAL;
}
