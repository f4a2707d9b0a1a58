// SPDX-License-Identifier: MIT
/*
 * An event as bytes: its length, type, source, then the known fields in the table's order. Each
 * field is a key (its number and how it is written) and a value: a varint, or a length and bytes.
 * A reader that does not know a number knows all the same where the field ends.
 *
 * Varints are little-endian groups of seven bits, as in Protocol Buffers; signed numbers are
 * folded so that small ones stay short.
 */
#include "model/event-codec.h"

enum wire { WIRE_NUMBER, WIRE_BYTES, WIRE_BITS = 1 };

/* What is left to read. `bad`: it ended early or makes no sense. */
struct input {
	const uint8_t *at, *end;
	bool bad;
};

static void put_number(struct text *text, uint64_t number)
{
	uint8_t bytes[10];
	size_t size = 0;

	for (; number >= 0x80; number >>= 7)
		bytes[size++] = (uint8_t)number | 0x80;
	bytes[size++] = (uint8_t)number;
	text_add_bytes(text, bytes, size);
}

static uint64_t get_number(struct input *input)
{
	uint64_t number = 0;

	for (unsigned shift = 0; shift < 64 && input->at < input->end; shift += 7) {
		uint8_t byte = *input->at++;

		if (shift == 63 && byte > 1)
			break;
		number |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return number;
	}
	input->bad = true;
	return 0;
}

static size_t number_size(uint64_t number)
{
	size_t size = 1;

	for (; number >= 0x80; number >>= 7)
		size++;
	return size;
}

static struct slice get_bytes(struct input *input)
{
	uint64_t size = get_number(input);
	struct slice bytes = { (const char *)input->at, 0 };

	if (input->bad || size > (uint64_t)(input->end - input->at)) {
		input->bad = true;
		return bytes;
	}
	bytes.size = size;
	input->at += size;
	return bytes;
}

static enum wire wire_of(enum event_kind kind)
{
	return kind == KIND_BYTES || kind == KIND_LIST || kind == KIND_ID ? WIRE_BYTES
									  : WIRE_NUMBER;
}

static void put_id(struct text *text, const struct process_id *id)
{
	put_number(text, number_size(id->boot) + number_size(id->pid) + number_size(id->start) +
				 number_size(id->exec));
	put_number(text, id->boot);
	put_number(text, id->pid);
	put_number(text, id->start);
	put_number(text, id->exec);
}

static void put_value(struct text *text, enum event_kind kind, const void *value)
{
	const struct slice *slice = value;
	int32_t number;

	switch (kind) {
	case KIND_U32:
	case KIND_FLAGS:
	case KIND_OCTAL:
		put_number(text, *(const uint32_t *)value);
		break;
	case KIND_U64:
	case KIND_TIME:
	case KIND_DEVICE:
	case KIND_CAPABILITIES:
		put_number(text, *(const uint64_t *)value);
		break;
	case KIND_I32:
		number = *(const int32_t *)value;
		put_number(text, ((uint32_t)number << 1) ^ (number < 0 ? UINT32_MAX : 0));
		break;
	case KIND_BYTES:
	case KIND_LIST:
		put_number(text, slice->size);
		text_add_bytes(text, slice->data, slice->size);
		break;
	case KIND_ID:
		put_id(text, value);
		break;
	}
}

int event_encode(const struct event *event, struct text *text)
{
	const uint32_t room = 0;
	size_t start = text->size;
	uint32_t size;

	text_add_bytes(text, &room, sizeof(room)); /* the length, when it is known */
	put_number(text, event->type);
	put_number(text, event->source);
	for (size_t i = 0; i < FIELDS; i++) {
		const struct event_field_info *info = &event_fields[i];

		if (!event_knows(event, i))
			continue;
		put_number(text, i << WIRE_BITS | wire_of(info->kind));
		put_value(text, info->kind, (const char *)event + info->offset);
	}
	if (text->failed)
		return -ENOMEM;
	size = text->size - start - sizeof(size);
	for (size_t i = 0; i < sizeof(size); i++)
		text->data[start + i] = (char)(size >> 8 * i);
	return 0;
}

static struct process_id get_id(struct slice bytes, bool *bad)
{
	struct input input = { (const uint8_t *)bytes.data,
			       (const uint8_t *)bytes.data + bytes.size, false };
	struct process_id id = { 0 };
	uint64_t boot = get_number(&input), pid = get_number(&input);

	id.start = get_number(&input);
	id.exec = get_number(&input);
	id.boot = boot;
	id.pid = pid;
	*bad = input.bad || input.at != input.end || boot > UINT32_MAX || pid > UINT32_MAX;
	return id;
}

/* A number into its field; false if it does not fit. */
static bool set_number(enum event_kind kind, void *value, uint64_t number)
{
	switch (kind) {
	case KIND_U32:
	case KIND_FLAGS:
	case KIND_OCTAL:
		*(uint32_t *)value = number;
		return number <= UINT32_MAX;
	case KIND_I32:
		*(int32_t *)value =
			(int32_t)((uint32_t)(number >> 1) ^ (number & 1 ? UINT32_MAX : 0));
		return number <= UINT32_MAX;
	default:
		*(uint64_t *)value = number;
		return true;
	}
}

static bool set_bytes(enum event_kind kind, void *value, struct slice bytes)
{
	bool bad = false;

	switch (kind) {
	case KIND_ID:
		*(struct process_id *)value = get_id(bytes, &bad);
		return !bad;
	case KIND_LIST:
		*(struct slice *)value = bytes;
		return !bytes.size || !bytes.data[bytes.size - 1];
	default:
		*(struct slice *)value = bytes;
		return !memchr(bytes.data, 0, bytes.size);
	}
}

static const char *get_field(struct input *input, struct event *event)
{
	uint64_t key = get_number(input), number = 0, field = key >> WIRE_BITS;
	enum wire wire = key & 1 ? WIRE_BYTES : WIRE_NUMBER;
	struct slice bytes = { 0 };
	void *value;

	if (wire == WIRE_BYTES)
		bytes = get_bytes(input);
	else
		number = get_number(input);
	if (input->bad)
		return "a field of it is not whole";
	if (field >= FIELDS)
		return NULL; /* of a later version */
	if (wire_of(event_fields[field].kind) != wire || event_knows(event, field))
		return "a field is not written as it must be, or twice";
	value = (char *)event + event_fields[field].offset;
	if (wire == WIRE_BYTES ? !set_bytes(event_fields[field].kind, value, bytes)
			       : !set_number(event_fields[field].kind, value, number))
		return "a field's value is out of its range";
	event_know(event, field);
	return NULL;
}

ssize_t event_decode(struct slice data, struct event *event, const char **why)
{
	const uint8_t *start = (const uint8_t *)data.data;
	struct input input;
	uint64_t type, source;
	uint32_t size = 0;

	if (data.size < sizeof(size))
		return 0;
	for (size_t i = 0; i < sizeof(size); i++)
		size |= (uint32_t)start[i] << 8 * i;
	if (size > data.size - sizeof(size))
		return 0;
	input = (struct input){ start + sizeof(size), start + sizeof(size) + size, false };
	type = get_number(&input);
	source = get_number(&input);
	*why = "its type or source is unknown";
	if (input.bad || type >= EVENT_TYPES || source >= SOURCES)
		return -EINVAL;
	event_init(event, type, source);
	while (input.at < input.end) {
		*why = get_field(&input, event);
		if (*why)
			return -EINVAL;
	}
	return (ssize_t)(sizeof(size) + size);
}
