// SPDX-License-Identifier: MIT
/*
 * JSON to the arguments of a call. The call's row says what each is to be; what it says of the
 * value itself, its range and the names in tables, is checked where the call is made.
 */
#include "port/json-term.h"

#include "util/units.h"

struct put {
	struct etf_writer *writer;
	const struct call *call;
	const struct parameter *parameter;
	char *wrong;
};

static int wrong(const struct put *put, const char *wanted)
{
	snprintf(put->wrong, JSON_WRONG, "%s: \"%s\" is to be %s", put->call->name,
		 put->parameter->name, wanted);
	return -EINVAL;
}

static int put_bytes(const struct put *put, const json_t *value)
{
	_cleanup_(freep) uint8_t *data = NULL;
	size_t size;

	if (json_get_bytes(value, &data, &size) < 0)
		return wrong(put, "a string, or {\"base64\": ...}");
	etf_put_binary(put->writer, data, size);
	return 0;
}

static int put_integer(const struct put *put, const json_t *value)
{
	uint64_t large;

	if (json_is_integer(value)) {
		etf_put_int(put->writer, json_integer_value(value));
		return 0;
	}
	if (!json_is_string(value) || parse_u64(json_string_value(value), &large) < 0)
		return wrong(put, "an integer (one above 2^63 as a string)");
	etf_put_uint(put->writer, large);
	return 0;
}

static int put_name(const struct put *put, const json_t *value)
{
	if (json_is_integer(value))
		return put_integer(put, value);
	if (!json_is_string(value) || json_string_length(value) > UINT8_MAX)
		return wrong(put, "a name or an integer");
	etf_put_atom(put->writer, json_string_value(value));
	return 0;
}

/* An array, each element by `each`. */
static int put_list(const struct put *put, json_t *value,
		    int (*each)(const struct put *, const json_t *), const char *wanted)
{
	const json_t *element;
	size_t i;
	int r = 0;

	if (!json_is_array(value))
		return wrong(put, wanted);
	etf_put_list(put->writer, json_array_size(value));
	json_array_foreach(value, i, element)
	{
		r = each(put, element);
		if (r < 0)
			return r;
	}
	etf_put_nil(put->writer);
	return 0;
}

static int put_flags(const struct put *put, json_t *value)
{
	if (json_is_integer(value))
		return put_integer(put, value);
	return put_list(put, value, put_name, "an array of names, or an integer");
}

static void put_record(const struct put *put, const char *name, uint64_t first, uint64_t second)
{
	etf_put_tuple(put->writer, 3);
	etf_put_atom(put->writer, name);
	etf_put_uint(put->writer, first);
	etf_put_uint(put->writer, second);
}

static bool limit_value(const json_t *value, uint64_t *ret_limit)
{
	if (json_is_string(value) && streq(json_string_value(value), "infinity"))
		*ret_limit = UINT64_MAX;
	else if (json_is_integer(value) && json_integer_value(value) >= 0)
		*ret_limit = (uint64_t)json_integer_value(value);
	else
		return json_is_string(value) && parse_u64(json_string_value(value), ret_limit) == 0;
	return true;
}

static int put_rlimit(const struct put *put, const json_t *value)
{
	uint64_t current, maximum;

	if (json_array_size(value) != 2 || !limit_value(json_array_get(value, 0), &current) ||
	    !limit_value(json_array_get(value, 1), &maximum))
		return wrong(put, "[CURRENT, MAXIMUM], each a number or \"infinity\"");
	put_record(put, "alcove_rlimit", current, maximum);
	return 0;
}

static int put_time(const struct put *put, const json_t *value)
{
	double seconds = json_number_value(value);

	if (json_is_null(value)) {
		etf_put_nil(put->writer);
		return 0;
	}
	if (!json_is_number(value) || !(seconds >= 0 && seconds < INT32_MAX))
		return wrong(put, "seconds, or null for no limit");
	put_record(put, "alcove_timeval", (uint64_t)seconds,
		   (uint64_t)((seconds - (double)(uint64_t)seconds) * 1e6));
	return 0;
}

/* A string, {"base64": ...}, {"ptr": SIZE} or {"ptr": a string ...} */
static int put_member(const struct put *put, const json_t *value)
{
	const json_t *pointer = json_object_get(value, "ptr");

	if (!pointer)
		return put_bytes(put, value);
	if (json_object_size(value) != 1)
		return wrong(put, "a structure whose members are bytes or {\"ptr\": ...}");
	etf_put_tuple(put->writer, 2);
	etf_put_atom(put->writer, "ptr");
	return json_is_integer(pointer) ? put_integer(put, pointer) : put_bytes(put, pointer);
}

static int put_struct(const struct put *put, json_t *value)
{
	if (json_is_null(value)) {
		etf_put_nil(put->writer);
		return 0;
	}
	return put_list(put, value, put_member, "an array of bytes and {\"ptr\": ...}, or null");
}

static int put_memory(const struct put *put, json_t *value)
{
	if (json_is_string(value) || json_is_integer(value))
		return put_name(put, value);
	if (json_is_object(value) && json_object_get(value, "bytes") &&
	    json_object_size(value) == 1)
		return put_bytes(put, json_object_get(value, "bytes"));
	return json_is_object(value) ? put_bytes(put, value) : put_struct(put, value);
}

static int put_handler(const struct put *put, json_t *value)
{
	return json_is_null(value) ? put_struct(put, value) : put_name(put, value);
}

static int put_argument(const struct put *put, json_t *value)
{
	switch (put->parameter->kind) {
	case ARGUMENT_INT:
	case ARGUMENT_UINT:
	case ARGUMENT_INT64:
	case ARGUMENT_UINT64:
		return put_integer(put, value);
	case ARGUMENT_ATOM:
	case ARGUMENT_CONST:
	case ARGUMENT_CONST64:
		return put_name(put, value);
	case ARGUMENT_FLAGS:
		return put_flags(put, value);
	case ARGUMENT_BYTES:
	case ARGUMENT_STRING:
	case ARGUMENT_PATH:
		return put_bytes(put, value);
	case ARGUMENT_STRINGS:
		return put_list(put, value, put_bytes, "an array of strings");
	case ARGUMENT_NUMBERS:
		return put_list(put, value, put_integer, "an array of integers");
	case ARGUMENT_RLIMIT:
		return put_rlimit(put, value);
	case ARGUMENT_TIME:
		return put_time(put, value);
	case ARGUMENT_HANDLER:
		return put_handler(put, value);
	case ARGUMENT_STRUCT:
		return put_struct(put, value);
	case ARGUMENT_MEMORY:
		return put_memory(put, value);
	}
	return -EINVAL;
}

/* What the arguments of a call are called, for who got them wrong. */
static int wrong_arguments(const struct call *call, char *text)
{
	int size = snprintf(text, JSON_WRONG, "%s has %zu arguments:", call->name, call->arity);

	for (size_t i = 0; i < call->arity && size > 0 && size < JSON_WRONG; i++)
		size += snprintf(text + size, (size_t)(JSON_WRONG - size), " %s",
				 call->parameters[i].name ? call->parameters[i].name : "-");
	return -EINVAL;
}

int json_put_arguments(struct etf_writer *writer, const struct call *call, json_t *arguments,
		       char ret_wrong[JSON_WRONG])
{
	struct put put = { .writer = writer, .call = call, .wrong = ret_wrong };
	size_t given =
		json_is_array(arguments) ? json_array_size(arguments) : json_object_size(arguments);

	if (!call->function) {
		snprintf(ret_wrong, JSON_WRONG, "%s is a call of other systems", call->name);
		return -EINVAL;
	}
	if (given != call->arity)
		return wrong_arguments(call, ret_wrong);
	etf_put_tuple(writer, call->arity);
	for (size_t i = 0; i < call->arity; i++) {
		json_t *value;
		int r;

		put.parameter = &call->parameters[i];
		value = json_is_array(arguments) ? json_array_get(arguments, i)
						 : json_object_get(arguments, put.parameter->name);
		if (!value)
			return wrong_arguments(call, ret_wrong);
		r = put_argument(&put, value);
		if (r < 0)
			return r;
	}
	return 0;
}
