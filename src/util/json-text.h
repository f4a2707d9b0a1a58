/* SPDX-License-Identifier: MIT */
/* Any bytes as a string of JSON. A header alone: util itself is without a JSON library. */
#pragma once

#include "util/text.h"

#include <jansson.h>

/*
 * As it is; what is not UTF-8 (a file's name, a sentence that was cut within a letter) is escaped
 * whole, as for a terminal. NULL is null. NULL: no memory. Owned.
 */
static inline json_t *json_text(const char *string)
{
	json_t *value = string ? json_string(string) : json_null();
	struct text escaped;

	if (value)
		return value;
	text_init(&escaped);
	text_add_escaped(&escaped, string, strlen(string));
	value = escaped.failed ? NULL : json_string(escaped.data ? escaped.data : "");
	text_done(&escaped);
	return value;
}
