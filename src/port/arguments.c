// SPDX-License-Identifier: MIT
/*
 * Reading arguments. Nesting is bounded, sizes are bounded by the message's, and what is not of
 * its kind is refused whole: nothing is taken half.
 *
 * A list of small integers may come packed as a string of bytes, whatever it is a list of.
 */
#include "port/arguments.h"

#include <limits.h>

static enum argument_result read_integer(struct etf_reader *reader, enum argument_kind kind,
					 uint64_t *ret_number)
{
	int64_t value;

	if (kind == ARGUMENT_UINT64)
		return etf_read_uint(reader, ret_number) ? ARGUMENT_GOOD : ARGUMENT_BAD;
	if (!etf_read_int(reader, &value))
		return ARGUMENT_BAD;
	if (kind == ARGUMENT_INT && (value < INT32_MIN || value > INT32_MAX))
		return ARGUMENT_BAD;
	if (kind == ARGUMENT_UINT && (value < 0 || value > UINT32_MAX))
		return ARGUMENT_BAD;
	*ret_number = (uint64_t)value;
	return ARGUMENT_GOOD;
}

static enum argument_result read_constant(struct etf_reader *reader, enum constant_table table,
					  bool wide, uint64_t *ret_number)
{
	const char *name;
	size_t size;

	if (etf_peek(reader) != ETF_ATOM) {
		if (wide && etf_read_uint(reader, ret_number))
			return ARGUMENT_GOOD;
		return read_integer(reader, ARGUMENT_INT, ret_number);
	}
	if (!etf_read_atom(reader, &name, &size))
		return ARGUMENT_BAD;
	return constant_find(table, name, size, ret_number) ? ARGUMENT_GOOD : ARGUMENT_UNKNOWN;
}

static enum argument_result read_flags(struct etf_reader *reader, enum constant_table table,
				       uint64_t *ret_number)
{
	const uint8_t *bytes;
	size_t count;
	uint64_t flags = 0, flag = 0;

	if (etf_peek(reader) == ETF_INTEGER)
		return read_integer(reader, ARGUMENT_INT, ret_number);
	if (etf_read_string(reader, &bytes, &count)) {
		while (count--)
			flags |= bytes[count];
		*ret_number = flags;
		return ARGUMENT_GOOD;
	}
	if (!etf_read_list(reader, &count))
		return ARGUMENT_BAD;
	while (count--) {
		enum argument_result result = read_constant(reader, table, false, &flag);

		if (result != ARGUMENT_GOOD)
			return result;
		flags |= flag;
	}
	if (!etf_read_nil(reader))
		return ARGUMENT_BAD;
	*ret_number = flags;
	return ARGUMENT_GOOD;
}

/* Puts the iolist's bytes at `at` (NULL: only counts them) + *size. */
static bool flatten(struct etf_reader *reader, unsigned depth, uint8_t *at, size_t *size)
{
	const uint8_t *data;
	size_t count;
	int64_t byte;

	if (etf_read_binary(reader, &data, &count) || etf_read_string(reader, &data, &count)) {
		if (at && count)
			memcpy(at + *size, data, count);
		*size += count;
		return true;
	}
	if (depth >= IOLIST_DEPTH || !etf_read_list(reader, &count))
		return false;
	for (; count; count--) {
		if (etf_peek(reader) != ETF_INTEGER) {
			if (!flatten(reader, depth + 1, at, size))
				return false;
			continue;
		}
		if (!etf_read_int(reader, &byte) || byte < 0 || byte > UINT8_MAX)
			return false;
		if (at)
			at[*size] = (uint8_t)byte;
		(*size)++;
	}
	/* Erlang's iolists may end with a binary. */
	if (etf_peek(reader) == ETF_BINARY)
		return flatten(reader, depth, at, size);
	return etf_read_nil(reader);
}

static enum argument_result read_bytes(struct etf_reader *reader, struct arena *arena,
				       const uint8_t **ret_bytes, size_t *ret_size)
{
	struct etf_reader counting = *reader;
	size_t size = 0;
	uint8_t *copy;

	if (etf_read_binary(reader, ret_bytes, ret_size) ||
	    etf_read_string(reader, ret_bytes, ret_size))
		return ARGUMENT_GOOD;
	if (!flatten(&counting, 0, NULL, &size))
		return ARGUMENT_BAD;
	copy = arena_take(arena, size);
	if (!copy)
		return ARGUMENT_NO_MEMORY;
	*ret_size = 0;
	(void)flatten(reader, 0, copy, ret_size);
	*ret_bytes = copy;
	return ARGUMENT_GOOD;
}

static enum argument_result read_text(struct etf_reader *reader, struct arena *arena,
				      size_t size_max, char **ret_text)
{
	const uint8_t *bytes;
	size_t size;
	enum argument_result result = read_bytes(reader, arena, &bytes, &size);
	char *text;

	if (result != ARGUMENT_GOOD)
		return result;
	while (size && !bytes[size - 1])
		size--;
	if (size > size_max || (size && memchr(bytes, 0, size)))
		return ARGUMENT_BAD;
	text = arena_take(arena, size + 1);
	if (!text)
		return ARGUMENT_NO_MEMORY;
	if (size)
		memcpy(text, bytes, size);
	*ret_text = text;
	return ARGUMENT_GOOD;
}

static enum argument_result read_strings(struct etf_reader *reader, struct arena *arena,
					 char ***ret_strings)
{
	size_t count;
	char **strings;

	if (!etf_read_list(reader, &count))
		return ARGUMENT_BAD;
	if (!count) {
		*ret_strings = NULL;
		return etf_read_nil(reader) ? ARGUMENT_GOOD : ARGUMENT_BAD;
	}
	strings = arena_take(arena, (count + 1) * sizeof(*strings));
	if (!strings)
		return ARGUMENT_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		enum argument_result result = read_text(reader, arena, SIZE_MAX, &strings[i]);

		if (result != ARGUMENT_GOOD)
			return result;
	}
	*ret_strings = strings;
	return etf_read_nil(reader) ? ARGUMENT_GOOD : ARGUMENT_BAD;
}

static enum argument_result read_numbers(struct etf_reader *reader, struct arena *arena,
					 struct argument *argument)
{
	const uint8_t *bytes = NULL;
	size_t count;
	uint64_t number;

	if (!etf_read_string(reader, &bytes, &count) && !etf_read_list(reader, &count))
		return ARGUMENT_BAD;
	argument->numbers = arena_take(arena, (count + 1) * sizeof(*argument->numbers));
	if (!argument->numbers)
		return ARGUMENT_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		if (bytes)
			number = bytes[i];
		else if (read_integer(reader, ARGUMENT_UINT, &number) != ARGUMENT_GOOD)
			return ARGUMENT_BAD;
		argument->numbers[i] = (uint32_t)number;
	}
	argument->count = count;
	return bytes || etf_read_nil(reader) ? ARGUMENT_GOOD : ARGUMENT_BAD;
}

/* {Name, Integer, Integer} */
static enum argument_result read_record(struct etf_reader *reader, const char *name,
					uint64_t pair[2])
{
	const char *tag;
	size_t arity, size;

	if (!etf_read_tuple(reader, &arity) || arity != 3 || !etf_read_atom(reader, &tag, &size) ||
	    size != strlen(name) || memcmp(tag, name, size) != 0 ||
	    !etf_read_uint(reader, &pair[0]) || !etf_read_uint(reader, &pair[1]))
		return ARGUMENT_BAD;
	return ARGUMENT_GOOD;
}

static enum argument_result read_atom(struct etf_reader *reader, struct arena *arena,
				      char **ret_text)
{
	const char *name;
	size_t size;
	char *text;

	if (!etf_read_atom(reader, &name, &size) || memchr(name, 0, size))
		return ARGUMENT_BAD;
	text = arena_take(arena, size + 1);
	if (!text)
		return ARGUMENT_NO_MEMORY;
	memcpy(text, name, size);
	*ret_text = text;
	return ARGUMENT_GOOD;
}

static enum argument_result read_handler(struct etf_reader *reader, struct arena *arena,
					 char **ret_text)
{
	const uint8_t *bytes;
	size_t size;

	*ret_text = NULL;
	if (etf_read_nil(reader))
		return ARGUMENT_GOOD;
	if (etf_read_binary(reader, &bytes, &size))
		return size ? ARGUMENT_BAD : ARGUMENT_GOOD;
	return read_atom(reader, arena, ret_text);
}

static enum argument_result read_time(struct etf_reader *reader, struct argument *argument)
{
	argument->given = !etf_read_nil(reader);
	return argument->given ? read_record(reader, "alcove_timeval", argument->pair)
			       : ARGUMENT_GOOD;
}

enum argument_result argument_read(struct etf_reader *reader, const struct parameter *parameter,
				   struct arena *arena, struct argument *ret_argument)
{
	struct argument *a = ret_argument;

	*a = (struct argument){ 0 };
	switch (parameter->kind) {
	case ARGUMENT_INT:
	case ARGUMENT_UINT:
	case ARGUMENT_INT64:
	case ARGUMENT_UINT64:
		return read_integer(reader, parameter->kind, &a->number);
	case ARGUMENT_ATOM:
		return read_atom(reader, arena, &a->text);
	case ARGUMENT_CONST:
		return read_constant(reader, parameter->table, false, &a->number);
	case ARGUMENT_CONST64:
		return read_constant(reader, parameter->table, true, &a->number);
	case ARGUMENT_FLAGS:
		return read_flags(reader, parameter->table, &a->number);
	case ARGUMENT_BYTES:
		return read_bytes(reader, arena, &a->bytes, &a->size);
	case ARGUMENT_STRING:
		return read_text(reader, arena, SIZE_MAX, &a->text);
	case ARGUMENT_PATH:
		return read_text(reader, arena, PATH_MAX - 1, &a->text);
	case ARGUMENT_STRINGS:
		return read_strings(reader, arena, &a->strings);
	case ARGUMENT_NUMBERS:
		return read_numbers(reader, arena, a);
	case ARGUMENT_RLIMIT:
		return read_record(reader, "alcove_rlimit", a->pair);
	case ARGUMENT_TIME:
		return read_time(reader, a);
	case ARGUMENT_HANDLER:
		return read_handler(reader, arena, &a->text);
	case ARGUMENT_STRUCT:
	case ARGUMENT_MEMORY:
		return memory_read(reader, parameter, arena, &a->memory);
	}
	return ARGUMENT_BAD;
}
