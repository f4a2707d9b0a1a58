// SPDX-License-Identifier: MIT
/*
 * Only types of record that the kernel alone writes are read with this (linux/audit.h: 1300 to
 * 1399; users may send 1100 to 1199 and from 2100 on), yet every byte is treated as if anybody had
 * chosen it.
 */
#include "source/audit-text.h"

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

static void skip(struct slice *text, size_t size)
{
	text->data += size;
	text->size -= size;
}

static bool take_literal(struct slice *text, const char *literal)
{
	size_t size = strlen(literal);

	if (text->size < size || memcmp(text->data, literal, size) != 0)
		return false;
	skip(text, size);
	return true;
}

bool audit_digits_take(struct slice *text, unsigned base, uint64_t *ret_number)
{
	uint64_t number = 0;
	size_t i = 0;

	for (; i < text->size && (unsigned)digit_of(text->data[i]) < base; i++) {
		if (number > (UINT64_MAX - 15) / base)
			return false;
		number = number * base + (unsigned)digit_of(text->data[i]);
	}
	if (i == 0)
		return false;
	skip(text, i);
	*ret_number = number;
	return true;
}

bool audit_number(struct slice text, unsigned base, int64_t *ret_number)
{
	bool negative = base == 10 && take_literal(&text, "-");
	uint64_t number;

	if (!audit_digits_take(&text, base, &number) || text.size > 0)
		return false;
	/* A register (base 16) may have its highest bit; a decimal number may not. */
	if (base == 10 && number > INT64_MAX)
		return false;
	*ret_number = negative ? -(int64_t)number : (int64_t)number;
	return true;
}

bool audit_stamp_take(struct slice *text, struct audit_stamp *ret_stamp)
{
	uint64_t seconds, millis, serial;

	if (!take_literal(text, "audit(") || !audit_digits_take(text, 10, &seconds) ||
	    !take_literal(text, ".") || !audit_digits_take(text, 10, &millis) ||
	    !take_literal(text, ":") || !audit_digits_take(text, 10, &serial) ||
	    !take_literal(text, "):"))
		return false;
	if (seconds > UINT32_MAX * UINT64_C(4) || millis > 999 || serial > UINT32_MAX)
		return false;
	ret_stamp->time_ns = seconds * 1000000000 + millis * 1000000;
	ret_stamp->serial = (uint32_t)serial;
	return true;
}

static void take_value(struct slice *text, struct audit_field *field)
{
	const char *end;

	field->quoted = take_literal(text, "\"");
	end = text->size ? memchr(text->data, field->quoted ? '"' : ' ', text->size) : NULL;
	field->value.data = text->data;
	field->value.size = end ? (size_t)(end - text->data) : text->size;
	skip(text, field->value.size);
	if (field->quoted)
		(void)take_literal(text, "\"");
}

bool audit_field_take(struct slice *text, struct audit_field *ret_field)
{
	while (text->size > 0) {
		size_t i = 0;

		while (i < text->size && text->data[i] != '=' && text->data[i] != ' ')
			i++;
		ret_field->name = (struct slice){ text->data, i };
		skip(text, i);
		if (take_literal(text, "=")) {
			take_value(text, ret_field);
			return true;
		}
		(void)take_literal(text, " ");
	}
	return false;
}

/* No string of the kernel holds a NUL. */
ssize_t audit_string_add(const struct audit_field *field, size_t room, struct text *text)
{
	static const char *const unknown[] = { "(null)", "(none)", "?" };
	const struct slice value = field->value;
	size_t size = value.size / 2;
	char bytes[256];

	if (field->quoted && memchr(value.data, '\0', value.size))
		return -EINVAL;
	if (field->quoted) {
		text_add_bytes(text, value.data, MIN(value.size, room));
		return (ssize_t)value.size;
	}
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		if (slice_eq(value, slice_of(unknown[i])))
			return -ENODATA;
	if (value.size % 2 != 0)
		return -EINVAL;
	for (size_t i = 0; i < size; i++)
		if (digit_of(value.data[2 * i]) > 15 || digit_of(value.data[2 * i + 1]) > 15 ||
		    (value.data[2 * i] == '0' && value.data[2 * i + 1] == '0'))
			return -EINVAL;
	for (size_t done = 0; done < MIN(size, room);) {
		size_t n = MIN(MIN(size, room) - done, sizeof(bytes));

		for (size_t i = 0; i < n; i++)
			bytes[i] = (char)(digit_of(value.data[2 * (done + i)]) << 4 |
					  digit_of(value.data[2 * (done + i) + 1]));
		text_add_bytes(text, bytes, n);
		done += n;
	}
	return (ssize_t)size;
}
