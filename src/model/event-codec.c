// SPDX-License-Identifier: MIT
/*
 * An event as bytes: its length, type, source, then the known fields in the table's order. Each
 * field is a key (its number and how it is written) and a value: a varint, a length and bytes, or
 * where in the block such a length and bytes stand. A reader that does not know a number knows all
 * the same where the field ends.
 *
 * Varints are little-endian groups of seven bits, as in Protocol Buffers; signed numbers are
 * folded so that small ones stay short.
 */
#include "model/event-codec.h"

enum wire { WIRE_NUMBER, WIRE_BYTES, WIRE_AGAIN, WIRE_BITS = 2 };

enum {
	LENGTH = 4,	 /* of an event, in front of it */
	VARINT_MAX = 10, /* bytes */
	AGAIN_LEAST = 4, /* a shorter text is written once more */
};

/* ----- writing ----- */

static uint8_t *put_number(uint8_t *at, uint64_t number)
{
	for (; number >= 0x80; number >>= 7)
		*at++ = (uint8_t)number | 0x80;
	*at++ = (uint8_t)number;
	return at;
}

static enum wire wire_of(enum event_kind kind)
{
	return kind == KIND_BYTES || kind == KIND_LIST || kind == KIND_ID ? WIRE_BYTES
									  : WIRE_NUMBER;
}

static uint8_t *put_id(uint8_t *at, const struct process_id *id)
{
	uint8_t *size = at++;

	at = put_number(at, id->boot);
	at = put_number(at, id->pid);
	at = put_number(at, id->start);
	at = put_number(at, id->exec);
	*size = (uint8_t)(at - size - 1); /* 31 at most */
	return at;
}

static uint64_t number_of(enum event_kind kind, const void *value)
{
	switch (kind) {
	case KIND_U32:
	case KIND_FLAGS:
	case KIND_OCTAL:
		return *(const uint32_t *)value;
	case KIND_I32: {
		uint32_t number = *(const uint32_t *)value;

		return (uint32_t)(number << 1) ^ (number >> 31 ? UINT32_MAX : 0);
	}
	default:
		return *(const uint64_t *)value;
	}
}

static uint64_t word_at(const char *data)
{
	uint64_t word;

	memcpy(&word, data, sizeof(word));
	return word;
}

/* Of the ends, the middle and the size: what has these in common is compared, or written again. */
static uint32_t slot_of(const struct event_codec *codec, struct slice bytes)
{
	uint64_t hash = bytes.size * UINT64_C(0x9e3779b97f4a7c15);

	if (bytes.size >= 8) {
		hash ^= word_at(bytes.data) * UINT64_C(0xa0761d6478bd642f);
		hash = (hash ^ hash >> 29) + word_at(bytes.data + bytes.size - 8);
		hash = (hash ^ hash >> 31) * UINT64_C(0xe7037ed1a0b428db) +
		       word_at(bytes.data + (bytes.size - 8) / 2);
		hash *= UINT64_C(0x8ebc6af09c88c6e3);
	} else {
		for (size_t i = 0; i < bytes.size; i++)
			hash = (hash ^ (uint8_t)bytes.data[i]) * UINT64_C(0x100000001b3);
	}
	return (uint32_t)(hash >> 40) % ARRAY_SIZE(codec->recent);
}

/* A list whose last string lacks its NUL is given one. */
static size_t missing_end(enum event_kind kind, struct slice bytes)
{
	return kind == KIND_LIST && bytes.size > 0 && bytes.data[bytes.size - 1];
}

/* Does this text stand at that place of the block? */
static bool stands_at(const uint8_t *block, uint32_t place, struct slice bytes)
{
	uint8_t size[VARINT_MAX];
	size_t used = (size_t)(put_number(size, bytes.size) - size);

	return memcmp(block + place, size, used) == 0 &&
	       memcmp(block + place + used, bytes.data, bytes.size) == 0;
}

/* The block ends at `at`; there is room for the field behind it. */
static uint8_t *put_bytes(struct event_codec *codec, uint8_t *block, uint8_t *at, size_t field,
			  struct slice bytes)
{
	size_t missing = missing_end(event_fields[field].kind, bytes);
	uint32_t slot = 0, place;

	if (bytes.size >= AGAIN_LEAST && !missing) {
		slot = slot_of(codec, bytes);
		place = codec->recent[slot];
		if (place > 0 && (size_t)(at - block) - place >= bytes.size &&
		    stands_at(block, place - 1, bytes)) {
			at = put_number(at, field << WIRE_BITS | WIRE_AGAIN);
			return put_number(at, place - 1);
		}
	}
	at = put_number(at, field << WIRE_BITS | WIRE_BYTES);
	if (bytes.size >= AGAIN_LEAST && !missing)
		codec->recent[slot] = (uint32_t)(at - block) + 1;
	at = put_number(at, bytes.size + missing);
	if (bytes.size > 0)
		memcpy(at, bytes.data, bytes.size);
	at += bytes.size;
	if (missing)
		*at++ = '\0';
	return at;
}

static bool is_bytes(enum event_kind kind)
{
	return kind == KIND_BYTES || kind == KIND_LIST;
}

/* At most so many bytes will be written. */
static size_t bound(const struct event *event)
{
	size_t size = LENGTH + 2 * VARINT_MAX + FIELDS * 4 * VARINT_MAX;

	for (size_t i = 0; i < FIELDS; i++)
		if (is_bytes(event_fields[i].kind) && event_knows(event, i))
			size += ((const struct slice *)(const void *)((const char *)event +
								      event_fields[i].offset))
					->size +
				1;
	return size;
}

void event_codec_begin(struct event_codec *codec, const struct text *text)
{
	codec->start = text->size;
	memset(codec->recent, 0, sizeof(codec->recent));
}

int event_encode(struct event_codec *codec, const struct event *event, struct text *text)
{
	uint8_t *block, *start, *at;
	uint32_t size;

	if (!text_reserve(text, bound(event)))
		return -ENOMEM;
	block = (uint8_t *)text->data + codec->start;
	start = (uint8_t *)text->data + text->size;
	at = put_number(start + LENGTH, event->type);
	at = put_number(at, event->source);
	for (size_t word = 0; word < ARRAY_SIZE(event->known); word++) {
		for (uint64_t left = event->known[word]; left; left &= left - 1) {
			size_t field = word * 64 + (size_t)__builtin_ctzll(left);
			enum event_kind kind = event_fields[field].kind;
			const void *value = (const char *)event + event_fields[field].offset;

			if (is_bytes(kind)) {
				at = put_bytes(codec, block, at, field,
					       *(const struct slice *)value);
				continue;
			}
			at = put_number(at, field << WIRE_BITS | wire_of(kind));
			at = kind == KIND_ID ? put_id(at, value)
					     : put_number(at, number_of(kind, value));
		}
	}
	size = (uint32_t)(at - start - LENGTH);
	for (size_t i = 0; i < LENGTH; i++)
		start[i] = (uint8_t)(size >> 8 * i);
	*at = '\0';
	text->size = (size_t)((char *)at - text->data);
	return 0;
}

/* ----- reading ----- */

/* What is left to read. `bad`: it ended early or makes no sense. */
struct input {
	struct slice block;
	size_t at, end;
	bool bad;
};

static uint64_t get_number(struct input *input)
{
	uint64_t number = 0;

	for (unsigned shift = 0; shift < 64 && input->at < input->end; shift += 7) {
		uint8_t byte = (uint8_t)input->block.data[input->at++];

		if (shift == 63 && byte > 1)
			break;
		number |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return number;
	}
	input->bad = true;
	return 0;
}

static struct slice get_bytes(struct input *input)
{
	uint64_t size = get_number(input);
	struct slice bytes = { input->block.data + input->at, 0 };

	if (input->bad || size > input->end - input->at) {
		input->bad = true;
		return bytes;
	}
	bytes.size = size;
	input->at += size;
	return bytes;
}

/* Bytes that stand before this event, at a place of the block. */
static struct slice get_again(struct input *input)
{
	uint64_t place = get_number(input);
	struct input earlier = { input->block, place, input->at, place >= input->at };
	struct slice bytes = { 0 };

	if (!input->bad && !earlier.bad)
		bytes = get_bytes(&earlier);
	input->bad |= earlier.bad;
	return bytes;
}

static bool get_id(struct slice bytes, struct process_id *id)
{
	struct input input = { bytes, 0, bytes.size, false };
	uint64_t boot = get_number(&input), pid = get_number(&input);

	id->start = get_number(&input);
	id->exec = get_number(&input);
	id->boot = (uint32_t)boot;
	id->pid = (uint32_t)pid;
	return !input.bad && input.at == input.end && boot <= UINT32_MAX && pid <= UINT32_MAX;
}

/* A number into its field; false if it does not fit. */
static bool set_number(enum event_kind kind, void *value, uint64_t number)
{
	switch (kind) {
	case KIND_U32:
	case KIND_FLAGS:
	case KIND_OCTAL:
		*(uint32_t *)value = (uint32_t)number;
		return number <= UINT32_MAX;
	case KIND_I32:
		*(uint32_t *)value = (uint32_t)(number >> 1) ^ (number & 1 ? UINT32_MAX : 0);
		return number <= UINT32_MAX;
	default:
		*(uint64_t *)value = number;
		return true;
	}
}

static bool set_bytes(enum event_kind kind, void *value, struct slice bytes)
{
	switch (kind) {
	case KIND_ID:
		return get_id(bytes, value);
	case KIND_LIST:
		*(struct slice *)value = bytes;
		return bytes.size == 0 || !bytes.data[bytes.size - 1];
	default:
		*(struct slice *)value = bytes;
		return bytes.size == 0 || !memchr(bytes.data, 0, bytes.size);
	}
}

static const char *get_field(struct input *input, struct event *event)
{
	uint64_t key = get_number(input), number = 0, field = key >> WIRE_BITS;
	unsigned wire = key & ((1U << WIRE_BITS) - 1);
	struct slice bytes = { 0 };
	void *value;

	if (wire == WIRE_BYTES)
		bytes = get_bytes(input);
	else if (wire == WIRE_AGAIN)
		bytes = get_again(input);
	else
		number = get_number(input);
	if (input->bad)
		return "a field of it is not whole";
	if (field >= FIELDS)
		return NULL; /* of a later version */
	if (wire_of(event_fields[field].kind) != (wire == WIRE_NUMBER ? WIRE_NUMBER : WIRE_BYTES) ||
	    wire > WIRE_AGAIN || event_knows(event, field))
		return "a field is not written as it must be, or twice";
	value = (char *)event + event_fields[field].offset;
	if (wire == WIRE_NUMBER ? !set_number(event_fields[field].kind, value, number)
				: !set_bytes(event_fields[field].kind, value, bytes))
		return "a field's value is out of its range";
	event_know(event, field);
	return NULL;
}

size_t event_decode(struct slice block, size_t at, struct event *event, const char **ret_why)
{
	struct input input = { .block = block, .at = at + LENGTH };
	uint64_t type, source;
	uint32_t size = 0;

	if (at > block.size || block.size - at < LENGTH)
		return 0;
	for (size_t i = 0; i < LENGTH; i++)
		size |= (uint32_t)(uint8_t)block.data[at + i] << 8 * i;
	if (size > block.size - at - LENGTH)
		return 0;
	input.end = input.at + size;
	type = get_number(&input);
	source = get_number(&input);
	*ret_why = NULL;
	if (input.bad || type >= EVENT_TYPES || source >= SOURCES)
		*ret_why = "its type or source is of a later version";
	else
		event_init(event, type, source);
	while (!*ret_why && input.at < input.end)
		*ret_why = get_field(&input, event);
	return LENGTH + (size_t)size;
}
