// SPDX-License-Identifier: MIT
/*
 * In the place of seccomp-calls.c, for a program without libraries: the names of this processor's
 * calls and errnos, as seccomp-calls.c had them when this was built (print-calls.c). Calls that
 * only other processors have are not known here.
 */
#include "launch/seccomp-names.h"

struct named {
	const char *name;
	int number;
};
/* calls[], by name, and errors[] */
#include "seccomp-calls.inc"

static int compare(const void *name, const void *row)
{
	return strcmp(name, ((const struct named *)row)->name);
}

int seccomp_call_number(const char *name)
{
	const struct named *row =
		bsearch(name, calls, ARRAY_SIZE(calls), sizeof(calls[0]), compare);

	return row ? row->number : -ENOENT;
}

char *seccomp_call_name(uint32_t number)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (calls[i].number == (int)number)
			return strdup(calls[i].name);
	return NULL;
}

const char *seccomp_errno_name(int number)
{
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].number == number)
			return errors[i].name;
	return NULL;
}
