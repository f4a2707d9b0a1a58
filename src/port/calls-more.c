// SPDX-License-Identifier: MIT
/* The calls from 100 up, in the order in which they came: a number never changes. */
#include "port/call-functions.h"

#define ROW(name, arity, help, ...)                              \
	{                                                        \
#name, arity, call_##name, { __VA_ARGS__ }, help \
	}

const struct call calls_more[] = {
	ROW(capabilities, 0, "the calls that there are: {Name, Arity, Number}", { 0 }),
};
const size_t calls_more_count = ARRAY_SIZE(calls_more);
