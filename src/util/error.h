/* SPDX-License-Identifier: MIT */
/*
 * An error that a human will read: what went wrong, where, and the errno behind it.
 *
 * It is the last argument of functions in layers whose result a human reads (configuration, rules,
 * control requests, launching). Passing NULL is always allowed: the return value alone is enough
 * for a program. The first error set stays; wrapping adds context in front.
 */
#pragma once

#include "util/macros.h"

struct error {
	int code;      /* negative errno; 0: no error */
	char *message; /* one sentence, no newline, no final stop; owned */
};

#define ERROR_INIT                         \
	{                                  \
		.code = 0, .message = NULL \
	}

/*
 * Sets the error and returns `code`, so that a caller can `return error_set(...)`.
 * `code` is a negative errno. The text says what failed; ": " and the errno's own text are added
 * by error_set_errno() alone.
 */
int error_set(struct error *err, int code, const char *format, ...) _printf_(3, 4);

/* The same, with ": <strerror>" added. */
int error_set_errno(struct error *err, int code, const char *format, ...) _printf_(3, 4);

/* Puts "context: " before the message that is there; returns the error's code. */
int error_wrap(struct error *err, const char *format, ...) _printf_(2, 3);

/* -ENOMEM, without allocating. */
int error_oom(struct error *err);

/* The message, or the text of the errno, or "no error"; never NULL, even for a NULL error. */
const char *error_text(const struct error *err);

void error_done(struct error *err);

/* Moves `from` into `to` (NULL, or one that has an error: then it is dropped); empties `from`. */
void error_move(struct error *to, struct error *from);
