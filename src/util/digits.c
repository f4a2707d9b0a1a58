// SPDX-License-Identifier: MIT
/* Decimal digits two at a time, from the end. */
#include "util/digits.h"

static const char pairs[] = "00010203040506070809101112131415161718192021222324"
			    "25262728293031323334353637383940414243444546474849"
			    "50515253545556575859606162636465666768697071727374"
			    "75767778798081828384858687888990919293949596979899";

static size_t decimal_length(uint64_t number)
{
	/* The least number with one digit more than the index. */
	static const uint64_t powers[] = {
		0,
		10,
		100,
		1000,
		10000,
		100000,
		1000000,
		10000000,
		100000000,
		1000000000,
		10000000000,
		100000000000,
		1000000000000,
		10000000000000,
		100000000000000,
		1000000000000000,
		10000000000000000,
		100000000000000000,
		1000000000000000000,
		UINT64_C(10000000000000000000),
	};
	/* log10(2) is 1233 / 4096: a guess that is never too small, and too great by one at most.
	 */
	size_t guess = (size_t)(64 - __builtin_clzll(number | 1)) * 1233 >> 12;

	return guess + (guess == 0 || number >= powers[guess]);
}

size_t digits_decimal(uint64_t number, char *text)
{
	size_t length = decimal_length(number);

	digits_fixed(number, (unsigned)length, text);
	return length;
}

/* Four digits; the two halves do not wait for each other. */
static inline void fixed4(uint32_t number, char *text)
{
	memcpy(text, pairs + number / 100 * 2, 2);
	memcpy(text + 2, pairs + number % 100 * 2, 2);
}

static inline void fixed8(uint32_t number, char *text)
{
	fixed4(number / 10000, text);
	fixed4(number % 10000, text + 4);
}

void digits_fixed(uint64_t number, unsigned width, char *text)
{
	uint32_t rest;

	/* Division is much quicker in 32 bits. */
	for (; width >= 8; width -= 8, number /= 100000000)
		fixed8((uint32_t)(number % 100000000), text + width - 8);
	rest = (uint32_t)(number % 100000000);
	if (width >= 4) {
		width -= 4;
		fixed4(rest % 10000, text + width);
		rest /= 10000;
	}
	if (width >= 2) {
		width -= 2;
		memcpy(text + width, pairs + rest % 100 * 2, 2);
		rest /= 100;
	}
	if (width > 0)
		text[0] = (char)('0' + rest % 10);
}

static size_t in_bits(uint64_t number, unsigned bits, char *text)
{
	size_t length = (64 - (unsigned)__builtin_clzll(number | 1) + bits - 1) / bits;

	for (size_t i = length; i-- > 0; number >>= bits)
		text[i] = "0123456789abcdef"[number & ((1U << bits) - 1)];
	return length;
}

size_t digits_hex(uint64_t number, char *text)
{
	return in_bits(number, 4, text);
}

size_t digits_octal(uint64_t number, char *text)
{
	return in_bits(number, 3, text);
}
