// SPDX-License-Identifier: MIT
/* Comparing what a file holds with what it ought to hold. */
#include "cgroup/limit.h"

/* v1 shows "no limit" as the greatest number of pages that fits; all above that means the same. */
#define V1_UNLIMITED UINT64_C(0x7fffffffff000000)

bool limit_value_number(const char *text, uint64_t *ret_value)
{
	char *end;
	uint64_t value;

	if (streq(text, "max") || streq(text, "-1")) {
		*ret_value = UINT64_MAX;
		return true;
	}
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (*end || errno)
		return false;
	*ret_value = value >= V1_UNLIMITED ? UINT64_MAX : value;
	return true;
}

/* The next number or range of a list of processors; false at the end or at nonsense. */
static bool next_range(const char **cursor, unsigned long *first, unsigned long *last)
{
	char *end;

	while (**cursor == ',' || **cursor == ' ' || **cursor == '\n')
		(*cursor)++;
	if (**cursor < '0' || **cursor > '9')
		return false;
	*first = *last = strtoul(*cursor, &end, 10);
	if (*end == '-')
		*last = strtoul(end + 1, &end, 10);
	*cursor = end;
	return *first <= *last;
}

static bool list_has(const char *list, unsigned long number)
{
	unsigned long first, last;

	while (next_range(&list, &first, &last))
		if (number >= first && number <= last)
			return true;
	return false;
}

/* Every member is looked up, for the ranges of `b` may be split elsewhere; the bound is one that no
 * machine reaches. */
bool limit_list_within(const char *a, const char *b)
{
	unsigned long first, last;

	while (next_range(&a, &first, &last)) {
		if (last - first > 65536)
			return false;
		for (unsigned long i = first; i <= last; i++)
			if (!list_has(b, i))
				return false;
	}
	return true;
}

static const char *default_line(const char *text, size_t *ret_length)
{
	if (strncmp(text, "default ", 8) == 0)
		text += 8;
	*ret_length = strcspn(text, "\n");
	return text;
}

bool limit_value_equal(enum value_kind kind, const char *a, const char *b)
{
	uint64_t x, y, page = (uint64_t)sysconf(_SC_PAGESIZE);
	size_t m, n;

	switch (kind) {
	case VALUE_NUMBER:
		return limit_value_number(a, &x) && limit_value_number(b, &y) && x == y;
	case VALUE_BYTES:
		return limit_value_number(a, &x) && limit_value_number(b, &y) &&
		       x / page == y / page;
	case VALUE_LIST:
		return limit_list_within(a, b) && limit_list_within(b, a);
	case VALUE_DEFAULT:
		a = default_line(a, &m);
		b = default_line(b, &n);
		return m == n && memcmp(a, b, m) == 0;
	case VALUE_TEXT:
		break;
	}
	return streq(a, b);
}
