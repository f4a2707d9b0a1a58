// SPDX-License-Identifier: MIT
/* Three bytes are four letters; through a buffer, for a call to struct text costs more than these.
 */
#include "util/base64.h"

enum { BLOCK = 768 }; /* bytes at once; a multiple of three */

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Four letters of up to three bytes. */
static void write_four(char *to, const unsigned char *from, size_t size)
{
	uint32_t bits = (uint32_t)from[0] << 16;

	bits |= size > 1 ? (uint32_t)from[1] << 8 : 0;
	bits |= size > 2 ? from[2] : 0;
	to[0] = letters[bits >> 18];
	to[1] = letters[bits >> 12 & 63];
	to[2] = size > 1 ? letters[bits >> 6 & 63] : '=';
	to[3] = size > 2 ? letters[bits & 63] : '=';
}

void text_add_base64(struct text *text, const void *data, size_t size)
{
	const unsigned char *from = data;
	char block[BLOCK / 3 * 4];

	while (size > 0) {
		size_t part = MIN(size, (size_t)BLOCK), used = 0;

		for (size_t i = 0; i < part; i += 3, used += 4)
			write_four(block + used, from + i, part - i);
		text_add_bytes(text, block, used);
		from += part;
		size -= part;
	}
}

/* The number that a letter is, or 64. */
static unsigned value_of(unsigned char letter)
{
	if (letter >= 'A' && letter <= 'Z')
		return letter - 'A';
	if (letter >= 'a' && letter <= 'z')
		return letter - 'a' + 26u;
	if (letter >= '0' && letter <= '9')
		return letter - '0' + 52u;
	return letter == '+' ? 62 : letter == '/' ? 63 : 64;
}

struct table {
	unsigned char values[256];
};

static void make_table(struct table *table)
{
	for (unsigned i = 0; i < 256; i++)
		table->values[i] = (unsigned char)value_of((unsigned char)i);
}

/* `count` letters, two to four, of which all must be good and the bits that are over none. */
static bool read_four(const struct table *table, const char *from, size_t count, char to[static 3])
{
	uint32_t bits = 0;

	for (size_t i = 0; i < 4; i++) {
		unsigned value = i < count ? table->values[(unsigned char)from[i]] : 0;

		if (value > 63)
			return false;
		bits = bits << 6 | value;
	}
	to[0] = (char)(bits >> 16);
	to[1] = (char)(bits >> 8);
	to[2] = (char)bits;
	return (count == 4) || (count == 3 && !(bits & 0xff)) || (count == 2 && !(bits & 0xffff));
}

int text_add_unbase64(struct text *text, const char *base64, size_t size)
{
	size_t before = text->size, at = 0;
	char block[BLOCK], *end = block;
	struct table table;

	make_table(&table);
	if (size % 4 != 0)
		return -EINVAL;
	while (at < size) {
		size_t count = 4;

		if (at + 4 == size)
			count -= base64[at + 3] != '=' ? 0 : base64[at + 2] != '=' ? 1 : 2;
		if (!read_four(&table, base64 + at, count, end)) {
			text->size = before;
			if (text->data)
				text->data[before] = '\0';
			return -EINVAL;
		}
		end += count - 1;
		at += 4;
		if (end + 3 > block + BLOCK || at == size) {
			text_add_bytes(text, block, (size_t)(end - block));
			end = block;
		}
	}
	return text->failed ? -ENOMEM : 0;
}
