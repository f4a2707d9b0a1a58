// SPDX-License-Identifier: MIT
/*
 * Structures for the kernel, member by member: bytes as they are, {ptr, Size} for memory of that
 * size, {ptr, Bytes} for memory with these bytes. What the kernel wrote is told in the same form.
 *
 * Bytes of a message are never handed out for writing: they are copied first.
 */
#include "port/arguments.h"

static void *copy_bytes(struct arena *arena, const void *data, size_t size)
{
	void *copy = arena_take(arena, size + 1);

	if (copy && size)
		memcpy(copy, data, size);
	return copy;
}

/* {ptr, Size} or {ptr, Bytes} */
static enum argument_result read_pointer(struct etf_reader *reader, struct arena *arena,
					 struct memory_member *member)
{
	const uint8_t *bytes = NULL;
	const char *name;
	size_t arity, size;
	uint64_t number;

	if (!etf_read_tuple(reader, &arity) || arity != 2 || !etf_read_atom(reader, &name, &size) ||
	    size != 3 || memcmp(name, "ptr", 3) != 0)
		return ARGUMENT_BAD;
	if (etf_read_binary(reader, &bytes, &size))
		number = size;
	else if (!etf_read_uint(reader, &number) || number > STRUCT_SIZE)
		return ARGUMENT_BAD;
	member->pointer = true;
	member->size = (size_t)number;
	if (!number)
		return ARGUMENT_GOOD;
	member->data = bytes ? copy_bytes(arena, bytes, size) : arena_take(arena, (size_t)number);
	return member->data ? ARGUMENT_GOOD : ARGUMENT_NO_MEMORY;
}

static enum argument_result read_member(struct etf_reader *reader, struct arena *arena,
					struct memory_member *member)
{
	const uint8_t *bytes;

	if (etf_peek(reader) == ETF_TUPLE)
		return read_pointer(reader, arena, member);
	if (!etf_read_binary(reader, &bytes, &member->size))
		return ARGUMENT_BAD;
	member->data = copy_bytes(arena, bytes, member->size);
	return member->data ? ARGUMENT_GOOD : ARGUMENT_NO_MEMORY;
}

static size_t member_width(const struct memory_member *member)
{
	return member->pointer ? sizeof(void *) : member->size;
}

/* Puts the members one after the other; from then on bytes lie there, pointers elsewhere. */
static enum argument_result lay_out(struct memory *memory, struct arena *arena)
{
	uint8_t *at;

	for (size_t i = 0; i < memory->count; i++)
		memory->size += member_width(&memory->members[i]);
	if (memory->size > STRUCT_SIZE)
		return ARGUMENT_BAD;
	at = memory->data = arena_take(arena, memory->size + 1);
	if (!at)
		return ARGUMENT_NO_MEMORY;
	for (size_t i = 0; i < memory->count; i++) {
		struct memory_member *member = &memory->members[i];

		if (member->pointer) {
			memcpy(at, &member->data, sizeof(void *));
		} else {
			memcpy(at, member->data, member->size);
			member->data = at;
		}
		at += member_width(member);
	}
	return ARGUMENT_GOOD;
}

static enum argument_result read_struct(struct etf_reader *reader, struct arena *arena,
					struct memory *memory)
{
	enum argument_result result;

	if (!etf_read_list(reader, &memory->count))
		return ARGUMENT_BAD;
	if (!memory->count)
		return etf_read_nil(reader) ? ARGUMENT_GOOD : ARGUMENT_BAD;
	if (memory->count > STRUCT_MEMBERS)
		return ARGUMENT_BAD;
	memory->kind = MEMORY_STRUCT;
	memory->members = arena_take(arena, memory->count * sizeof(*memory->members));
	if (!memory->members)
		return ARGUMENT_NO_MEMORY;
	for (size_t i = 0; i < memory->count; i++) {
		result = read_member(reader, arena, &memory->members[i]);
		if (result != ARGUMENT_GOOD)
			return result;
	}
	if (!etf_read_nil(reader))
		return ARGUMENT_BAD;
	return lay_out(memory, arena);
}

static enum argument_result read_scalar(struct etf_reader *reader, enum constant_table table,
					struct memory *memory)
{
	const char *name;
	size_t size;
	int64_t value;

	memory->kind = MEMORY_NUMBER;
	if (etf_read_atom(reader, &name, &size))
		return constant_find(table, name, size, &memory->number) ? ARGUMENT_GOOD
									 : ARGUMENT_UNKNOWN;
	if (etf_read_uint(reader, &memory->number))
		return ARGUMENT_GOOD;
	if (!etf_read_int(reader, &value))
		return ARGUMENT_BAD;
	memory->number = (uint64_t)value;
	memory->negative = true;
	return ARGUMENT_GOOD;
}

enum argument_result memory_read(struct etf_reader *reader, const struct parameter *parameter,
				 struct arena *arena, struct memory **ret_memory)
{
	struct memory *memory = arena_take(arena, sizeof(*memory));
	const uint8_t *bytes;
	enum etf_kind kind = etf_peek(reader);

	if (!memory)
		return ARGUMENT_NO_MEMORY;
	*ret_memory = memory;
	if (kind == ETF_LIST || kind == ETF_NIL)
		return read_struct(reader, arena, memory);
	if (parameter->kind != ARGUMENT_MEMORY)
		return ARGUMENT_BAD;
	if (kind == ETF_INTEGER || kind == ETF_ATOM)
		return read_scalar(reader, parameter->table, memory);
	if (!etf_read_binary(reader, &bytes, &memory->size))
		return ARGUMENT_BAD;
	memory->kind = MEMORY_BYTES;
	memory->data = copy_bytes(arena, bytes, memory->size);
	return memory->data ? ARGUMENT_GOOD : ARGUMENT_NO_MEMORY;
}

unsigned long memory_address(const struct memory *memory)
{
	switch (memory->kind) {
	case MEMORY_NUMBER:
		return (unsigned long)memory->number;
	case MEMORY_BYTES:
	case MEMORY_STRUCT:
		return (unsigned long)(uintptr_t)memory->data;
	case MEMORY_NONE:
		break;
	}
	return 0;
}

static void put_struct(struct etf_writer *writer, const struct memory *memory)
{
	static const uint8_t null[sizeof(void *)];

	etf_put_list(writer, memory->count);
	for (size_t i = 0; i < memory->count; i++) {
		const struct memory_member *member = &memory->members[i];

		if (member->pointer && !member->data) {
			etf_put_binary(writer, null, sizeof(null));
			continue;
		}
		if (member->pointer) {
			etf_put_tuple(writer, 2);
			etf_put_atom(writer, "ptr");
		}
		etf_put_binary(writer, member->data, member->size);
	}
	etf_put_nil(writer);
}

void memory_put(struct etf_writer *writer, const struct memory *memory)
{
	switch (memory->kind) {
	case MEMORY_NUMBER:
		if (memory->negative)
			etf_put_int(writer, (int64_t)memory->number);
		else
			etf_put_uint(writer, memory->number);
		break;
	case MEMORY_BYTES:
		etf_put_binary(writer, memory->data, memory->size);
		break;
	case MEMORY_STRUCT:
	case MEMORY_NONE:
		put_struct(writer, memory);
		break;
	}
}
