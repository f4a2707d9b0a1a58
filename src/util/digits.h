/* SPDX-License-Identifier: MIT */
/* Numbers as text where printf(3) would take most of the time. Nothing is terminated. */
#pragma once

#include "util/macros.h"

enum { DIGITS_DECIMAL = 20, DIGITS_HEX = 16, DIGITS_OCTAL = 22 };

/* Each writes as many digits as the number has, and returns how many. */
size_t digits_decimal(uint64_t number, char *text);
size_t digits_hex(uint64_t number, char *text);
size_t digits_octal(uint64_t number, char *text);

/* Writes just `width` decimal digits, with zeros in front. */
void digits_fixed(uint64_t number, unsigned width, char *text);
