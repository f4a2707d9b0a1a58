/* SPDX-License-Identifier: MIT */
/* Scalars of a policy as typed values, in the words that YAML 1.1 has. Private to config/. */
#pragma once

#include "config/reader.h"

enum value {
	VALUE_BAD,     /* an error was told */
	VALUE_GOOD,    /* *ret is set */
	VALUE_DEFAULT, /* passes (a warning was told): as if the key were not there */
};

/* What a number may be. */
struct number_range {
	uint64_t least, most;
	bool max_word; /* "max" is allowed and reads as UINT64_MAX */
	bool fetter;   /* a key of fetter's: zero and below mean "no limit" in its files */
	uint64_t unit; /* bytes: of a plain number */
};

/* An empty value, "~" or "null", without quotes. */
bool value_is_null(const struct reader *reader, const struct node *node);
/* "a map", "a list", "nothing", "\"text\"" for messages, in `buffer`. */
const char *value_shown(const struct reader *reader, const struct node *node, char *buffer,
			size_t size);

/* The name of a variable of an environment, as shells take it. */
bool value_is_variable(const char *name);

/* Any scalar that is not null and not empty. The text lives as long as the tree. */
enum value value_text(struct reader *reader, const char *key, const struct node *node,
		      const char **ret_text);
enum value value_bool(struct reader *reader, const char *key, const struct node *node,
		      bool *ret_value);
/* One of the words (exact case); *ret_index is its index. */
enum value value_word(struct reader *reader, const char *key, const struct node *node,
		      const char *const *words, size_t count, size_t *ret_index);
enum value value_number(struct reader *reader, const char *key, const struct node *node,
			const struct number_range *range, uint64_t *ret_value);
enum value value_bytes(struct reader *reader, const char *key, const struct node *node,
		       const struct number_range *range, uint64_t *ret_value);
/* Microseconds: a plain number, or with a unit of time. */
enum value value_microseconds(struct reader *reader, const char *key, const struct node *node,
			      const struct number_range *range, uint64_t *ret_value);

/* Nanoseconds, always with a unit: "20ms". `range` is in ns. */
enum value value_duration(struct reader *reader, const char *key, const struct node *node,
			  const struct number_range *range, uint64_t *ret_ns);
/* How often: "10/s", "5/min"; see parse_rate(). */
enum value value_rate(struct reader *reader, const char *key, const struct node *node,
		      uint64_t *ret_count, uint64_t *ret_interval_ns);
/* A whole number that may be below zero. */
enum value value_signed(struct reader *reader, const char *key, const struct node *node, int least,
			int most, int *ret_value);

/*
 * A whole number as YAML 1.1 writes it: 0x10, 0o17, 0b11, 1_000. 0, -EINVAL no such number, -ERANGE
 * negative or too large, -EDOM leading zero (octal in YAML 1.1, which hardly anyone means).
 */
int integer_from_text(const char *text, bool plain, bool octal, uint64_t *ret_value);
/* Whether it is a number with a point or an exponent (or .inf, .nan); *ret is its whole part. */
bool is_float_text(const char *text, double *ret_value);
