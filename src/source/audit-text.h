/* SPDX-License-Identifier: MIT */
/*
 * The text of one audit record: "audit(SECONDS.MILLIS:SERIAL): NAME=VALUE NAME=VALUE ...".
 *
 * A value is a number, a word, or a string that a user may have chosen; the kernel writes such a
 * string in quotes when it is harmless and in hexadecimal when it holds a quote, a blank, a control
 * character or a byte above 126 (audit_log_n_untrustedstring), so no string can pretend to be a
 * field.
 */
#pragma once

#include "util/text.h"

struct audit_stamp {
	uint64_t time_ns; /* since the epoch, to the millisecond */
	uint32_t serial;  /* the same for all records of one kernel event */
};

struct audit_field {
	struct slice name, value; /* the value without its quotes */
	bool quoted;
};

/* Takes the stamp from the beginning of the text. False: this is no record. */
bool audit_stamp_take(struct slice *text, struct audit_stamp *ret_stamp);

/* Takes the next field from the text; words without "=" are passed over. False: there is none. */
bool audit_field_take(struct slice *text, struct audit_field *ret_field);

static inline bool audit_field_is(const struct audit_field *field, const char *name)
{
	return slice_eq(field->name, slice_of(name));
}

/* Reads digits of base 8, 10 or 16 from the beginning; the rest stays. False: there is none, or
 * they do not fit. */
bool audit_digits_take(struct slice *text, unsigned base, uint64_t *ret_number);
/* The whole text is one number, with a sign where the base is 10. */
bool audit_number(struct slice text, unsigned base, int64_t *ret_number);

/*
 * Appends the string that a field holds, at most `room` bytes of it. Returns how many bytes it has
 * (more than `room`: it was cut), -ENODATA when the kernel knew none ("(null)", "(none)", "?"), or
 * -EINVAL.
 */
ssize_t audit_string_add(const struct audit_field *field, size_t room, struct text *text);
