// SPDX-License-Identifier: MIT
/*
 * One varlink message is one JSON object. jansson refuses what is not JSON, bad UTF-8, strings
 * with NUL, numbers out of range and keys that come twice; what it lets pass and a daemon must
 * not (2,048 levels of recursion, a megabyte of empty objects at 80 times their size in memory)
 * is counted before it is asked.
 */
#include "varlink/codec.h"

#include "util/text.h"

/* Walks the text once, without recursion, and refuses what would cost too much to build. */
static int check_cost(const char *text, size_t size, size_t values_max, struct error *err)
{
	size_t depth = 0, values = 1;
	bool in_string = false;

	for (size_t i = 0; i < size; i++) {
		char c = text[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
			continue;
		}
		if (c == '"')
			in_string = true;
		else if (c == ',')
			values++;
		else if ((c == '}' || c == ']') && depth > 0)
			depth--;
		else if (c == '{' || c == '[') {
			depth++;
			values++;
		}
		if (depth > VARLINK_DEPTH_MAX)
			return error_set(err, -EBADMSG, "the message nests deeper than %d levels",
					 VARLINK_DEPTH_MAX);
		if (values > values_max)
			return error_set(err, -EBADMSG, "the message holds more than %zu values",
					 values_max);
	}
	return 0;
}

/* The parser quotes its input; what is quoted must be fit for a terminal and for JSON again. */
static int refuse_json(const json_error_t *why, struct error *err)
{
	struct text safe;
	_cleanup_(freep) char *sentence = NULL;

	text_init(&safe);
	text_add_escaped(&safe, why->text, strlen(why->text));
	sentence = text_take(&safe);
	return error_set(err, -EBADMSG, "the message is not JSON: %s (at byte %d)",
			 sentence ? sentence : "", why->position);
}

static int load(const char *text, size_t size, size_t values_max, json_t **ret_root,
		struct error *err)
{
	json_error_t why;
	json_t *root;
	int r;

	r = check_cost(text, size, values_max, err);
	if (r < 0)
		return r;
	root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);
	if (!root)
		return refuse_json(&why, err);
	if (!json_is_object(root)) {
		json_decref(root);
		return error_set(err, -EBADMSG, "the message is not a JSON object");
	}
	*ret_root = root;
	return 0;
}

static int read_bool(const char *key, json_t *value, bool *ret_value, struct error *err)
{
	if (!json_is_boolean(value))
		return error_set(err, -EBADMSG, "\"%s\" is neither true nor false", key);
	*ret_value = json_is_true(value);
	return 0;
}

static int read_string(const char *key, json_t *value, char **ret_value, struct error *err)
{
	if (!json_is_string(value) || json_string_length(value) == 0)
		return error_set(err, -EBADMSG, "\"%s\" is not a string, or is empty", key);
	*ret_value = strdup(json_string_value(value));
	return *ret_value ? 0 : error_oom(err);
}

/* `parameters` may be missing or null: both mean none. */
static int read_object(const char *key, json_t *value, json_t **ret_value, struct error *err)
{
	if (json_is_null(value))
		return 0;
	if (!json_is_object(value))
		return error_set(err, -EBADMSG, "\"%s\" is not an object", key);
	*ret_value = json_incref(value);
	return 0;
}

static int read_request_key(struct varlink_request *request, const char *key, json_t *value,
			    struct error *err)
{
	if (streq(key, "method"))
		return read_string(key, value, &request->method, err);
	if (streq(key, "parameters"))
		return read_object(key, value, &request->parameters, err);
	if (streq(key, "more"))
		return read_bool(key, value, &request->more, err);
	if (streq(key, "oneway"))
		return read_bool(key, value, &request->oneway, err);
	if (streq(key, "upgrade"))
		return read_bool(key, value, &request->upgrade, err);
	/* A misspelt "oneway" or "parameters" must not turn into another request. */
	return error_set(err, -EBADMSG, "the message has a key that no varlink call has");
}

static int finish_request(struct varlink_request *request, struct error *err)
{
	if (!request->method)
		return error_set(err, -EBADMSG, "the message names no method");
	if (request->more && request->oneway)
		return error_set(err, -EBADMSG, "\"more\" and \"oneway\" exclude each other");
	if (!request->parameters)
		request->parameters = json_object();
	return request->parameters ? 0 : error_oom(err);
}

int varlink_request_parse(const char *text, size_t size, struct varlink_request *ret_request,
			  struct error *err)
{
	struct varlink_request request = { 0 };
	json_t *root, *value;
	const char *key;
	int r;

	r = load(text, size, VARLINK_VALUES_MAX, &root, err);
	if (r < 0)
		return r;
	json_object_foreach(root, key, value)
	{
		r = read_request_key(&request, key, value, err);
		if (r < 0)
			break;
	}
	if (r >= 0)
		r = finish_request(&request, err);
	json_decref(root);
	if (r < 0) {
		varlink_request_done(&request);
		return r;
	}
	*ret_request = request;
	return 0;
}

void varlink_request_done(struct varlink_request *request)
{
	free(request->method);
	json_decref(request->parameters);
	*request = (struct varlink_request){ 0 };
}

static int read_answer_key(struct varlink_answer *answer, const char *key, json_t *value,
			   struct error *err)
{
	if (streq(key, "error"))
		return read_string(key, value, &answer->error, err);
	if (streq(key, "parameters"))
		return read_object(key, value, &answer->parameters, err);
	if (streq(key, "continues"))
		return read_bool(key, value, &answer->continues, err);
	return 0;
}

int varlink_answer_parse(const char *text, size_t size, struct varlink_answer *ret_answer,
			 struct error *err)
{
	struct varlink_answer answer = { 0 };
	json_t *root, *value;
	const char *key;
	int r;

	r = load(text, size, SIZE_MAX, &root, err);
	if (r < 0)
		return r;
	json_object_foreach(root, key, value)
	{
		r = read_answer_key(&answer, key, value, err);
		if (r < 0)
			break;
	}
	if (r >= 0 && !answer.parameters) {
		answer.parameters = json_object();
		r = answer.parameters ? 0 : error_oom(err);
	}
	json_decref(root);
	if (r < 0) {
		varlink_answer_done(&answer);
		return r;
	}
	*ret_answer = answer;
	return 0;
}

void varlink_answer_done(struct varlink_answer *answer)
{
	free(answer->error);
	json_decref(answer->parameters);
	*answer = (struct varlink_answer){ 0 };
}

/* Ends a message under construction; a failed step makes it NULL. */
static json_t *with_flag(json_t *message, const char *key, bool flag)
{
	if (message && flag && json_object_set_new(message, key, json_true()) < 0) {
		json_decref(message);
		return NULL;
	}
	return message;
}

static json_t *with_parameters(json_t *message, json_t *parameters)
{
	if (!parameters)
		parameters = json_object();
	if (!message) {
		json_decref(parameters);
		return NULL;
	}
	if (json_object_set_new(message, "parameters", parameters) < 0) {
		json_decref(message);
		return NULL;
	}
	return message;
}

json_t *varlink_request_new(const char *method, json_t *parameters, bool more, bool oneway)
{
	json_t *message = with_parameters(json_pack("{s:s}", "method", method), parameters);

	return with_flag(with_flag(message, "more", more), "oneway", oneway);
}

json_t *varlink_answer_new(const char *error, json_t *parameters, bool continues)
{
	json_t *message = error ? json_pack("{s:s}", "error", error) : json_object();

	return with_flag(with_parameters(message, parameters), "continues", continues);
}

int varlink_encode(json_t *message, char **ret_text, size_t *ret_size)
{
	char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;

	json_decref(message);
	if (!text)
		return -ENOMEM;
	*ret_text = text;
	*ret_size = strlen(text) + 1;
	return 0;
}
