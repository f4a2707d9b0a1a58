// SPDX-License-Identifier: MIT
/*
 * grpc-gateway's JSON (etcd 3.4 and later). A watch tells here only that something has changed, and
 * up to which revision: what has is read afterwards, in one transaction. So events of one
 * transaction that come in several messages are never seen one by one.
 */
#include "fleet/gateway.h"

#include "fleet/large-json.h"
#include "util/base64.h"

#include <limits.h>

/* ---- values ---- */

json_t *gateway_bytes(const void *data, size_t size)
{
	struct text text;
	json_t *string;

	text_init(&text);
	text_add_base64(&text, data, size);
	string = text.failed ? NULL : json_stringn(text.data ? text.data : "", text.size);
	text_done(&text);
	return string;
}

int gateway_number(const json_t *object, const char *key, int64_t *ret_number)
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);
	char *end;
	long long number;

	if (!value || json_is_null(value)) {
		*ret_number = 0;
		return 0;
	}
	if (json_is_integer(value)) {
		*ret_number = json_integer_value(value);
		return 0;
	}
	if (!text || *text == '\0' || *text == ' ')
		return -EBADMSG;
	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0')
		return -EBADMSG;
	*ret_number = number;
	return 0;
}

json_t *gateway_range(const char *key, bool below)
{
	size_t size = strlen(key);
	json_t *range = json_object();
	_cleanup_(freep) char *end = strdup(key);

	if (!end || json_object_set_new(range, "key", gateway_bytes(key, size)) < 0)
		goto fail;
	if (below && size > 0) {
		/* Keys of ours end with a byte that has one after it. */
		end[size - 1]++;
		if (json_object_set_new(range, "range_end", gateway_bytes(end, size)) < 0)
			goto fail;
	}
	return range;
fail:
	json_decref(range);
	return NULL;
}

json_t *gateway_read(json_t *ranges)
{
	json_t *success = ranges ? json_array() : NULL, *range;
	bool whole = success != NULL;
	size_t i;

	json_array_foreach(ranges, i, range)
	{
		if (json_array_append_new(success, json_pack("{s:O}", "request_range", range)) < 0)
			whole = false;
	}
	json_decref(ranges);
	if (whole)
		return json_pack("{s:o}", "success", success);
	json_decref(success);
	return NULL;
}

void gateway_pairs_done(struct gateway_pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		free(pairs->items[i].key);
		free(pairs->items[i].value);
	}
	free(pairs->items);
	*pairs = (struct gateway_pairs){ 0 };
}

static int read_bytes(const json_t *object, const char *key, char **ret_bytes, size_t *ret_size)
{
	const json_t *value = json_object_get(object, key);
	struct text text;
	int r = 0;

	if (value && !json_is_string(value))
		return -EBADMSG;
	text_init(&text);
	if (value)
		r = text_add_unbase64(&text, json_string_value(value), json_string_length(value));
	*ret_size = text.size;
	*ret_bytes = r < 0 ? NULL : text_take(&text);
	if (r < 0)
		text_done(&text);
	return r == -EINVAL ? -EBADMSG : r < 0 ? r : *ret_bytes ? 0 : -ENOMEM;
}

static int read_pair(const json_t *kv, struct gateway_pair *pair)
{
	int r = read_bytes(kv, "key", &pair->key, &pair->key_size);

	if (r >= 0)
		r = read_bytes(kv, "value", &pair->value, &pair->value_size);
	if (r >= 0)
		r = gateway_number(kv, "mod_revision", &pair->revision);
	if (r >= 0)
		r = gateway_number(kv, "create_revision", &pair->created);
	return r < 0 ? r : gateway_number(kv, "lease", &pair->lease);
}

int gateway_key(const json_t *kv, struct gateway_pair *ret_pair)
{
	*ret_pair = (struct gateway_pair){ 0 };
	return read_bytes(kv, "key", &ret_pair->key, &ret_pair->key_size);
}

int gateway_pairs_add(struct gateway_pairs *pairs, const json_t *range)
{
	const json_t *kvs = json_object_get(range, "kvs"), *kv;
	struct gateway_pair *larger;
	size_t i;

	if (!json_is_object(range) || (kvs && !json_is_array(kvs)))
		return -EBADMSG;
	if (json_array_size(kvs) == 0)
		return 0;
	larger = reallocarray(pairs->items, pairs->count + json_array_size(kvs), sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	pairs->items = larger;
	json_array_foreach(kvs, i, kv)
	{
		struct gateway_pair *pair = &pairs->items[pairs->count++];
		int r;

		*pair = (struct gateway_pair){ 0 };
		r = read_pair(kv, pair);
		if (r < 0)
			return r;
	}
	return 0;
}

int gateway_pairs_add_all(struct gateway_pairs *pairs, const json_t *txn)
{
	const json_t *responses = json_object_get(txn, "responses"), *response;
	size_t i;
	int r = json_is_array(responses) ? 0 : -EBADMSG;

	json_array_foreach(responses, i, response)
	{
		const json_t *range = json_object_get(response, "response_range");

		if (r >= 0 && range)
			r = gateway_pairs_add(pairs, range);
	}
	return r;
}

const char *gateway_error(const json_t *answer, int *ret_code)
{
	static const char *const codes[] = { "grpc_code", "code" };
	const json_t *error = json_object_get(answer, "error");
	const json_t *from = json_is_object(error) ? error : answer;
	const char *message = json_string_value(json_object_get(from, "message"));
	int64_t code = 0;

	for (size_t i = 0; i < ARRAY_SIZE(codes) && code == 0; i++)
		if (gateway_number(from, codes[i], &code) < 0)
			code = 0;
	*ret_code = code > 0 && code < INT_MAX ? (int)code : 2;
	if (!message)
		message = json_string_value(error);
	return message ? message : error ? "an error without a word" : NULL;
}

/* ---- streams ---- */

void gateway_stream_init(struct gateway_stream *stream)
{
	*stream = (struct gateway_stream){ 0 };
	text_init(&stream->line);
}

void gateway_stream_done(struct gateway_stream *stream)
{
	text_done(&stream->line);
}

static int read_events(const json_t *events, struct gateway_message *message)
{
	const json_t *event;
	size_t i;

	json_array_foreach(events, i, event)
	{
		const json_t *kv = json_object_get(event, "kv");
		int64_t revision;

		if (!json_is_object(kv) || gateway_number(kv, "mod_revision", &revision) < 0)
			return -EBADMSG;
		message->revision = MAX(message->revision, revision);
		message->changed = true;
	}
	return 0;
}

static int read_result(const json_t *result, struct gateway_message *message)
{
	const json_t *events = json_object_get(result, "events");
	const char *reason = json_string_value(json_object_get(result, "cancel_reason"));

	if (!json_is_object(result) || (events && !json_is_array(events)) ||
	    gateway_number(result, "compact_revision", &message->compact_revision) < 0 ||
	    gateway_number(result, "ID", &message->lease) < 0 ||
	    gateway_number(result, "TTL", &message->ttl) < 0)
		return -EBADMSG;
	message->created = json_is_true(json_object_get(result, "created"));
	message->canceled = json_is_true(json_object_get(result, "canceled"));
	message->reason = reason ? reason : "";
	message->events = events;
	if (json_array_size(events) > 0)
		return read_events(events, message);
	return gateway_number(json_object_get(result, "header"), "revision", &message->revision);
}

static int take_line(const char *line, size_t size,
		     int (*take)(const struct gateway_message *message, void *userdata),
		     void *userdata)
{
	json_t *object = large_json_load(line, size, LARGE_JSON_LEAST);
	struct gateway_message message = { .reason = "" };
	const json_t *result = json_object_get(object, "result");
	int r;

	if (result) {
		r = read_result(result, &message);
	} else {
		const char *reason = gateway_error(object, &message.code);

		message.failed = true;
		message.reason = reason ? reason : "";
		r = reason ? 0 : -EBADMSG;
	}
	if (r >= 0)
		r = take(&message, userdata);
	json_decref(object);
	return r;
}

static bool is_blank(const char *line, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!strchr(" \t\r", line[i]) || line[i] == '\0')
			return false;
	return true;
}

int gateway_stream_feed(struct gateway_stream *stream, const char *data, size_t size,
			int (*take)(const struct gateway_message *message, void *userdata),
			void *userdata)
{
	struct text *line = &stream->line;
	size_t start = 0;
	int r = 0;

	text_add_bytes(line, data, size);
	if (line->failed)
		return -ENOMEM;
	while (r == 0 && stream->scanned < line->size) {
		const char *from = line->data + stream->scanned;
		const char *end = memchr(from, '\n', line->size - stream->scanned);

		if (!end) {
			stream->scanned = line->size;
			break;
		}
		stream->scanned = (size_t)(end - line->data) + 1;
		if (!is_blank(line->data + start, (size_t)(end - line->data) - start))
			r = take_line(line->data + start, (size_t)(end - line->data) - start, take,
				      userdata);
		stream->malformed += r == -EBADMSG;
		start = stream->scanned;
	}
	if (start > 0) {
		memmove(line->data, line->data + start, line->size - start + 1);
		line->size -= start;
		stream->scanned -= start;
	}
	return r == 0 && line->size > GATEWAY_LINE_MAX ? -EFBIG : r;
}
