// SPDX-License-Identifier: MIT
/*
 * What a word becomes is said by the parameter's kind, and by nothing else: a call that a later
 * port has is known here without a change. Names of constants are looked up before anything is
 * sent, so that a mistake is told with its place and the name that was meant.
 */
#include "cli/port-calls.h"

#include "lib/port-message.h"
#include "util/suggest.h"

#include <ctype.h>

enum { CONSTANTS_MAX = 1024 };

/* ---- the table ---- */

static const struct {
	const char *name;
	enum port_kind kind;
} kinds[] = {
	{ "int", PORT_INTEGER },     { "uint", PORT_INTEGER },	{ "int64", PORT_INTEGER },
	{ "uint64", PORT_INTEGER },  { "atom", PORT_NAME },	{ "const", PORT_NAME },
	{ "const64", PORT_NAME },    { "flags", PORT_FLAGS },	{ "strings", PORT_STRINGS },
	{ "numbers", PORT_NUMBERS }, { "rlimit", PORT_RLIMIT }, { "time", PORT_TIME },
	{ "handler", PORT_HANDLER }, { "struct", PORT_STRUCT }, { "memory", PORT_MEMORY },
};

static enum port_kind kind_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (streq(kinds[i].name, name))
			return kinds[i].kind;
	return PORT_WORD;
}

static const char *string_at(const json_t *array, size_t index)
{
	return json_string_value(json_array_get(array, index));
}

static int read_parameter(const json_t *row, struct port_parameter *parameter)
{
	const char *table = string_at(row, 2);

	parameter->name = string_at(row, 0);
	parameter->kind_name = string_at(row, 1);
	if (!parameter->name || !parameter->kind_name || !table)
		return -EPROTO;
	parameter->kind = kind_of(parameter->kind_name);
	parameter->table = streq(table, "none") ? NULL : table;
	return 0;
}

/* [Name, Number, Help, [[Parameter, Kind, Table]...]] */
static int read_call(const json_t *row, struct port_call *call)
{
	const json_t *parameters = json_array_get(row, 3);
	int r = 0;

	call->name = string_at(row, 0);
	call->help = string_at(row, 2);
	if (!call->name || !call->help || !json_is_array(parameters))
		return -EPROTO;
	call->parameters = calloc(json_array_size(parameters) + 1, sizeof(*call->parameters));
	if (!call->parameters)
		return -ENOMEM;
	call->count = json_array_size(parameters);
	for (size_t i = 0; r == 0 && i < call->count; i++)
		r = read_parameter(json_array_get(parameters, i), &call->parameters[i]);
	return r;
}

int port_calls_init(struct port_calls *calls, json_t *described)
{
	int r = json_is_array(described) ? 0 : -EPROTO;

	*calls = (struct port_calls){ .described = described, .tables = json_object() };
	calls->calls = calloc(json_array_size(described) + 1, sizeof(*calls->calls));
	if (!calls->calls || !calls->tables)
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < json_array_size(described); i++) {
		calls->count++;
		r = read_call(json_array_get(described, i), &calls->calls[i]);
	}
	if (r < 0)
		port_calls_done(calls);
	return r;
}

void port_calls_done(struct port_calls *calls)
{
	for (size_t i = 0; i < calls->count; i++)
		free(calls->calls[i].parameters);
	free(calls->calls);
	json_decref(calls->described);
	json_decref(calls->tables);
	*calls = (struct port_calls){ 0 };
}

const struct port_call *port_calls_find(const struct port_calls *calls, const char *name)
{
	for (size_t i = 0; i < calls->count; i++)
		if (streq(calls->calls[i].name, name))
			return &calls->calls[i];
	return NULL;
}

int port_calls_set_table(struct port_calls *calls, const char *table, json_t *constants)
{
	return json_object_set_new(calls->tables, table, constants) < 0 ? -ENOMEM : 0;
}

const json_t *port_calls_table(const struct port_calls *calls, const char *table)
{
	return json_object_get(calls->tables, table);
}

void port_calls_usage(const struct port_call *call, struct text *text)
{
	text_add(text, call->name);
	for (size_t i = 0; i < call->count; i++) {
		text_add(text, " ");
		for (const char *c = call->parameters[i].name; *c; c++)
			text_add_bytes(text, &(char){ (char)toupper((unsigned char)*c) }, 1);
	}
}

/* ---- words to values ---- */

struct reading {
	const struct port_calls *calls;
	const struct port_call *call;
	const struct port_parameter *parameter;
	struct error *err;
};

static json_t *wrong(const struct reading *reading, const char *wanted)
{
	error_set(reading->err, -EINVAL, "%s: \"%s\" is to be %s", reading->call->name,
		  reading->parameter->name, wanted);
	return NULL;
}

/* Decimal, 0x or, with a leading 0, octal, as modes are written. NULL: it is no number. */
static json_t *number_of(const char *text)
{
	char *end;
	long long value;

	if (!isdigit((unsigned char)text[*text == '-']))
		return NULL;
	errno = 0;
	value = strtoll(text, &end, 0);
	if (*end)
		return NULL;
	/* Beyond what JSON's readers hold, the port takes digits. */
	return errno == ERANGE ? json_string(text) : json_integer(value);
}

static json_t *read_integer(const struct reading *reading, const char *text)
{
	json_t *number = number_of(text);

	return number ? number
		      : wrong(reading, "a number: decimal, 0x..., or octal with a 0 first");
}

static bool in_table(const json_t *table, const char *name)
{
	for (size_t i = 0; i < json_array_size(table); i++)
		if (strcasecmp(string_at(json_array_get(table, i), 0), name) == 0)
			return true;
	return false;
}

static json_t *unknown_name(const struct reading *reading, const json_t *table, const char *name)
{
	const char *names[CONSTANTS_MAX], *near;
	size_t count = MIN(json_array_size(table), (size_t)CONSTANTS_MAX);

	for (size_t i = 0; i < count; i++)
		names[i] = string_at(json_array_get(table, i), 0);
	near = suggest(name, names, count);
	error_set(reading->err, -EINVAL,
		  near ? "%s: \"%s\" is none of \"%s\"; did you mean \"%s\"?"
		       : "%s: \"%s\" is none of \"%s\": \"constants %s\" lists them",
		  reading->call->name, name, reading->parameter->name,
		  near ? near : reading->parameter->table);
	return NULL;
}

static json_t *read_name(const struct reading *reading, const char *text)
{
	json_t *number = number_of(text);
	const json_t *table = reading->parameter->table
				      ? port_calls_table(reading->calls, reading->parameter->table)
				      : NULL;

	if (number)
		return number;
	if (table && !in_table(table, text))
		return unknown_name(reading, table, text);
	return json_string(text);
}

/* NAME|NAME, or a number. */
static json_t *read_flags(const struct reading *reading, const char *text)
{
	_cleanup_(freep) char *copy = strdup(text);
	json_t *array = number_of(text);
	char *saved = NULL;

	if (array)
		return array;
	array = json_array();
	for (char *flag = copy ? strtok_r(copy, "|,", &saved) : NULL; flag;
	     flag = strtok_r(NULL, "|,", &saved)) {
		json_t *name = read_name(reading, flag);

		if (!name || json_array_append_new(array, name) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *limit_of(const char *text)
{
	return streq(text, "infinity") ? json_string(text) : number_of(text);
}

/* CURRENT:MAXIMUM, or one for both. */
static json_t *read_rlimit(const struct reading *reading, const char *text)
{
	_cleanup_(freep) char *copy = strdup(text);
	char *colon = copy ? strchr(copy, ':') : NULL;
	json_t *current, *maximum;

	if (colon)
		*colon++ = '\0';
	current = copy ? limit_of(copy) : NULL;
	maximum = copy ? limit_of(colon ? colon : copy) : NULL;
	if (current && maximum)
		return json_pack("[o, o]", current, maximum);
	json_decref(current);
	json_decref(maximum);
	return wrong(reading, "CURRENT:MAXIMUM, each a number or infinity; or one for both");
}

static json_t *read_time(const struct reading *reading, const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (streq(text, "none"))
		return json_null();
	return *text && !*end ? json_real(seconds) : wrong(reading, "seconds, or none");
}

static json_t *read_word(const struct reading *reading, const struct port_word *word)
{
	if (word->json)
		return json_incref(word->json);
	switch (reading->parameter->kind) {
	case PORT_INTEGER:
		return read_integer(reading, word->text);
	case PORT_NAME:
	case PORT_MEMORY:
		return read_name(reading, word->text);
	case PORT_FLAGS:
		return read_flags(reading, word->text);
	case PORT_RLIMIT:
		return read_rlimit(reading, word->text);
	case PORT_TIME:
		return read_time(reading, word->text);
	case PORT_HANDLER:
		return streq(word->text, "none") ? json_null() : json_string(word->text);
	case PORT_STRUCT:
		return wrong(reading, "JSON: an array of strings and {\"ptr\": SIZE}");
	case PORT_STRINGS:
	case PORT_NUMBERS:
	case PORT_WORD:
		break;
	}
	return port_bytes_write(word->text, word->size);
}

/* A list takes a JSON array, or, as the last argument, all words that are left. */
static json_t *read_list(const struct reading *reading, const struct port_word *words, size_t count,
			 size_t *ret_bad)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < count; i++) {
		json_t *value = reading->parameter->kind == PORT_NUMBERS
					? read_integer(reading, words[i].text)
					: port_bytes_write(words[i].text, words[i].size);

		if (value && json_array_append_new(array, value) == 0)
			continue;
		*ret_bad = i;
		json_decref(array);
		return NULL;
	}
	return array;
}

static bool is_list(const struct port_parameter *parameter)
{
	return parameter->kind == PORT_STRINGS || parameter->kind == PORT_NUMBERS;
}

static int wrong_count(const struct port_call *call, size_t given, struct error *err)
{
	_cleanup_(text_done) struct text usage = { 0 };

	port_calls_usage(call, &usage);
	return error_set(err, -EINVAL, "%s has %zu argument%s, and %zu %s given: %s", call->name,
			 call->count, call->count == 1 ? "" : "s", given, given == 1 ? "is" : "are",
			 usage.data ? usage.data : call->name);
}

int port_calls_arguments(const struct port_calls *calls, const struct port_call *call,
			 const struct port_word *words, size_t count, json_t **ret_arguments,
			 size_t *ret_word, struct error *err)
{
	struct reading reading = { .calls = calls, .call = call, .err = err };
	json_t *array = json_array();
	size_t at = 0, bad = 0;

	for (size_t i = 0; array && i < call->count; i++) {
		bool rest = i + 1 == call->count && is_list(&call->parameters[i]) &&
			    !(count == at + 1 && words[at].json);
		json_t *value;

		reading.parameter = &call->parameters[i];
		if (!rest && at == count)
			break;
		value = rest ? read_list(&reading, words + at, count - at, &bad)
			: is_list(reading.parameter) && !words[at].json
				? wrong(&reading, "a JSON array: [\"a\", \"b\"]")
				: read_word(&reading, &words[at]);
		if (!value || json_array_append_new(array, value) < 0) {
			*ret_word = at + bad;
			json_decref(array);
			return err && err->code < 0 ? err->code : error_oom(err);
		}
		at = rest ? count : at + 1;
	}
	if (json_array_size(array) == call->count && at == count) {
		*ret_arguments = array;
		return 0;
	}
	json_decref(array);
	*ret_word = at;
	return array ? wrong_count(call, count, err) : error_oom(err);
}
