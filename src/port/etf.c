// SPDX-License-Identifier: MIT
/*
 * The external term format. All integers in it are big-endian. Every read checks what is left of
 * the message before it looks, and moves on only after a whole item; nesting is counted, never
 * recursed into, so that no message can exhaust the stack.
 */
#include "port/etf.h"

#include <ctype.h>

enum tag {
	TAG_SMALL_INTEGER = 97,
	TAG_INTEGER = 98,
	TAG_ATOM = 100,
	TAG_SMALL_TUPLE = 104,
	TAG_LARGE_TUPLE = 105,
	TAG_NIL = 106,
	TAG_STRING = 107,
	TAG_LIST = 108,
	TAG_BINARY = 109,
	TAG_SMALL_BIG = 110,
	TAG_LARGE_BIG = 111,
	TAG_SMALL_ATOM = 115,
	TAG_ATOM_UTF8 = 118,
	TAG_SMALL_ATOM_UTF8 = 119,
};

static size_t left(const struct etf_reader *reader)
{
	return (size_t)(reader->end - reader->at);
}

static uint32_t big_endian(const uint8_t *at, size_t width)
{
	uint32_t value = 0;

	for (size_t i = 0; i < width; i++)
		value = value << 8 | at[i];
	return value;
}

enum etf_kind etf_peek(const struct etf_reader *reader)
{
	if (!left(reader))
		return ETF_NONE;
	switch (*reader->at) {
	case TAG_SMALL_INTEGER:
	case TAG_INTEGER:
	case TAG_SMALL_BIG:
	case TAG_LARGE_BIG:
		return ETF_INTEGER;
	case TAG_ATOM:
	case TAG_SMALL_ATOM:
	case TAG_ATOM_UTF8:
	case TAG_SMALL_ATOM_UTF8:
		return ETF_ATOM;
	case TAG_SMALL_TUPLE:
	case TAG_LARGE_TUPLE:
		return ETF_TUPLE;
	case TAG_NIL:
		return ETF_NIL;
	case TAG_STRING:
		return ETF_STRING;
	case TAG_LIST:
		return ETF_LIST;
	case TAG_BINARY:
		return ETF_BINARY;
	default:
		return ETF_NONE;
	}
}

bool etf_read_version(struct etf_reader *reader)
{
	if (!left(reader) || *reader->at != ETF_VERSION)
		return false;
	reader->at++;
	return true;
}

/* A sign and a magnitude: what the two readers of integers share. */
struct number {
	bool negative;
	uint64_t magnitude;
};

static bool read_big(struct etf_reader *reader, size_t width, struct number *ret_number)
{
	const uint8_t *at = reader->at;
	size_t count;

	if (left(reader) < 1 + width + 1)
		return false;
	count = big_endian(at + 1, width);
	at += 1 + width + 1;
	if ((size_t)(reader->end - at) < count)
		return false;
	ret_number->negative = at[-1] != 0;
	ret_number->magnitude = 0;
	for (size_t i = 0; i < count; i++) {
		if (i >= 8 && at[i])
			return false;
		if (i < 8)
			ret_number->magnitude |= (uint64_t)at[i] << (8 * i);
	}
	reader->at = at + count;
	return true;
}

static bool read_number(struct etf_reader *reader, struct number *ret_number)
{
	int32_t value;

	if (!left(reader))
		return false;
	switch (*reader->at) {
	case TAG_SMALL_INTEGER:
		if (left(reader) < 2)
			return false;
		*ret_number = (struct number){ false, reader->at[1] };
		reader->at += 2;
		return true;
	case TAG_INTEGER:
		if (left(reader) < 5)
			return false;
		value = (int32_t)big_endian(reader->at + 1, 4);
		ret_number->negative = value < 0;
		ret_number->magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
		reader->at += 5;
		return true;
	case TAG_SMALL_BIG:
		return read_big(reader, 1, ret_number);
	case TAG_LARGE_BIG:
		return read_big(reader, 4, ret_number);
	default:
		return false;
	}
}

bool etf_read_int(struct etf_reader *reader, int64_t *ret_value)
{
	struct etf_reader was = *reader;
	struct number number;

	if (!read_number(reader, &number) ||
	    number.magnitude > (uint64_t)INT64_MAX + number.negative) {
		*reader = was;
		return false;
	}
	*ret_value = (int64_t)(number.negative ? -number.magnitude : number.magnitude);
	return true;
}

bool etf_read_uint(struct etf_reader *reader, uint64_t *ret_value)
{
	struct etf_reader was = *reader;
	struct number number;

	if (!read_number(reader, &number) || (number.negative && number.magnitude)) {
		*reader = was;
		return false;
	}
	*ret_value = number.magnitude;
	return true;
}

/* A tag, a length of `width` bytes, and that many bytes. */
static bool read_block(struct etf_reader *reader, size_t width, const uint8_t **ret_data,
		       size_t *ret_size)
{
	size_t size;

	if (left(reader) < 1 + width)
		return false;
	size = big_endian(reader->at + 1, width);
	if (left(reader) - 1 - width < size)
		return false;
	*ret_data = reader->at + 1 + width;
	*ret_size = size;
	reader->at += 1 + width + size;
	return true;
}

bool etf_read_string(struct etf_reader *reader, const uint8_t **ret_data, size_t *ret_size)
{
	return etf_peek(reader) == ETF_STRING && read_block(reader, 2, ret_data, ret_size);
}

bool etf_read_binary(struct etf_reader *reader, const uint8_t **ret_data, size_t *ret_size)
{
	return etf_peek(reader) == ETF_BINARY && read_block(reader, 4, ret_data, ret_size);
}

bool etf_read_atom(struct etf_reader *reader, const char **ret_name, size_t *ret_size)
{
	const uint8_t *data;
	size_t size, width;
	struct etf_reader was = *reader;

	if (etf_peek(reader) != ETF_ATOM)
		return false;
	width = *reader->at == TAG_ATOM || *reader->at == TAG_ATOM_UTF8 ? 2 : 1;
	if (!read_block(reader, width, &data, &size))
		return false;
	if (size > ETF_ATOM_MAX) {
		*reader = was;
		return false;
	}
	*ret_name = (const char *)data;
	*ret_size = size;
	return true;
}

/* A tag and a count of `width` bytes. Each element is at least a byte: more cannot be there. */
static bool read_count(struct etf_reader *reader, size_t width, size_t *ret_count)
{
	size_t count;

	if (left(reader) < 1 + width)
		return false;
	count = big_endian(reader->at + 1, width);
	if (count > left(reader) - 1 - width)
		return false;
	*ret_count = count;
	reader->at += 1 + width;
	return true;
}

bool etf_read_tuple(struct etf_reader *reader, size_t *ret_arity)
{
	if (etf_peek(reader) != ETF_TUPLE)
		return false;
	return read_count(reader, *reader->at == TAG_LARGE_TUPLE ? 4 : 1, ret_arity);
}

bool etf_read_nil(struct etf_reader *reader)
{
	if (etf_peek(reader) != ETF_NIL)
		return false;
	reader->at++;
	return true;
}

bool etf_read_list(struct etf_reader *reader, size_t *ret_count)
{
	if (etf_peek(reader) == ETF_LIST)
		return read_count(reader, 4, ret_count);
	if (etf_peek(reader) != ETF_NIL)
		return false;
	/* The NIL stays: it is the tail of the list of none. */
	*ret_count = 0;
	return true;
}

bool etf_skip(struct etf_reader *reader)
{
	struct etf_reader at = *reader;
	struct number number;
	const uint8_t *data;
	const char *name;
	size_t size, wanted = 1;

	for (; wanted; wanted--) {
		bool good = false;

		switch (etf_peek(&at)) {
		case ETF_INTEGER:
			good = read_number(&at, &number);
			break;
		case ETF_ATOM:
			good = etf_read_atom(&at, &name, &size);
			break;
		case ETF_NIL:
			good = etf_read_nil(&at);
			break;
		case ETF_STRING:
			good = etf_read_string(&at, &data, &size);
			break;
		case ETF_BINARY:
			good = etf_read_binary(&at, &data, &size);
			break;
		case ETF_TUPLE:
			good = etf_read_tuple(&at, &size);
			wanted += good ? size : 0;
			break;
		case ETF_LIST:
			good = etf_read_list(&at, &size);
			wanted += good ? size + 1 : 0;
			break;
		case ETF_NONE:
			break;
		}
		if (!good)
			return false;
	}
	*reader = at;
	return true;
}

void etf_writer_init(struct etf_writer *writer, void *buffer, size_t room, size_t limit)
{
	*writer = (struct etf_writer){ .data = buffer, .room = room, .limit = limit };
}

void etf_writer_done(struct etf_writer *writer)
{
	free(writer->heap);
	*writer = (struct etf_writer){ .failed = true };
}

static bool writer_grow(struct etf_writer *writer, size_t more)
{
	size_t room = writer->room;
	uint8_t *heap;

	if (writer->failed || more > writer->limit || writer->size > writer->limit - more)
		goto failed;
	while (room < writer->size + more)
		room *= 2;
	heap = realloc(writer->heap, room);
	if (!heap)
		goto failed;
	if (!writer->heap)
		memcpy(heap, writer->data, writer->size);
	writer->heap = writer->data = heap;
	writer->room = room;
	return true;
failed:
	writer->failed = true;
	return false;
}

static uint8_t *writer_take(struct etf_writer *writer, size_t size)
{
	uint8_t *at;

	if (writer->failed || (writer->room - writer->size < size && !writer_grow(writer, size)))
		return NULL;
	at = writer->data + writer->size;
	writer->size += size;
	return at;
}

void etf_put_raw(struct etf_writer *writer, const void *data, size_t size)
{
	uint8_t *at = writer_take(writer, size);

	if (at && size)
		memcpy(at, data, size);
}

/* A tag and a big-endian number of `width` bytes. */
static void put_tagged(struct etf_writer *writer, enum tag tag, uint32_t value, size_t width)
{
	uint8_t *at = writer_take(writer, 1 + width);

	if (!at)
		return;
	*at++ = (uint8_t)tag;
	while (width--)
		*at++ = (uint8_t)(value >> (8 * width));
}

void etf_restart(struct etf_writer *writer)
{
	writer->size = 1;
	writer->failed = false;
}

void etf_put_version(struct etf_writer *writer)
{
	uint8_t version = ETF_VERSION;

	etf_put_raw(writer, &version, 1);
}

static void put_big(struct etf_writer *writer, bool negative, uint64_t magnitude)
{
	uint8_t bytes[3 + 8] = { TAG_SMALL_BIG, 0, negative };
	size_t count = 0;

	for (; magnitude; magnitude >>= 8)
		bytes[3 + count++] = (uint8_t)magnitude;
	bytes[1] = (uint8_t)count;
	etf_put_raw(writer, bytes, 3 + count);
}

void etf_put_uint(struct etf_writer *writer, uint64_t value)
{
	if (value <= UINT8_MAX)
		put_tagged(writer, TAG_SMALL_INTEGER, (uint32_t)value, 1);
	else if (value <= INT32_MAX)
		put_tagged(writer, TAG_INTEGER, (uint32_t)value, 4);
	else
		put_big(writer, false, value);
}

void etf_put_int(struct etf_writer *writer, int64_t value)
{
	if (value >= 0)
		etf_put_uint(writer, (uint64_t)value);
	else if (value >= INT32_MIN)
		put_tagged(writer, TAG_INTEGER, (uint32_t)value, 4);
	else
		put_big(writer, true, -(uint64_t)value);
}

void etf_put_atom(struct etf_writer *writer, const char *name)
{
	size_t size = strlen(name);

	put_tagged(writer, TAG_SMALL_ATOM_UTF8, (uint32_t)size, 1);
	etf_put_raw(writer, name, size);
}

void etf_put_atom_lower(struct etf_writer *writer, const char *name)
{
	size_t size = strlen(name);
	uint8_t *at;

	put_tagged(writer, TAG_SMALL_ATOM_UTF8, (uint32_t)size, 1);
	at = writer_take(writer, size);
	for (size_t i = 0; at && i < size; i++)
		at[i] = (uint8_t)tolower((unsigned char)name[i]);
}

uint8_t *etf_put_binary_room(struct etf_writer *writer, size_t size)
{
	put_tagged(writer, TAG_BINARY, (uint32_t)size, 4);
	return writer_take(writer, size);
}

void etf_put_binary(struct etf_writer *writer, const void *data, size_t size)
{
	uint8_t *at = etf_put_binary_room(writer, size);

	if (at && size)
		memcpy(at, data, size);
}

void etf_shrink_binary(struct etf_writer *writer, uint8_t *at, size_t size)
{
	writer->size = (size_t)(at - writer->data) + size;
	for (int i = 0; i < 4; i++)
		at[-1 - i] = (uint8_t)(size >> (8 * i));
}

void etf_put_tuple(struct etf_writer *writer, size_t arity)
{
	if (arity <= UINT8_MAX)
		put_tagged(writer, TAG_SMALL_TUPLE, (uint32_t)arity, 1);
	else
		put_tagged(writer, TAG_LARGE_TUPLE, (uint32_t)arity, 4);
}

void etf_put_list(struct etf_writer *writer, size_t count)
{
	if (count)
		put_tagged(writer, TAG_LIST, (uint32_t)count, 4);
}

void etf_put_nil(struct etf_writer *writer)
{
	uint8_t nil = TAG_NIL;

	etf_put_raw(writer, &nil, 1);
}

size_t etf_open_list(struct etf_writer *writer)
{
	size_t opened = writer->size;

	put_tagged(writer, TAG_LIST, 0, 4);
	return opened;
}

void etf_close_list(struct etf_writer *writer, size_t opened, size_t count)
{
	if (writer->failed)
		return;
	if (!count)
		writer->size = opened;
	for (int i = 0; count && i < 4; i++)
		writer->data[opened + 4 - (size_t)i] = (uint8_t)(count >> (8 * i));
	etf_put_nil(writer);
}
