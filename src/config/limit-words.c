// SPDX-License-Identifier: MIT
/*
 * A word goes into JSON as it would be read in the policy file: a whole number as a number,
 * everything else as text, so that one parser (the policy's) judges both.
 */
#include "config/limit-words.h"

#include "config/limits-json.h"
#include "model/limit-form.h"

/* A word as YAML would read it: a whole number, or text. NULL: not UTF-8, or out of memory. */
static json_t *plain_value(const char *word)
{
	uint64_t number;

	if (limit_word_number(word, &number))
		return json_integer((json_int_t)number);
	return json_string(word);
}

static int set_value(json_t *object, const char *key, json_t *value, struct error *err)
{
	if (!value)
		return error_set(err, -EINVAL, "the value of \"%s\" is not UTF-8 text", key);
	if (json_object_set_new(object, key, value) < 0)
		return error_set(err, -EINVAL, "\"%s\" is not UTF-8 text", key);
	return 0;
}

static int add_bool(json_t *limits, const char *key, const char *word, struct error *err)
{
	bool yes;

	if (limit_word_bool(word, &yes) == 0)
		return set_value(limits, key, json_boolean(yes), err);
	return error_set(err, -EINVAL, "%s is \"%s\"; it can be yes or no", key, word);
}

/* limits.<key>, made if it is not there. Borrowed. */
static json_t *object_at(json_t *limits, const char *key)
{
	json_t *object = json_object_get(limits, key);

	if (!object && json_object_set_new(limits, key, json_object()) == 0)
		object = json_object_get(limits, key);
	return object;
}

/* Adds "NAME=VALUE" of `pair`, which is changed, to an object. */
static int add_pair(json_t *object, const char *key, char *pair, struct error *err)
{
	char *equals = strchr(pair, '=');

	if (!equals || equals == pair || !equals[1])
		return error_set(err, -EINVAL, "%s is \"%s\"; it is written NAME=VALUE", key, pair);
	*equals = '\0';
	return set_value(object, pair, plain_value(equals + 1), err);
}

/* DEVICE,rbps=10M,wiops=100; the device may hold ':' but no ','. Of one device all are joined. */
static int add_io(json_t *io, char *word, struct error *err)
{
	char *rest = word, *device = strsep(&rest, ",");
	json_t *rates;
	char *pair;
	int r = 0;

	if (!*device || !rest || strchr(device, '='))
		return error_set(err, -EINVAL,
				 "io is \"%s\"; it is written DEVICE,rbps=10M,wbps=10M", word);
	rates = object_at(io, device);
	if (!rates)
		return error_set(err, -EINVAL, "\"%s\" is not UTF-8 text", device);
	while (r == 0 && (pair = strsep(&rest, ",")))
		r = add_pair(rates, "io", pair, err);
	return r;
}

int limit_word_add(json_t *limits, enum limit limit, const char *word, struct error *err)
{
	_cleanup_(freep) char *copy = strdup(word);
	const char *key = limit_name(limit);
	json_t *object;

	if (!copy)
		return error_oom(err);
	switch (limit_form(limit)) {
	case LIMIT_FORM_BOOL:
		return add_bool(limits, key, word, err);
	case LIMIT_FORM_TEXT:
		return set_value(limits, key, json_string(word), err);
	case LIMIT_FORM_PAIR:
	case LIMIT_FORM_IO:
		object = object_at(limits, key);
		if (!object)
			return error_oom(err);
		return limit_form(limit) == LIMIT_FORM_IO ? add_io(object, copy, err)
							  : add_pair(object, key, copy, err);
	case LIMIT_FORM_PLAIN:
		break;
	}
	return set_value(limits, key, plain_value(word), err);
}

int limit_word_check(enum limit limit, const char *word, struct error *err)
{
	_cleanup_(limits_done) struct limits limits = { 0 };
	json_t *scratch = json_object();
	int r = scratch ? limit_word_add(scratch, limit, word, err) : error_oom(err);

	if (r == 0)
		r = limits_from_json(scratch, &limits, err);
	json_decref(scratch);
	return r;
}
