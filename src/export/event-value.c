// SPDX-License-Identifier: MIT
/* One case a kind. Durations have their unit; other times since boot are seconds. */
#include "export/event-value.h"

#include "util/digits.h"
#include "util/units.h"

#include <sys/sysmacros.h>

static void add_number(struct text *text, uint64_t number)
{
	char digits[DIGITS_DECIMAL];

	text_add_bytes(text, digits, digits_decimal(number, digits));
}

static bool is_duration(enum event_field field)
{
	return field == FIELD_DURATION || field == FIELD_USER_TIME || field == FIELD_SYSTEM_TIME;
}

static void add_time(struct text *text, enum event_field field, uint64_t ns)
{
	char buffer[64];

	if (is_duration(field))
		text_add(text, format_duration(ns, buffer, sizeof(buffer)));
	else
		text_addf(text, "%llu.%06llu", (unsigned long long)(ns / 1000000000),
			  (unsigned long long)(ns % 1000000000 / 1000));
}

static void add_bits(struct text *text, uint64_t bits, const char *(*name)(unsigned))
{
	if (!bits)
		text_add(text, "-");
	for (bool first = true; bits; bits &= bits - 1, first = false) {
		unsigned bit = (unsigned)__builtin_ctzll(bits);
		const char *known = name(bit);

		if (!first)
			text_add(text, ",");
		if (known)
			text_add(text, known);
		else
			add_number(text, bit);
	}
}

static const char *flag_name(unsigned bit)
{
	return bit < FLAG_BITS ? event_flags[bit].name : NULL;
}

static const char *capability_name(unsigned bit)
{
	return bit < EVENT_CAPABILITIES ? event_capabilities[bit] : NULL;
}

void event_word_add(struct text *text, struct slice word)
{
	bool quote = word.size == 0;

	for (size_t i = 0; i < word.size && !quote; i++)
		quote = word.data[i] == ' ' || word.data[i] == '"' || word.data[i] == '\'';
	if (quote)
		text_add(text, memchr(word.data ? word.data : "", '"', word.size) ? "'" : "\"");
	text_add_escaped(text, word.data, word.size);
	if (quote)
		text_add(text, memchr(word.data ? word.data : "", '"', word.size) ? "'" : "\"");
}

void event_words_add(struct text *text, struct slice list, unsigned skip)
{
	bool first = true;

	for (size_t at = 0; at < list.size;) {
		struct slice word = { list.data + at, strnlen(list.data + at, list.size - at) };

		at += word.size + 1;
		if (skip > 0) {
			skip--;
			continue;
		}
		if (!first)
			text_add(text, " ");
		first = false;
		event_word_add(text, word);
	}
}

static void add_slice(struct text *text, enum event_kind kind, struct slice slice)
{
	if (slice.size == 0)
		text_add(text, "-");
	else if (kind == KIND_LIST)
		event_words_add(text, slice, 0);
	else
		text_add_escaped(text, slice.data, slice.size);
}

static void add_id(struct text *text, const struct process_id *id)
{
	char buffer[PROCESS_ID_TEXT];

	text_add_bytes(text, buffer, process_id_format(id, buffer));
}

void event_value_add(struct text *text, const struct event *event, enum event_field field)
{
	const void *value = (const char *)event + event_fields[field].offset;
	enum event_kind kind = event_fields[field].kind;

	if (!event_knows(event, field)) {
		text_add(text, "-");
		return;
	}
	switch (kind) {
	case KIND_U32:
		add_number(text, *(const uint32_t *)value);
		break;
	case KIND_U64:
		add_number(text, *(const uint64_t *)value);
		break;
	case KIND_I32:
		text_addf(text, "%d", *(const int32_t *)value);
		break;
	case KIND_TIME:
		add_time(text, field, *(const uint64_t *)value);
		break;
	case KIND_BYTES:
	case KIND_LIST:
		add_slice(text, kind, *(const struct slice *)value);
		break;
	case KIND_ID:
		add_id(text, value);
		break;
	case KIND_FLAGS:
		add_bits(text, *(const uint32_t *)value, flag_name);
		break;
	case KIND_OCTAL:
		text_addf(text, "0%o", *(const uint32_t *)value);
		break;
	case KIND_DEVICE:
		text_addf(text, "%u:%u", major(*(const uint64_t *)value),
			  minor(*(const uint64_t *)value));
		break;
	case KIND_CAPABILITIES:
		add_bits(text, *(const uint64_t *)value, capability_name);
		break;
	}
}
