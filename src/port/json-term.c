// SPDX-License-Identifier: MIT
/* Terms to JSON. The other way, which knows what an argument is to be, is json-arguments.c. */
#include "port/json-term.h"

#include "util/base64.h"
#include "util/text.h"

enum { DEPTH_MAX = 64 };

static json_t *of_term(struct etf_reader *reader, unsigned depth);

static bool is_text(const uint8_t *data, size_t size)
{
	size_t step;

	for (size_t i = 0; i < size; i += step) {
		step = utf8_sequence((const char *)data + i, size - i);
		if (!step || !data[i])
			return false;
	}
	return true;
}

static json_t *of_bytes(const uint8_t *data, size_t size)
{
	_cleanup_(text_done) struct text text = { 0 };

	if (is_text(data, size))
		return json_stringn((const char *)data, size);
	text_add_base64(&text, data, size);
	return text.failed ? NULL : json_pack("{s:s}", "base64", text.data ? text.data : "");
}

static json_t *of_integer(struct etf_reader *reader)
{
	char digits[24];
	int64_t value;
	uint64_t large;

	if (etf_read_int(reader, &value))
		return json_integer(value);
	if (!etf_read_uint(reader, &large))
		return NULL;
	/* Beyond what JSON's readers hold. */
	snprintf(digits, sizeof(digits), "%llu", (unsigned long long)large);
	return json_string(digits);
}

static json_t *of_atom(struct etf_reader *reader)
{
	const char *name;
	size_t size;

	if (!etf_read_atom(reader, &name, &size))
		return NULL;
	if (size == 4 && memcmp(name, "true", 4) == 0)
		return json_true();
	if (size == 5 && memcmp(name, "false", 5) == 0)
		return json_false();
	return json_stringn(name, size);
}

static json_t *of_packed(const uint8_t *data, size_t size)
{
	json_t *array = json_array();

	for (size_t i = 0; i < size; i++)
		(void)json_array_append_new(array, json_integer(data[i]));
	return array;
}

/* `count` elements; a list's tail is the caller's. */
static json_t *of_elements(struct etf_reader *reader, size_t count, unsigned depth)
{
	json_t *array = json_array();

	for (; array && count; count--)
		if (json_array_append_new(array, of_term(reader, depth + 1)) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *of_term(struct etf_reader *reader, unsigned depth)
{
	const uint8_t *data;
	size_t size;
	json_t *list;

	if (depth > DEPTH_MAX)
		return NULL;
	switch (etf_peek(reader)) {
	case ETF_INTEGER:
		return of_integer(reader);
	case ETF_ATOM:
		return of_atom(reader);
	case ETF_BINARY:
		return etf_read_binary(reader, &data, &size) ? of_bytes(data, size) : NULL;
	case ETF_STRING:
		return etf_read_string(reader, &data, &size) ? of_packed(data, size) : NULL;
	case ETF_TUPLE:
		return etf_read_tuple(reader, &size) ? of_elements(reader, size, depth) : NULL;
	case ETF_LIST:
	case ETF_NIL:
		list = etf_read_list(reader, &size) ? of_elements(reader, size, depth) : NULL;
		if (list && !etf_read_nil(reader)) {
			json_decref(list);
			return NULL;
		}
		return list;
	case ETF_NONE:
		break;
	}
	return NULL;
}

json_t *json_of_term(struct etf_reader *reader)
{
	return of_term(reader, 0);
}

static bool is_atom(const json_t *value, const char *name)
{
	return json_is_string(value) && streq(json_string_value(value), name);
}

/* [ok] and [ok, V] and [ok, V, W] become true, V and [V, W]. */
static json_t *ok_value(json_t *term)
{
	json_t *value;

	if (!json_is_array(term))
		return json_true();
	(void)json_array_remove(term, 0);
	if (json_array_size(term) != 1)
		return json_incref(term);
	value = json_array_get(term, 0);
	return json_incref(value);
}

static json_t *error_of(json_t *term)
{
	json_t *error = json_pack("{s:O}", "error", json_array_get(term, 1));

	if (json_array_size(term) > 2)
		(void)json_object_set(error, "reason", json_array_get(term, 2));
	return error;
}

json_t *json_of_reply(struct etf_reader *reader)
{
	bool is_tuple = etf_peek(reader) == ETF_TUPLE;
	json_t *term = json_of_term(reader), *reply;
	const json_t *first = is_tuple ? json_array_get(term, 0) : term;

	if (is_atom(first, "ok"))
		reply = json_pack("{s:o}", "ok", ok_value(term));
	else if (is_tuple && is_atom(first, "error") && json_array_size(term) >= 2)
		reply = error_of(term);
	else if (is_atom(term, "badarg") || is_atom(term, "undef"))
		reply = json_pack("{s:O}", "error", term);
	else
		return term;
	json_decref(term);
	return reply;
}

bool json_set_bytes(json_t *object, const char *name, const uint8_t *data, size_t size)
{
	return json_object_set_new(object, name, of_bytes(data, size)) == 0;
}

int json_get_bytes(const json_t *value, uint8_t **ret_data, size_t *ret_size)
{
	const json_t *base64 = json_object_get(value, "base64");
	struct text text = { 0 };
	int r = 0;

	if (json_is_string(value))
		text_add_bytes(&text, json_string_value(value), json_string_length(value));
	else if (json_is_string(base64) && json_object_size(value) == 1)
		r = text_add_unbase64(&text, json_string_value(base64), json_string_length(base64));
	else
		r = -EINVAL;
	if (r == 0 && text.failed)
		r = -ENOMEM;
	if (r < 0) {
		text_done(&text);
		return r;
	}
	*ret_size = text.size;
	*ret_data = (uint8_t *)text_take(&text);
	return *ret_data ? 0 : -ENOMEM;
}
