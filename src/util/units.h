/* SPDX-License-Identifier: MIT */
/* Numbers with units as people write them. All parsers take the whole text or refuse it. */
#pragma once

#include "util/macros.h"

#define UNITS_MAX UINT64_MAX /* what the word "max" reads as */

/*
 * A plain decimal (or 0x) whole number. Returns 0; -EINVAL: not a number; -ERANGE: does not fit,
 * or is negative.
 */
int parse_u64(const char *text, uint64_t *ret_value);

/*
 * Bytes: a number (a fraction is allowed with a unit) and one of B K M G T P, each also as KB/KiB
 * (all powers of 1024), any case, spaces between allowed. A number without a unit is multiplied
 * by `unit` (1 for bytes, 1 << 20 where plain numbers are MiB). "max" and "infinity" read as
 * UNITS_MAX; the number that is UNITS_MAX is -ERANGE. Errors as parse_u64().
 */
int parse_bytes(const char *text, uint64_t unit, uint64_t *ret_bytes);

/*
 * Time: a number (fractions allowed) and ns us ms s m(in) h d; without a unit it is multiplied by
 * `unit_ns`. The result is in nanoseconds. Errors as parse_u64().
 */
int parse_duration(const char *text, uint64_t unit_ns, uint64_t *ret_ns);

/*
 * How often: "10/s", "5/min", "100/h", "3/10s": a whole number, 1 or more, "/", and a unit of time
 * or a time. Errors as parse_u64().
 */
int parse_rate(const char *text, uint64_t *ret_count, uint64_t *ret_interval_ns);

/* A decimal with an optional fraction, scaled by `scale` and rounded: "12.5" with 1000 is 12500. */
int parse_decimal(const char *text, uint64_t scale, uint64_t *ret_value);

/*
 * Writes bytes as "512M", "1000" or "max" into `buffer`; what its greatest unit does not divide is
 * cut to one decimal, "1.5G".
 */
const char *format_bytes(uint64_t bytes, char *buffer, size_t size);

/* Writes nanoseconds as "1h 2min", "3.2s", "15ms", "40us" into `buffer`; the rest is cut. */
const char *format_duration(uint64_t ns, char *buffer, size_t size);
