// SPDX-License-Identifier: MIT
/*
 * This is done for every execution of a machine, so it is written by hand: keys are prepared, room
 * is asked for once a value, clean text is copied eight bytes at a time, and the date is made once
 * a second.
 *
 * Every key has its comma in front. The comma of the first member becomes the brace.
 */
#include "export/event-json.h"

#include "util/digits.h"

#include <sys/sysmacros.h>

/* Room that is there for every value: key, object, number, and what ends them. */
enum { FIXED = 192 };

/* Where the next byte goes. Holds a text's pointers while nobody else adds to it. */
struct out {
	struct text *text;
	char *at, *end;
};

static bool make_room(struct out *out, size_t size)
{
	out->text->size = (size_t)(out->at - out->text->data);
	if (!text_reserve(out->text, size))
		return false;
	out->at = out->text->data + out->text->size;
	out->end = out->text->data + out->text->room;
	return true;
}

static inline bool room(struct out *out, size_t size)
{
	return (size_t)(out->end - out->at) > size || make_room(out, size);
}

static void put(struct out *out, const char *data, size_t size)
{
	memcpy(out->at, data, size);
	out->at += size;
}

#define PUT(out, literal) put(out, literal, sizeof(literal) - 1)

/* A key, of which all its room is copied: that takes three moves. */
static void put_key(struct out *out, const struct event_json_key *key)
{
	memcpy(out->at, key->text, sizeof(key->text));
	out->at += key->size;
}

/* Vectors of GCC and clang, which every processor has something for. */
typedef int8_t bytes16 __attribute__((vector_size(16)));
typedef int8_t bytes8 __attribute__((vector_size(8)));
typedef uint64_t words2 __attribute__((vector_size(16)));
typedef uint64_t words1 __attribute__((vector_size(8)));

/* All ones where a byte cannot stand in JSON as it is: '"', '\\', DEL, C0, and not ASCII
 * (negative). */
#define UNCLEAN(v) (((v) < 0x20) | ((v) == '"') | ((v) == '\\') | ((v) == 0x7f))

static bool copy16(char *to, const char *from)
{
	bytes16 v;
	words2 found;

	memcpy(&v, from, 16);
	memcpy(to, &v, 16);
	found = (words2)UNCLEAN(v);
	return (found[0] | found[1]) == 0;
}

static bool copy8(char *to, const char *from)
{
	bytes8 v;

	memcpy(&v, from, 8);
	memcpy(to, &v, 8);
	return ((words1)UNCLEAN(v))[0] == 0;
}

static bool is_clean(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* 4 to 7 bytes as one word, the middle ones twice. */
static bool copy_few(char *to, const char *from, size_t size)
{
	char both[8], same[8];

	memcpy(both, from, 4);
	memcpy(both + 4, from + size - 4, 4);
	memcpy(to, both, 4);
	memcpy(to + size - 4, both + 4, 4);
	return copy8(same, both);
}

/* Copies all if it needs no change; what was copied otherwise means nothing. */
static bool copy_all(char *to, const char *from, size_t size)
{
	size_t i = 0;

	if (size < 4) {
		for (; i < size && is_clean((unsigned char)from[i]); i++)
			to[i] = from[i];
		return i == size;
	}
	if (size < 8)
		return copy_few(to, from, size);
	if (size < 16)
		return copy8(to, from) && copy8(to + size - 8, from + size - 8);
	for (; size - i >= 16; i += 16)
		if (!copy16(to + i, from + i))
			return false;
	/* The last ones once more with those before them. */
	return copy16(to + size - 16, from + size - 16);
}

/* Copies from the front what needs no change; there is room for all. Returns how much it was. */
static size_t put_clean(struct out *out, const char *data, size_t size)
{
	size_t i = 0;

	if (copy_all(out->at, data, size)) {
		out->at += size;
		return size;
	}
	for (; size - i >= 16 && copy16(out->at + i, data + i); i += 16)
		;
	for (; i < size && is_clean((unsigned char)data[i]); i++)
		out->at[i] = data[i];
	out->at += i;
	return i;
}

static void put_u(struct out *out, unsigned char c)
{
	PUT(out, "\\u00");
	*out->at++ = "0123456789abcdef"[c >> 4];
	*out->at++ = "0123456789abcdef"[c & 15];
}

/* One character that is not clean, or a byte of none; at most 6 bytes a byte. Returns its size. */
static size_t put_special(struct out *out, const char *data, size_t size)
{
	unsigned char c = (unsigned char)data[0];
	size_t length = utf8_sequence(data, size);

	if (length == 0) {
		PUT(out, "\\\\x");
		*out->at++ = "0123456789abcdef"[c >> 4];
		*out->at++ = "0123456789abcdef"[c & 15];
		return 1;
	}
	if (c == '"')
		PUT(out, "\\\"");
	else if (c == '\\')
		PUT(out, "\\\\\\\\");
	else if (c < 0x20 || c == 0x7f)
		put_u(out, c);
	else if (length == 2 && c == 0xc2 && (unsigned char)data[1] < 0xa0)
		put_u(out, (unsigned char)data[1]);
	else
		put(out, data, length);
	return length;
}

/* The string in quotes, with room for FIXED behind it. */
static bool put_string(struct out *out, struct slice string)
{
	size_t done;

	if (!room(out, string.size + FIXED))
		return false;
	*out->at++ = '"';
	done = put_clean(out, string.data, string.size);
	if (done < string.size && !room(out, (string.size - done) * 6 + FIXED))
		return false;
	while (done < string.size) {
		done += put_special(out, string.data + done, string.size - done);
		done += put_clean(out, string.data + done, string.size - done);
	}
	*out->at++ = '"';
	return true;
}

static struct slice next_string(struct slice *list)
{
	struct slice string = { list->data, strnlen(list->data, list->size) };
	size_t used = MIN(string.size + 1, list->size);

	list->data += used;
	list->size -= used;
	return string;
}

static bool put_list(struct out *out, struct slice list)
{
	char separator = '[';

	if (list.size == 0) {
		PUT(out, "[]");
		return true;
	}
	while (list.size > 0) {
		*out->at++ = separator;
		separator = ',';
		if (!put_string(out, next_string(&list)))
			return false;
	}
	*out->at++ = ']';
	return true;
}

/* CONTROLLERS:PATH each, as an object. */
static bool put_pairs(struct out *out, struct slice list)
{
	char separator = '{';

	if (list.size == 0) {
		PUT(out, "{}");
		return true;
	}
	while (list.size > 0) {
		struct slice pair = next_string(&list), key = pair;
		const char *colon = memchr(pair.data, ':', pair.size);

		*out->at++ = separator;
		separator = ',';
		key.size = colon ? (size_t)(colon - pair.data) : 0;
		if (colon)
			pair = (struct slice){ colon + 1, pair.size - key.size - 1 };
		if (!put_string(out, key))
			return false;
		*out->at++ = ':';
		if (!put_string(out, pair))
			return false;
	}
	*out->at++ = '}';
	return true;
}

/* Names of the bits that are set, then numbers of those without a name. */
static bool put_bits(struct out *out, uint64_t bits, const char *(*name)(unsigned))
{
	bool first = true;

	*out->at++ = '[';
	for (; bits; bits &= bits - 1, first = false) {
		unsigned bit = (unsigned)__builtin_ctzll(bits);
		const char *text = name(bit);

		if (!room(out, FIXED))
			return false;
		if (!first)
			*out->at++ = ',';
		*out->at++ = '"';
		if (text)
			put(out, text, strlen(text));
		else
			out->at += digits_decimal(bit, out->at);
		*out->at++ = '"';
	}
	*out->at++ = ']';
	return room(out, FIXED);
}

static const char *flag_name(unsigned bit)
{
	return bit < FLAG_BITS ? event_flags[bit].name : NULL;
}

static const char *capability_name(unsigned bit)
{
	return bit < EVENT_CAPABILITIES ? event_capabilities[bit] : NULL;
}

/* Days since 1970 to a date, by the calendar's eras of 400 years that begin in March. */
static void put_date(uint64_t days, char *text)
{
	uint64_t z = days + 719468, era = z / 146097, day_of_era = z % 146097;
	uint64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	uint64_t day = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	uint64_t month = (5 * day + 2) / 153;
	uint64_t year = year_of_era + era * 400 + (month >= 10);

	digits_fixed(year, 4, text);
	text[4] = '-';
	digits_fixed(month < 10 ? month + 3 : month - 9, 2, text + 5);
	text[7] = '-';
	digits_fixed(day - (153 * month + 2) / 5 + 1, 2, text + 8);
}

static void make_second(struct event_json *json, uint64_t second)
{
	uint64_t of_day = second % 86400;
	char *text = json->second_text;

	put_date(second / 86400, text);
	text[10] = 'T';
	digits_fixed(of_day / 3600, 2, text + 11);
	text[13] = ':';
	digits_fixed(of_day / 60 % 60, 2, text + 14);
	text[16] = ':';
	digits_fixed(of_day % 60, 2, text + 17);
	text[19] = '.';
	json->second = second;
}

static void put_time(struct out *out, struct event_json *json, uint64_t ns)
{
	uint64_t second = ns / 1000000000;

	if (second != json->second)
		make_second(json, second);
	*out->at++ = '"';
	put(out, json->second_text, sizeof(json->second_text));
	digits_fixed(ns % 1000000000, 9, out->at);
	out->at += 9;
	PUT(out, "Z\"");
}

static void put_signed(struct out *out, int32_t value)
{
	int64_t wide = value;

	if (wide < 0)
		*out->at++ = '-';
	out->at += digits_decimal((uint64_t)(wide < 0 ? -wide : wide), out->at);
}

static void put_id(struct out *out, const struct process_id *id)
{
	*out->at++ = '"';
	out->at += process_id_format(id, out->at);
	*out->at++ = '"';
}

static void put_device(struct out *out, uint64_t device)
{
	*out->at++ = '"';
	out->at += digits_decimal(major(device), out->at);
	*out->at++ = ':';
	out->at += digits_decimal(minor(device), out->at);
	*out->at++ = '"';
}

static bool put_value(struct out *out, struct event_json *json, enum event_field field,
		      const void *value)
{
	switch (event_fields[field].kind) {
	case KIND_U32:
		out->at += digits_decimal(*(const uint32_t *)value, out->at);
		return true;
	case KIND_U64:
		out->at += digits_decimal(*(const uint64_t *)value, out->at);
		return true;
	case KIND_I32:
		put_signed(out, *(const int32_t *)value);
		return true;
	case KIND_TIME:
		if (field == FIELD_TIME)
			put_time(out, json, *(const uint64_t *)value);
		else
			out->at += digits_decimal(*(const uint64_t *)value, out->at);
		return true;
	case KIND_BYTES:
		return put_string(out, *(const struct slice *)value);
	case KIND_LIST:
		return field == FIELD_CGROUP_V1 ? put_pairs(out, *(const struct slice *)value)
						: put_list(out, *(const struct slice *)value);
	case KIND_ID:
		put_id(out, value);
		return true;
	case KIND_FLAGS:
		return put_bits(out, *(const uint32_t *)value, flag_name);
	case KIND_OCTAL:
		PUT(out, "\"0");
		out->at += digits_octal(*(const uint32_t *)value, out->at);
		*out->at++ = '"';
		return true;
	case KIND_DEVICE:
		put_device(out, *(const uint64_t *)value);
		return true;
	case KIND_CAPABILITIES:
		return put_bits(out, *(const uint64_t *)value, capability_name);
	}
	return false;
}

/* Ends the object that is open and opens another one; 0: none. Returns where its brace will be. */
static size_t change_object(struct out *out, const struct event_json *json, unsigned from,
			    unsigned to)
{
	if (from)
		*out->at++ = '}';
	if (to)
		put_key(out, &json->objects[to - 1]);
	return to ? (size_t)(out->at - out->text->data) : 0;
}

/* Fields of one word of the masks; an object that begins among them ends there. */
static bool put_fields(struct out *out, struct event_json *json, const struct event *event,
		       size_t word, uint64_t left)
{
	unsigned open = 0, null = 0;

	for (; left; left &= left - 1) {
		size_t field = word * 64 + (size_t)__builtin_ctzll(left), brace = 0;
		unsigned object = json->keys[field].object;

		if (object && object == null)
			continue;
		if (!room(out, FIXED))
			return false;
		if (object != open)
			brace = change_object(out, json, open, object);
		open = object;
		if (field == FIELD_CONTAINER_RUNTIME && event->container_runtime.size == 0) {
			PUT(out, "null");
			null = object;
			open = 0;
			continue;
		}
		put_key(out, &json->keys[field]);
		if (brace)
			out->text->data[brace] = '{';
		if (!put_value(out, json, field, (const char *)event + event_fields[field].offset))
			return false;
	}
	if (open)
		*out->at++ = '}';
	return true;
}

#define UP_TO(field)	  ((UINT64_C(2) << (field)) - 1)
#define SPAN(first, last) (UP_TO(last) & ~(UP_TO(first) >> 1))

/* Fields that are the same for many events, and whole objects of them. */
static const uint64_t runs[EVENT_JSON_RUNS] = {
	SPAN(FIELD_UID, FIELD_GROUP),
	SPAN(FIELD_INODE, FIELD_FLAGS),
	SPAN(FIELD_CGROUP, FIELD_TIME_NS),
};
_Static_assert(FIELD_GROUP + 1 == FIELD_INODE && FIELD_FLAGS + 1 == FIELD_CGROUP &&
		       FIELD_TIME_NS < 63,
	       "the runs follow each other in the first word");

static bool put_run(struct out *out, struct event_json *json, const struct event *event,
		    struct event_memo *memo, uint64_t fields)
{
	size_t begin = (size_t)(out->at - out->text->data);

	if (event_memo_holds(memo, event, fields)) {
		if (!room(out, memo->text_size + FIXED))
			return false;
		put(out, memo->text, memo->text_size);
		return true;
	}
	if (!put_fields(out, json, event, 0, fields))
		return false;
	event_memo_keep(memo, event, fields, out->text->data + begin,
			(size_t)(out->at - out->text->data) - begin);
	return true;
}

static bool put_all_fields(struct out *out, struct event_json *json, const struct event *event)
{
	struct event_memo *memos = json->memos[event->type % EVENT_JSON_MEMOS];
	uint64_t first = event->known[0] & json->selection.fields[0];

	if (!put_fields(out, json, event, 0, first & (UP_TO(FIELD_UID) >> 1)))
		return false;
	for (size_t i = 0; i < EVENT_JSON_RUNS; i++)
		if (first & runs[i] && !put_run(out, json, event, &memos[i], first & runs[i]))
			return false;
	if (!put_fields(out, json, event, 0, first & ~UP_TO(FIELD_TIME_NS)))
		return false;
	for (size_t word = 1; word < ARRAY_SIZE(event->known); word++)
		if (!put_fields(out, json, event, word,
				event->known[word] & json->selection.fields[word]))
			return false;
	return true;
}

static bool put_head(struct out *out, const struct event_json *json, const struct event *event)
{
	if (!room(out, FIXED))
		return false;
	if (json->selection.type) {
		const char *name = event_types[event->type].name;

		PUT(out, ",\"type\":\"");
		put(out, name, strlen(name));
		*out->at++ = '"';
	}
	if (json->selection.source) {
		const char *name = event_sources[event->source];

		PUT(out, ",\"source\":\"");
		put(out, name, strlen(name));
		*out->at++ = '"';
	}
	return true;
}

int event_json_add(struct event_json *json, const struct event *event, struct text *text)
{
	size_t before = text->size;
	struct out out = { text, text->data ? text->data + before : NULL,
			   text->data ? text->data + text->room : NULL };

	if (text->failed)
		return -ENOMEM;
	if (!put_head(&out, json, event) || !put_all_fields(&out, json, event) ||
	    !room(&out, FIXED)) {
		text->size = before;
		if (text->data)
			text->data[before] = '\0';
		return -ENOMEM;
	}
	if (out.at == text->data + before)
		*out.at++ = '{';
	text->data[before] = '{';
	PUT(&out, "}\n");
	*out.at = '\0';
	text->size = (size_t)(out.at - text->data);
	return 0;
}

static void make_key(struct event_json_key *key, const char *name, size_t size)
{
	key->size = (uint8_t)snprintf(key->text, sizeof(key->text), ",\"%.*s\":", (int)size, name);
}

void event_json_init(struct event_json *json, const struct selection *selection)
{
	const char *last = "";
	unsigned objects = 0;

	*json = (struct event_json){ 0 };
	if (selection)
		json->selection = *selection;
	else
		selection_all(&json->selection);
	make_second(json, 0);
	for (size_t i = 0; i < FIELDS; i++) {
		const char *name = event_fields[i].name, *dot = strchr(name, '.');
		size_t size = dot ? (size_t)(dot - name) : 0;

		if (dot && strncmp(last, name, size + 1) != 0) {
			make_key(&json->objects[objects++], name, size);
			last = name;
		}
		if (dot) {
			json->keys[i].object = (uint8_t)objects;
			name = dot + 1;
		}
		make_key(&json->keys[i], name, strlen(name));
	}
}
