// SPDX-License-Identifier: MIT
/* Growing text doubles its room; escaping is byte-exact so that it can be undone. */
#include "util/text.h"

#include <stdarg.h>

void text_init(struct text *text)
{
	*text = (struct text){ 0 };
}

void text_done(struct text *text)
{
	free(text->data);
	text_init(text);
}

bool text_reserve(struct text *text, size_t more)
{
	size_t room = text->room ? text->room : 128;
	char *larger;

	if (text->failed)
		return false;
	if (more > SIZE_MAX / 4 - text->size) {
		text->failed = true;
		return false;
	}
	while (room - text->size <= more)
		room *= 2;
	if (room == text->room)
		return true;
	larger = realloc(text->data, room);
	if (!larger) {
		text->failed = true;
		return false;
	}
	text->data = larger;
	text->room = room;
	return true;
}

void text_add_bytes(struct text *text, const void *data, size_t size)
{
	if ((text->failed || text->room - text->size <= size) && !text_reserve(text, size))
		return;
	if (size > 0)
		memcpy(text->data + text->size, data, size);
	text->size += size;
	text->data[text->size] = '\0';
}

void text_add(struct text *text, const char *string)
{
	text_add_bytes(text, string, strlen(string));
}

void text_addf(struct text *text, const char *format, ...)
{
	_cleanup_(freep) char *part = NULL;
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vasprintf(&part, format, arguments);
	va_end(arguments);
	if (n < 0) {
		part = NULL;
		text->failed = true;
		return;
	}
	text_add_bytes(text, part, (size_t)n);
}

char *text_take(struct text *text)
{
	char *data;

	if (text->size == 0)
		text_add_bytes(text, "", 0);
	if (text->failed) {
		text_done(text);
		return NULL;
	}
	data = text->data;
	text_init(text);
	return data;
}

size_t utf8_sequence(const char *data, size_t size)
{
	const unsigned char *s = (const unsigned char *)data;
	size_t length;
	uint32_t point;

	if (size == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		length = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		length = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		length = 4;
	else
		return 0;
	if (size < length)
		return 0;
	point = s[0] & (0xffU >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (s[i] & 0x3f);
	}
	/* Over-long forms, surrogates and what is past U+10FFFF are not UTF-8 (RFC 3629). */
	if ((length == 3 && (point < 0x800 || (point >= 0xd800 && point <= 0xdfff))) ||
	    (length == 4 && (point < 0x10000 || point > 0x10ffff)))
		return 0;
	return length;
}

/* How many bytes from the front are plain ASCII that stays as it is. */
static size_t plain_length(const char *string, size_t size)
{
	size_t i = 0;

	while (i < size && string[i] >= 0x20 && string[i] < 0x7f && string[i] != '\\')
		i++;
	return i;
}

void text_add_escaped(struct text *text, const char *string, size_t size)
{
	for (size_t i = 0; i < size;) {
		size_t plain = plain_length(string + i, size - i);

		size_t length = utf8_sequence(string + i, size - i);
		unsigned char c = (unsigned char)string[i];
		bool c1 = length == 2 && c == 0xc2 && (unsigned char)string[i + 1] < 0xa0;

		if (plain > 0) {
			text_add_bytes(text, string + i, plain);
			i += plain;
			continue;
		}
		if (length == 0 || c < 0x20 || c == 0x7f) {
			text_addf(text, "\\x%02x", c);
			i++;
			continue;
		}
		if (c1)
			text_addf(text, "\\x%02x\\x%02x", c, (unsigned char)string[i + 1]);
		else if (c == '\\')
			text_add(text, "\\\\");
		else
			text_add_bytes(text, string + i, length);
		i += length;
	}
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int text_add_unescaped(struct text *text, const char *string, size_t size)
{
	size_t before = text->size;
	char *to;

	if (!text_reserve(text, size))
		return -ENOMEM;
	to = text->data + before;
	for (size_t i = 0; i < size; i++, to++) {
		size_t left = size - i;

		*to = string[i];
		if (string[i] != '\\')
			continue;
		if (left >= 2 && string[i + 1] == '\\') {
			i += 1;
		} else if (left >= 4 && string[i + 1] == 'x' && hex_digit(string[i + 2]) >= 0 &&
			   hex_digit(string[i + 3]) >= 0) {
			*to = (char)(hex_digit(string[i + 2]) << 4 | hex_digit(string[i + 3]));
			i += 3;
		} else {
			text->data[before] = '\0';
			return -EINVAL;
		}
	}
	*to = '\0';
	text->size = (size_t)(to - text->data);
	return 0;
}

size_t text_columns(const char *string)
{
	size_t columns = 0;

	for (; *string; string++)
		columns += ((unsigned char)*string & 0xc0) != 0x80;
	return columns;
}

size_t slice_columns(struct slice text)
{
	const uint64_t high = UINT64_C(0x8080808080808080);
	size_t columns = 0, at = 0;

	while (at < text.size) {
		uint64_t word = high;
		size_t length;

		if (text.size - at >= sizeof(word))
			memcpy(&word, text.data + at, sizeof(word));
		if (!(word & high)) {
			at += sizeof(word);
			columns += sizeof(word);
			continue;
		}
		length = (unsigned char)text.data[at] < 0x80
				 ? 1
				 : utf8_sequence(text.data + at, text.size - at);
		at += length ? length : 1;
		columns++;
	}
	return columns;
}
