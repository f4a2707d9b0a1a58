/* SPDX-License-Identifier: MIT */
/* JSON in which documents are, as base64: a megabyte of it in a few milliseconds. */
#pragma once

#include <jansson.h>
#include <stddef.h>

enum { LARGE_JSON_LEAST = 4 << 10 };

/*
 * As json_loadb() without duplicate keys; owned, NULL: no JSON, or no memory. Strings of at least
 * `least` letters of base64 and nothing else (more than a few; LARGE_JSON_LEAST but in tests) are
 * not read letter by letter.
 */
json_t *large_json_load(const char *text, size_t size, size_t least);
