// SPDX-License-Identifier: MIT
/* A list in the order of asking: it is short, as each process answers at once. */
#include "port/json-requests.h"

struct json_request {
	struct json_request *next;
	json_t *id;
	struct json_place place;
};

bool json_place_read(const json_t *value, struct json_place *ret_place)
{
	struct json_place place = { .depth = value ? json_array_size(value) : 0 };

	if ((value && !json_is_array(value)) || place.depth > ARRAY_SIZE(place.pids))
		return false;
	for (size_t i = 0; i < place.depth; i++) {
		const json_t *pid = json_array_get(value, i);

		if (!json_is_integer(pid) || json_integer_value(pid) < 1 ||
		    json_integer_value(pid) > INT32_MAX)
			return false;
		place.pids[i] = (int32_t)json_integer_value(pid);
	}
	*ret_place = place;
	return true;
}

json_t *json_place_write(const struct json_place *place)
{
	json_t *array = json_array();

	for (size_t i = 0; i < place->depth; i++)
		(void)json_array_append_new(array, json_integer(place->pids[i]));
	return array;
}

void json_requests_init(struct json_requests *requests)
{
	requests->first = NULL;
	requests->last = &requests->first;
}

void json_requests_done(struct json_requests *requests)
{
	struct json_request *request;

	while ((request = requests->first)) {
		requests->first = request->next;
		json_decref(request->id);
		free(request);
	}
	requests->last = &requests->first;
}

int json_requests_add(struct json_requests *requests, const struct json_place *place, json_t *id)
{
	struct json_request *request = calloc(1, sizeof(*request));

	if (!request)
		return -ENOMEM;
	request->id = json_incref(id);
	request->place = *place;
	*requests->last = request;
	requests->last = &request->next;
	return 0;
}

static bool is_at(const struct json_place *place, const struct json_place *wanted, bool below)
{
	return (below ? place->depth >= wanted->depth : place->depth == wanted->depth) &&
	       memcmp(place->pids, wanted->pids, wanted->depth * sizeof(place->pids[0])) == 0;
}

json_t *json_requests_take(struct json_requests *requests, const struct json_place *place,
			   bool below, struct json_place *ret_place)
{
	for (struct json_request **at = &requests->first; *at; at = &(*at)->next) {
		struct json_request *request = *at;
		json_t *id = request->id;

		if (!is_at(&request->place, place, below))
			continue;
		*at = request->next;
		if (requests->last == &request->next)
			requests->last = at;
		*ret_place = request->place;
		free(request);
		return id;
	}
	return NULL;
}
