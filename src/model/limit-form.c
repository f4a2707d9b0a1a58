// SPDX-License-Identifier: MIT
/* Two programs read these words, with a JSON library and without; what they mean is here. */
#include "model/limit-form.h"

#include "util/units.h"

#include <ctype.h>

static const struct {
	const char *name;
	enum limit_form form;
} rows[LIMIT_COUNT] = {
	[LIMIT_CPU] = { "cpu", LIMIT_FORM_PLAIN },
	[LIMIT_CPU_PERIOD] = { "cpu-period", LIMIT_FORM_PLAIN },
	[LIMIT_CPU_BURST] = { "cpu-burst", LIMIT_FORM_PLAIN },
	[LIMIT_CPU_WEIGHT] = { "cpu-weight", LIMIT_FORM_PLAIN },
	[LIMIT_CPU_IDLE] = { "cpu-idle", LIMIT_FORM_BOOL },
	[LIMIT_CPUS] = { "cpus", LIMIT_FORM_TEXT },
	[LIMIT_MEMS] = { "mems", LIMIT_FORM_TEXT },
	[LIMIT_RAM] = { "ram", LIMIT_FORM_PLAIN },
	[LIMIT_RAM_HIGH] = { "ram-high", LIMIT_FORM_PLAIN },
	[LIMIT_RAM_LOW] = { "ram-low", LIMIT_FORM_PLAIN },
	[LIMIT_RAM_MIN] = { "ram-min", LIMIT_FORM_PLAIN },
	[LIMIT_SWAP] = { "swap", LIMIT_FORM_PLAIN },
	[LIMIT_OOM] = { "oom", LIMIT_FORM_PLAIN },
	[LIMIT_PIDS] = { "pids", LIMIT_FORM_PLAIN },
	[LIMIT_IO] = { "io", LIMIT_FORM_IO },
	[LIMIT_IO_WEIGHT] = { "io-weight", LIMIT_FORM_PLAIN },
	[LIMIT_HUGETLB] = { "hugetlb", LIMIT_FORM_PAIR },
	[LIMIT_FREEZE] = { "freeze", LIMIT_FORM_BOOL },
	[LIMIT_RAW] = { "raw", LIMIT_FORM_PAIR },
};

const char *limit_word_name(enum limit limit)
{
	return rows[limit].name;
}

enum limit_form limit_form(enum limit limit)
{
	return rows[limit].form;
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
