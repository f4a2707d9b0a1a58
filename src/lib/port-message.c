// SPDX-License-Identifier: MIT
/* JSON to struct reeve_message. Members that a later port may add are passed over. */
#include "lib/port-message.h"

#include "util/base64.h"
#include "util/text.h"

void reeve_message_free(struct reeve_message *message)
{
	if (!message)
		return;
	free((void *)(uintptr_t)message->from.pids);
	free(message->data);
	free(message->json);
	free(message->error);
	free(message);
}
DEFINE_CLEANUP(struct reeve_message *, reeve_message_free);

static int read_place(const json_t *value, struct reeve_place *place)
{
	pid_t *pids = calloc(json_array_size(value) + 1, sizeof(*pids));

	if (!pids)
		return -ENOMEM;
	place->pids = pids;
	place->depth = json_array_size(value);
	for (size_t i = 0; i < place->depth; i++)
		pids[i] = (pid_t)json_integer_value(json_array_get(value, i));
	return 0;
}

static int read_bytes(const json_t *value, struct reeve_message *message)
{
	const json_t *base64 = json_object_get(value, "base64");
	struct text text = { 0 };
	int r = 0;

	if (json_is_string(value))
		text_add_bytes(&text, json_string_value(value), json_string_length(value));
	else if (json_is_string(base64))
		r = text_add_unbase64(&text, json_string_value(base64), json_string_length(base64));
	else
		r = -EINVAL;
	if (r < 0) {
		text_done(&text);
		return r;
	}
	message->size = text.size;
	message->data = text_take(&text);
	return message->data ? 0 : -ENOMEM;
}

static int read_value(const json_t *value, struct reeve_message *message)
{
	message->number = json_integer_value(value);
	message->json = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	return message->json ? 0 : -ENOMEM;
}

static int read_error(const json_t *value, struct reeve_message *message)
{
	message->error = json_is_string(value) ? strdup(json_string_value(value)) : NULL;
	return message->error ? 0 : -EINVAL;
}

static const struct {
	const char *member;
	enum reeve_message_kind kind;
	int (*read)(const json_t *, struct reeve_message *);
} kinds[] = {
	{ "ok", REEVE_MESSAGE_REPLY, read_value },
	{ "error", REEVE_MESSAGE_REFUSED, read_error },
	{ "stdout", REEVE_MESSAGE_STDOUT, read_bytes },
	{ "stderr", REEVE_MESSAGE_STDERR, read_bytes },
	{ "event", REEVE_MESSAGE_EVENT, read_value },
	{ "ctl", REEVE_MESSAGE_CTL, read_value },
	{ "pipe", REEVE_MESSAGE_PIPE, read_value },
};

static int read_object(const json_t *object, struct reeve_message *message)
{
	int r = read_place(json_object_get(object, "at"), &message->from);

	message->id = (uint64_t)json_integer_value(json_object_get(object, "id"));
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(kinds); i++) {
		const json_t *value = json_object_get(object, kinds[i].member);

		if (!value)
			continue;
		message->kind = kinds[i].kind;
		return kinds[i].read(value, message);
	}
	return r < 0 ? r : -EINVAL;
}

int port_message_read(const char *line, size_t size, struct reeve_message **ret_message)
{
	_cleanup_(reeve_message_freep) struct reeve_message *message = calloc(1, sizeof(*message));
	json_t *object = json_loadb(line, size, JSON_ALLOW_NUL, NULL);
	int r = !message		 ? -ENOMEM
		: json_is_object(object) ? read_object(object, message)
					 : -EINVAL;

	json_decref(object);
	if (r == 0)
		*ret_message = TAKE_PTR(message);
	return r;
}

json_t *port_place_write(struct reeve_place place)
{
	json_t *array = json_array();

	for (size_t i = 0; i < place.depth; i++)
		if (json_array_append_new(array, json_integer(place.pids[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

json_t *port_bytes_write(const void *data, size_t size)
{
	_cleanup_(text_done) struct text text = { 0 };
	json_t *string = json_stringn(data, size);

	if (string)
		return string;
	text_add_base64(&text, data, size);
	return text.failed ? NULL : json_pack("{s:s}", "base64", text.data ? text.data : "");
}
