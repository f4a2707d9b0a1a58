/* SPDX-License-Identifier: MIT */
/* Bytes as text of letters, digits, '+' and '/' (RFC 4648, with '=' at the end). */
#pragma once

#include "util/text.h"

/* Adds the bytes as base64. */
void text_add_base64(struct text *text, const void *data, size_t size);

/* Adds the bytes that base64 stands for. -EINVAL: it is none, and nothing was added; -ENOMEM. */
int text_add_unbase64(struct text *text, const char *base64, size_t size);
